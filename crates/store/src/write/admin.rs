//! How the running of an account is written. What has a version is only written over the version
//! before it, so that nobody undoes what he has not seen.

use domain::Scope;
use domain::account::{Endpoint, Member, Queue, Team, Tenant};
use domain::admin::{AdminChange, AdminEntry, Override, Read, Shelf};
use domain::changes::Changes;
use domain::names::{Name, folded};

use super::{any, one, outbox, tag};
use crate::engine::Stmt;

const CHANGE_TENANT: &str = "UPDATE tenants SET name = ?2, email = ?3, version = ?4
 WHERE id = ?1 AND version = ?4 - 1";

const END_KEY: &str = "UPDATE api_keys SET expires_at = ?3
 WHERE id = ?1 AND scope = ?2 AND revoked_at IS NULL AND expires_at IS NULL";

const INSERT_MEMBER: &str =
    "INSERT INTO members (id, scope, email, name, role, version, created_at)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";

const CHANGE_MEMBER: &str =
    "UPDATE members SET name = ?3, role = ?4, version = ?5, disabled_at = ?6
 WHERE id = ?1 AND scope = ?2 AND version = ?5 - 1";

const SET_MEMBER_PASSWORD: &str = "UPDATE members SET password = ?3 WHERE id = ?1 AND scope = ?2";

const END_INVITES: &str = "DELETE FROM member_invites WHERE member = ?1";

const INSERT_INVITE: &str =
    "INSERT INTO member_invites (digest, member, expires_at) VALUES (?1, ?2, ?3)
 ON CONFLICT DO NOTHING";

const USE_INVITE: &str = "DELETE FROM member_invites WHERE digest = ?1";

const CHANGE_ENDPOINT: &str = "UPDATE webhook_endpoints SET secret = ?3, disabled_at = ?4,
 secret_before = ?5, before_until = ?6 WHERE id = ?1 AND scope = ?2";

const DELIVERY_DUE: &str = "UPDATE outbox SET state = 0, due = ?3, leased_until = 0
 WHERE id = ?1 AND scope = ?2 AND state = 2 AND endpoint IS NOT NULL";

const INSERT_QUEUE: &str = "INSERT INTO queues (scope, name, label, team, version, created_at)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";

const CHANGE_QUEUE: &str = "UPDATE queues SET label = ?3, team = ?4, version = ?5, retired_at = ?6
 WHERE scope = ?1 AND name = ?2 AND version = ?5 - 1";

const INSERT_TEAM: &str = "INSERT INTO teams (scope, name, label, version, created_at)
 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

const CHANGE_TEAM: &str = "UPDATE teams SET label = ?3, version = ?4, retired_at = ?5
 WHERE scope = ?1 AND name = ?2 AND version = ?4 - 1";

const EMPTY_TEAM: &str = "DELETE FROM team_members WHERE scope = ?1 AND team = ?2";

const INSERT_TEAM_MEMBER: &str = "INSERT INTO team_members (scope, team, member)
 VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

const PUT_SETTING: &str = "INSERT INTO settings (scope, key, value, version, at, actor)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value,
 version = excluded.version, at = excluded.at, actor = excluded.actor
 WHERE settings.version = excluded.version - 1";

const PUT_MESSAGE: &str = "INSERT INTO catalogue (scope, key, value, version, at, actor)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value,
 version = excluded.version, at = excluded.at, actor = excluded.actor
 WHERE catalogue.version = excluded.version - 1";

const INSERT_ENTRY: &str = "INSERT INTO admin_history
 (scope, seq, at, actor, credential, act, subject, changes, previous, digest)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING";

const TAKE_NAME: &str = "INSERT INTO names (scope, folded, name, kind, holder, until)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (scope, folded) DO UPDATE SET name = excluded.name,
 kind = excluded.kind, holder = excluded.holder, until = excluded.until WHERE names.until <= ?7";

const MOVE_NAMES: &str = "UPDATE names SET holder = ?3 WHERE scope = ?1 AND holder = ?2";

const FREE_NAMES: &str = "UPDATE names SET until = ?3
 WHERE scope = ?1 AND holder = ?2 AND until > ?3";

