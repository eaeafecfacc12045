//! What is shown of an account's administration. A secret, a hash or a digest is in none of these.

use desk::views::Told;
use domain::account::{ApiKey, Endpoint, Login, Member, Queue, Team, Tenant, Token};
use domain::admin::{AdminEntry, Override, Read};
use domain::{Instant, Rights};
use serde::Serialize;

use crate::native::shapes::{some, time};

fn words(rights: Rights) -> Vec<&'static str> {
    rights.list().map(domain::Right::word).collect()
}

fn maybe(at: Option<Instant>) -> Option<String> {
    at.map(time)
}

#[derive(Serialize)]
pub(super) struct MeShape {
    name: String,
    account: Option<String>,
    environment: &'static str,
    role: &'static str,
    rights: Vec<&'static str>,
    credential: Option<String>,
}

impl MeShape {
    pub(super) fn of(by: &domain::Actor, account: Option<String>) -> Self {
        Self {
            name: by.name.clone(),
            account,
            environment: by.scope.env().word(),
            role: by.role.word(),
            rights: words(by.rights),
            credential: some(&by.credential),
        }
    }
}

#[derive(Serialize)]
pub(super) struct TenantShape {
    slug: String,
    name: String,
    email: String,
    seal_narratives: bool,
    created_at: String,
    version: i64,
}

impl From<Tenant> for TenantShape {
    fn from(one: Tenant) -> Self {
        let (slug, name, email) = (one.slug, one.name, one.email);
        let (seal_narratives, version) = (one.seal_narratives, one.version);
        Self { slug, name, email, seal_narratives, created_at: time(one.created_at), version }
    }
}

#[derive(Serialize)]
pub(super) struct MemberShape {
    id: String,
    email: String,
    name: String,
    role: &'static str,
    has_password: bool,
    created_at: String,
    disabled_at: Option<String>,
    version: i64,
}

impl From<Member> for MemberShape {
    fn from(one: Member) -> Self {
        Self {
            id: one.id.as_str().to_owned(),
            email: one.email,
            name: one.name,
            role: one.role.word(),
            has_password: one.password.is_some(),
            created_at: time(one.created_at),
            disabled_at: maybe(one.disabled_at),
            version: one.version,
        }
    }
}

#[derive(Serialize)]
pub(super) struct KeyShape {
    id: String,
    label: Option<String>,
    rights: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
}

impl From<ApiKey> for KeyShape {
    fn from(one: ApiKey) -> Self {
        let rights = words(one.may());
        Self {
            id: one.id,
            label: some(&one.label),
            rights,
            created_at: time(one.created_at),
            expires_at: maybe(one.expires_at),
            revoked_at: maybe(one.revoked_at),
        }
    }
}

#[derive(Serialize)]
pub(super) struct TokenShape {
    id: String,
    name: String,
    role: &'static str,
    rights: Vec<&'static str>,
    member: Option<String>,
    installation: bool,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
}

impl From<Token> for TokenShape {
    fn from(one: Token) -> Self {
        Self {
            id: one.id(),
            role: one.role.word(),
            rights: words(one.may(None)),
            member: one.member.map(|member| member.as_str().to_owned()),
            installation: one.installation,
            name: one.label,
            created_at: time(one.created_at),
            expires_at: time(one.expires_at),
            revoked_at: maybe(one.revoked_at),
        }
    }
}

#[derive(Serialize)]
pub(super) struct LoginShape {
    username: String,
    created_at: String,
    changed_at: String,
}

impl From<Login> for LoginShape {
    fn from(one: Login) -> Self {
        let (created_at, changed_at) = (time(one.created_at), time(one.changed_at));
        Self { username: one.username, created_at, changed_at }
    }
}

#[derive(Serialize)]
pub(super) struct EndpointShape {
    id: String,
    url: String,
    created_at: String,
    disabled_at: Option<String>,
    /// Until when the secret before signs too.
    both_secrets_until: Option<String>,
}

impl From<Endpoint> for EndpointShape {
    fn from(one: Endpoint) -> Self {
        Self {
            id: one.id.as_str().to_owned(),
            url: one.url,
            created_at: time(one.created_at),
            disabled_at: maybe(one.disabled_at),
            both_secrets_until: one.before.map(|(_, until)| time(until)),
        }
    }
}