const INSERT_READ: &str = "INSERT INTO read_log (id, scope, at, actor, credential, view, subject)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";

pub(super) fn put(changes: &Changes, change: &AdminChange, list: &mut Vec<Stmt>) {
    let scope = changes.scope;
    match change {
        AdminChange::TenantChanged(tenant) => list.push(tenant_changed(tenant)),
        AdminChange::KeyEnds { id, at } => {
            let values = vec![id.as_str().into(), scope.number().into(), at.millis().into()];
            list.push(one(END_KEY, tag::ACCOUNT, values));
        }
        AdminChange::MemberNew(member) => list.push(member_new(member)),
        AdminChange::MemberChanged(member) => list.push(member_changed(member)),
        AdminChange::MemberPassword { scope, id, password } => {
            let values = vec![id.as_str().into(), scope.number().into(), password.as_str().into()];
            list.push(one(SET_MEMBER_PASSWORD, tag::ACCOUNT, values));
            list.push(any(END_INVITES, vec![id.as_str().into()]));
        }
        AdminChange::InviteNew { digest, member, expires_at } => {
            list.push(any(END_INVITES, vec![member.as_str().into()]));
            let values =
                vec![digest.as_slice().into(), member.as_str().into(), expires_at.millis().into()];
            list.push(one(INSERT_INVITE, tag::ACCOUNT, values));
        }
        AdminChange::InviteUsed { digest } => {
            list.push(one(USE_INVITE, tag::ACCOUNT, vec![digest.as_slice().into()]));
        }
        AdminChange::EndpointChanged(endpoint) => list.push(endpoint_changed(endpoint)),
        AdminChange::Pinged(message) => list.push(outbox::queue(message)),
        AdminChange::DeliveryDue(id) => {
            let at = changes.at.millis();
            let values = vec![id.as_str().into(), scope.number().into(), at.into()];
            list.push(one(DELIVERY_DUE, tag::ACCOUNT, values));
        }
        AdminChange::QueueNew(queue) => list.push(queue_new(scope, queue)),
        AdminChange::QueueChanged(queue) => list.push(queue_changed(scope, queue)),
        AdminChange::TeamNew(team) => list.push(team_new(scope, team)),
        AdminChange::TeamChanged(team) => list.extend(team_changed(scope, team)),
        AdminChange::OverridePut { shelf, value } => list.push(put_value(scope, *shelf, value)),
        AdminChange::NameTaken(name) => list.push(name_taken(name, changes.at)),
        AdminChange::NameMoved { scope, from, to } => {
            let values = vec![scope.number().into(), from.as_str().into(), to.as_str().into()];
            list.push(any(MOVE_NAMES, values));
        }
        AdminChange::NameFreed { scope, holder } => {
            let at = changes.at.millis();
            let values = vec![scope.number().into(), holder.as_str().into(), at.into()];
            list.push(any(FREE_NAMES, values));
        }
        AdminChange::Recorded(entry) => list.push(recorded(entry)),
        AdminChange::ReadsLogged(reads) => list.extend(reads.iter().map(read)),
    }
}

fn name_taken(name: &Name, at: domain::Instant) -> Stmt {
    let values = vec![
        name.scope.number().into(),
        folded(&name.name).into(),
        name.name.as_str().into(),
        name.kind.word().into(),
        name.holder.as_str().into(),
        name.until.map_or(i64::MAX, domain::Instant::millis).into(),
        at.millis().into(),
    ];
    one(TAKE_NAME, tag::ACCOUNT, values)
}

fn tenant_changed(tenant: &Tenant) -> Stmt {
    let values = vec![
        tenant.id.0.into(),
        tenant.name.as_str().into(),
        tenant.email.as_str().into(),
        tenant.version.into(),
    ];
    one(CHANGE_TENANT, tag::ACCOUNT, values)
}

fn member_new(member: &Member) -> Stmt {
    let values = vec![
        member.id.as_str().into(),
        member.scope.number().into(),
        member.email.as_str().into(),
        member.name.as_str().into(),
        member.role.word().into(),
        member.version.into(),
        member.created_at.millis().into(),
    ];
    one(INSERT_MEMBER, tag::ACCOUNT, values)
}

fn member_changed(member: &Member) -> Stmt {
    let values = vec![
        member.id.as_str().into(),
        member.scope.number().into(),
        member.name.as_str().into(),
        member.role.word().into(),
        member.version.into(),
        member.disabled_at.map(domain::Instant::millis).into(),
    ];
    one(CHANGE_MEMBER, tag::ACCOUNT, values)
}

fn endpoint_changed(endpoint: &Endpoint) -> Stmt {
    let before = endpoint.before.as_ref();
    let values = vec![
        endpoint.id.as_str().into(),
        endpoint.scope.number().into(),
        endpoint.secret.as_slice().into(),
        endpoint.disabled_at.map(domain::Instant::millis).into(),
        before.map(|(secret, _)| secret.clone()).into(),
        before.map(|(_, until)| until.millis()).into(),
    ];
    one(CHANGE_ENDPOINT, tag::ACCOUNT, values)
}

fn queue_new(scope: Scope, queue: &Queue) -> Stmt {
    let values = vec![
        scope.number().into(),
        queue.name.as_str().into(),
        queue.label.as_str().into(),
        queue.team.as_str().into(),
        queue.version.into(),
        queue.created_at.millis().into(),
    ];
    one(INSERT_QUEUE, tag::ACCOUNT, values)
}

fn queue_changed(scope: Scope, queue: &Queue) -> Stmt {
    let values = vec![
        scope.number().into(),
        queue.name.as_str().into(),
        queue.label.as_str().into(),
        queue.team.as_str().into(),
        queue.version.into(),
        queue.retired_at.map(domain::Instant::millis).into(),
    ];
    one(CHANGE_QUEUE, tag::ACCOUNT, values)
}

fn team_new(scope: Scope, team: &Team) -> Stmt {
    let values = vec![
        scope.number().into(),
        team.name.as_str().into(),
        team.label.as_str().into(),
        team.version.into(),
        team.created_at.millis().into(),
    ];
    one(INSERT_TEAM, tag::ACCOUNT, values)
}

fn team_changed(scope: Scope, team: &Team) -> Vec<Stmt> {
    let values = vec![
        scope.number().into(),
        team.name.as_str().into(),
        team.label.as_str().into(),
        team.version.into(),
        team.retired_at.map(domain::Instant::millis).into(),
    ];
    let mut list = vec![one(CHANGE_TEAM, tag::ACCOUNT, values)];
    list.push(any(EMPTY_TEAM, vec![scope.number().into(), team.name.as_str().into()]));
    for member in &team.members {
        let values = vec![scope.number().into(), team.name.as_str().into(), member.as_str().into()];
        list.push(one(INSERT_TEAM_MEMBER, tag::ACCOUNT, values));
    }
    list
}

fn put_value(scope: Scope, shelf: Shelf, value: &Override) -> Stmt {
    let sql = match shelf {
        Shelf::Settings => PUT_SETTING,
        Shelf::Messages => PUT_MESSAGE,
    };
    let values = vec![
        scope.number().into(),
        value.key.as_str().into(),
        value.value.clone().into(),
        value.version.into(),
        value.at.millis().into(),
        value.by.as_str().into(),
    ];
    one(sql, tag::ACCOUNT, values)
}

fn recorded(entry: &AdminEntry) -> Stmt {
    let values = vec![
        entry.scope.number().into(),
        entry.seq.into(),
        entry.at.millis().into(),
        entry.actor.as_str().into(),
        entry.credential.as_str().into(),
        entry.act.as_str().into(),
        entry.subject.as_str().into(),
        entry.written().into(),
        entry.previous.as_slice().into(),
        entry.digest().as_slice().into(),
    ];
    one(INSERT_ENTRY, tag::ACCOUNT, values)
}

fn read(read: &Read) -> Stmt {
    let values = vec![
        read.id.as_str().into(),
        read.scope.number().into(),
        read.at.millis().into(),
        read.actor.as_str().into(),
        read.credential.as_str().into(),
        read.view.word().into(),
        read.subject.as_str().into(),
    ];
    any(INSERT_READ, values)
}