#[derive(Serialize)]
pub(super) struct DeliveryShape {
    pub(super) id: String,
    event: Option<String>,
    at: String,
    state: &'static str,
    next_try_at: Option<String>,
    tries: Vec<TryShape>,
}

#[derive(Serialize)]
struct TryShape {
    number: i64,
    at: String,
    result: String,
    detail: String,
}

impl From<Told> for DeliveryShape {
    fn from(one: Told) -> Self {
        let state = match one.state {
            0 => "waits",
            1 => "done",
            _ => "given-up",
        };
        let tries = one.tries.into_iter().map(|one| TryShape {
            number: one.number,
            at: time(one.at),
            result: one.result,
            detail: one.detail,
        });
        Self {
            id: one.id,
            event: one.event,
            at: time(one.at),
            state,
            next_try_at: (one.state == 0).then(|| time(one.due)),
            tries: tries.collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct QueueShape {
    name: String,
    label: String,
    team: Option<String>,
    /// Nothing for the queue that is there without being added.
    created_at: Option<String>,
    retired_at: Option<String>,
    version: Option<i64>,
}

impl QueueShape {
    /// The queue that is always there.
    pub(super) fn intake() -> Self {
        let name = domain::case::INTAKE.to_owned();
        let (label, team) = (name.clone(), None);
        Self { name, label, team, created_at: None, retired_at: None, version: None }
    }
}

impl From<Queue> for QueueShape {
    fn from(one: Queue) -> Self {
        Self {
            name: one.name,
            label: one.label,
            team: some(&one.team),
            created_at: Some(time(one.created_at)),
            retired_at: maybe(one.retired_at),
            version: Some(one.version),
        }
    }
}

#[derive(Serialize)]
pub(super) struct TeamShape {
    name: String,
    label: String,
    members: Vec<String>,
    created_at: String,
    retired_at: Option<String>,
    version: i64,
}

impl From<Team> for TeamShape {
    fn from(one: Team) -> Self {
        let members = one.members.iter().map(|member| member.as_str().to_owned());
        Self {
            members: members.collect(),
            name: one.name,
            label: one.label,
            created_at: time(one.created_at),
            retired_at: maybe(one.retired_at),
            version: one.version,
        }
    }
}

/// A value the account has set or could set.
#[derive(Serialize)]
pub(super) struct ValueShape {
    key: &'static str,
    about: String,
    /// Nothing where the installation's own holds.
    value: Option<String>,
    /// What the installation's own is, where one can be told.
    installed: Option<String>,
    /// 0 before it was ever set.
    version: i64,
    changed_at: Option<String>,
    changed_by: Option<String>,
}

impl ValueShape {
    pub(super) fn of(
        key: &'static str,
        about: String,
        installed: Option<String>,
        set: Option<Override>,
    ) -> Self {
        Self {
            key,
            about,
            installed,
            version: set.as_ref().map_or(0, |one| one.version),
            changed_at: set.as_ref().map(|one| time(one.at)),
            changed_by: set.as_ref().map(|one| one.by.clone()),
            value: set.and_then(|one| one.value),
        }
    }
}

#[derive(Serialize)]
pub(super) struct EntryShape {
    pub(super) number: i64,
    at: String,
    by: String,
    credential: Option<String>,
    act: String,
    subject: String,
    changes: Vec<ChangeShape>,
}

#[derive(Serialize)]
struct ChangeShape {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

impl From<AdminEntry> for EntryShape {
    fn from(one: AdminEntry) -> Self {
        let changes = one.changes.into_iter().map(|change| ChangeShape {
            before: some(&change.before),
            after: some(&change.after),
            field: change.field,
        });
        Self {
            number: one.seq,
            at: time(one.at),
            by: one.actor,
            credential: some(&one.credential),
            act: one.act,
            subject: one.subject,
            changes: changes.collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ReadShape {
    pub(super) id: String,
    at: String,
    by: String,
    credential: Option<String>,
    view: &'static str,
    subject: String,
}

impl From<Read> for ReadShape {
    fn from(one: Read) -> Self {
        Self {
            id: one.id,
            at: time(one.at),
            by: one.actor,
            credential: some(&one.credential),
            view: one.view.word(),
            subject: one.subject,
        }
    }
}
