//! What is sent with each act of administration, and how it becomes one. A field that cannot be
//! taken is named; a name in the path that can be nobody's is unknown, not wrong.

use desk::Failure;
use domain::admin::acts::NewToken;
use domain::admin::overrides::check_wording;
use domain::admin::{AdminAct, Kind, MessageKey, SettingKey, check};
use domain::ids::{EndpointId, MemberId, MessageId};
use domain::{Env, Refusal, Right, Rights, Role};
use serde::Deserialize;
use vault::secret::Secret;

use super::{ActBody, Problem};
use crate::native::asked::Sent;
use crate::native::json::Whole;

/// An act, and the secret that the caller chose.
pub(super) type Act = (AdminAct, Option<Secret>);

/// Hours for which two secrets work when the caller does not say: a working day to roll out.
const OVERLAP_HOURS: i64 = 24;

/// Longest name of a queue, in characters, also of one that another system's cases stood in.
const QUEUE_CHARS_MAX: usize = 254;

/// Days a token works when the caller does not say.
const TOKEN_DAYS: i64 = 365;

/// Bodies: the fields, and the act they become.
macro_rules! bodies {
    ($(
        $name:ident { $($field:ident: $kind:ty),* $(,)? } ($this:ident, $at:ident) $make:expr;
    )+) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($field: $kind,)*
        }

        impl Sent for $name {}

        impl ActBody for $name {
            fn act(self, $at: String) -> Result<Act, Problem> {
                let $this = self;
                $make
            }
        }
    )+};
}

/// Acts upon what the path names, with nothing more to say.
macro_rules! bare {
    ($($name:ident ($at:ident) $make:expr;)+) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {}

        impl Sent for $name {}

        impl ActBody for $name {
            fn act(self, $at: String) -> Result<Act, Problem> {
                Ok(($make, None))
            }
        }
    )+};
}

fn unknown(kind: Kind) -> Problem {
    Failure::from(Refusal::ThingUnknown { kind }).into()
}

fn member(text: &str) -> Result<MemberId, Problem> {
    MemberId::parse(text).ok_or_else(|| unknown(Kind::Member))
}

fn endpoint(text: &str) -> Result<EndpointId, Problem> {
    EndpointId::parse(text).ok_or_else(|| unknown(Kind::Endpoint))
}

fn setting(text: &str) -> Result<SettingKey, Problem> {
    SettingKey::parse(text).ok_or_else(|| unknown(Kind::Setting))
}

fn message(text: &str) -> Result<MessageKey, Problem> {
    MessageKey::parse(text).ok_or_else(|| unknown(Kind::Message))
}

/// A name in a path that is looked up as text: what no name can be is nobody's.
fn named(kind: Kind, text: String) -> Result<String, Problem> {
    let fits = (1..=check::USERNAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(text) } else { Err(unknown(kind)) }
}

/// The name of a queue in a path: those of another system's cases are no short names.
fn queue(text: String) -> Result<String, Problem> {
    check::plain("queue", text, QUEUE_CHARS_MAX).map_err(|_| unknown(Kind::Queue))
}

fn role(text: &str) -> Result<Role, Problem> {
    Role::parse(text).ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        Problem::field("role", format!("it must be one of {}", words.join(", ")))
    })
}

fn rights(list: Option<Vec<String>>) -> Result<Option<Rights>, Problem> {
    let Some(list) = list else { return Ok(None) };
    let right = |(place, word): (usize, &String)| {
        Right::parse(word).ok_or_else(|| {
            Problem::field(format!("rights[{place}]"), "it is no right; GET /api/v1/me lists some")
        })
    };
    list.iter().enumerate().map(right).collect::<Result<Rights, Problem>>().map(Some)
}

/// The rights that are left of a signing key.
fn key_rights(list: Option<Vec<String>>) -> Result<Option<Rights>, Problem> {
    let rights = rights(list)?;
    let all = Role::Client.rights();
    if rights.is_some_and(|left| !left.within(all)) {
        return Err(Problem::field("rights", format!("a key has only: {}", all.words())));
    }
    Ok(rights)
}

fn password(text: Option<String>) -> Result<Option<Secret>, Problem> {
    let Some(text) = text else { return Ok(None) };
    check::optional_password("password", &text)?;
    Ok(Some(Secret::new(text)))
}

fn signing_secret(text: Option<String>) -> Result<Option<Secret>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let secret = Secret::new(text);
    let rule = "it must be whsec_ and the Base64 of 24 to 64 bytes; leave it out for a new one";
    match vault::secret::is_webhook_secret(&secret) {
        true => Ok(Some(secret)),
        false => Err(Problem::field("secret", rule)),
    }
}

fn hours(given: Option<Whole>) -> Result<i64, Problem> {
    let hours = given.map_or(OVERLAP_HOURS, |Whole(hours)| hours);
    Ok(check::number("hours", hours, 0, check::OVERLAP_HOURS_MAX)?)
}

fn label(field: &'static str, text: String) -> Result<String, Problem> {
    Ok(check::plain(field, text, check::NAME_CHARS_MAX)?)
}

/// What a person is called.
fn called(name: String) -> Result<String, Problem> {
    Ok(check::person("name", name)?)
}

fn maybe(field: &'static str, text: Option<String>) -> Result<Option<String>, Problem> {
    text.map(|text| label(field, text)).transpose()
}

fn env(text: &str) -> Result<Env, Problem> {
    Env::parse(text).ok_or_else(|| Problem::field("env", "it must be staging or production"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenAdd {
    name: Option<String>,
    role: String,
    rights: Option<Vec<String>>,
    days: Option<Whole>,
    member: Option<String>,
    #[serde(default, deserialize_with = "crate::native::json::or_default")]
    installation: bool,
}

impl TokenAdd {
    fn token(self) -> Result<NewToken, Problem> {
        let name = match (self.name, &self.member) {
            (Some(_), Some(_)) => {
                let rule = "a member's token has the member's own address; leave this out";
                return Err(Problem::field("name", rule));
            }
            (Some(name), None) => name,
            (None, Some(member)) => member.clone(),
            (None, None) => return Err(Problem::field("name", "say who holds it, or the member")),
        };
        let token = NewToken {
            name,
            role: role(&self.role)?,
            rights: rights(self.rights)?,
            days: self.days.map_or(TOKEN_DAYS, |Whole(days)| days),
            member: self.member,
            installation: self.installation,
        };
        Ok(token.checked()?)
    }
}

impl Sent for TokenAdd {}

impl ActBody for TokenAdd {
    fn act(self, _: String) -> Result<Act, Problem> {
        Ok((AdminAct::TokenAdd { token: self.token()? }, None))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantToken {
    env: String,
    token: TokenAdd,
}

impl Sent for TenantToken {}

impl ActBody for TenantToken {
    fn act(self, slug: String) -> Result<Act, Problem> {
        let (slug, env) = (named(Kind::Tenant, slug)?, env(&self.env)?);
        Ok((AdminAct::TenantToken { slug, env, token: self.token.token()? }, None))
    }
}

bodies! {
    TenantAdd { slug: String, name: Option<String>, email: String, seal_narratives: Option<bool> }
    (body, _at) {
        let slug = check::slug("slug", body.slug)?;
        let name = label("name", body.name.unwrap_or_else(|| slug.clone()))?;
        let email = check::email("email", body.email)?;
        let seal_narratives = body.seal_narratives.unwrap_or(false);
        Ok((AdminAct::TenantAdd { slug, name, email, seal_narratives }, None))
    };
    TenantChange { name: Option<String>, email: Option<String> } (body, at) {
        let (slug, name) = (named(Kind::Tenant, at)?, maybe("name", body.name)?);
        let email = body.email.map(|text| check::email("email", text)).transpose()?;
        if name.is_none() && email.is_none() {
            return Err(Problem::field("name", "give a name, an address, or both"));
        }
        Ok((AdminAct::TenantChange { slug, name, email }, None))
    };
    MemberAdd { email: String, name: String, role: String } (body, _at) {
        let email = check::email("email", body.email)?;
        let (name, role) = (called(body.name)?, role(&body.role)?);
        Ok((AdminAct::MemberAdd { email, name, role }, None))
    };
    MemberChange { name: Option<String>, role: Option<String> } (body, at) {
        let (id, name) = (member(&at)?, body.name.map(called).transpose()?);
        let role = body.role.map(|text| role(&text)).transpose()?;
        if name.is_none() && role.is_none() {
            return Err(Problem::field("name", "give a name, a role, or both"));
        }
        Ok((AdminAct::MemberChange { id, name, role }, None))
    };
    MemberPassword { password: Option<String> } (body, at) {
        Ok((AdminAct::MemberPassword { id: member(&at)? }, password(body.password)?))
    };
    KeyAdd { label: Option<String>, rights: Option<Vec<String>> } (body, _at) {
        let text = body.label.unwrap_or_default();
        let label = check::holder("label", text, check::LABEL_CHARS_MAX)?;
        Ok((AdminAct::KeyAdd { label, rights: key_rights(body.rights)? }, None))
    };
    KeyRotate { hours: Option<Whole> } (body, at) {
        let (id, hours) = (named(Kind::Key, at)?, hours(body.hours)?);
        Ok((AdminAct::KeyRotate { id, hours }, None))
    };
    LoginAdd { username: String, password: Option<String> } (body, _at) {
        let username = check::username("username", body.username)?;
        Ok((AdminAct::LoginAdd { username }, password(body.password)?))
    };
    LoginPassword { password: Option<String> } (body, at) {
        let username = named(Kind::Login, at)?;
        Ok((AdminAct::LoginPassword { username }, password(body.password)?))
    };
    EndpointAdd { url: String, secret: Option<String> } (body, _at) {
        let url = check::url("url", body.url)?;
        Ok((AdminAct::EndpointAdd { url }, signing_secret(body.secret)?))
    };
    EndpointRotate { hours: Option<Whole>, secret: Option<String> } (body, at) {
        let (id, hours) = (endpoint(&at)?, hours(body.hours)?);
        Ok((AdminAct::EndpointRotate { id, hours }, signing_secret(body.secret)?))
    };
    QueueAdd { name: String, label: Option<String>, team: Option<String> } (body, _at) {
        let name = check::slug("name", body.name)?;
        let label = label("label", body.label.unwrap_or_else(|| name.clone()))?;
        let team = body.team.map(|team| check::slug("team", team)).transpose()?;
        Ok((AdminAct::QueueAdd { name, label, team }, None))
    };
    QueueChange { label: Option<String>, team: Option<String> } (body, at) {
        let (name, label) = (queue(at)?, maybe("label", body.label)?);
        let team = |team: String| match team.is_empty() {
            true => Ok(team),
            false => check::slug("team", team),
        };
        let team = body.team.map(team).transpose()?;
        if label.is_none() && team.is_none() {
            return Err(Problem::field("label", "give a label, a team, or both"));
        }
        Ok((AdminAct::QueueChange { name, label, team }, None))
    };
    TeamAdd { name: String, label: Option<String> } (body, _at) {
        let name = check::slug("name", body.name)?;
        let label = label("label", body.label.unwrap_or_else(|| name.clone()))?;
        Ok((AdminAct::TeamAdd { name, label }, None))
    };
    TeamChange { label: String } (body, at) {
        let (name, label) = (named(Kind::Team, at)?, label("label", body.label)?);
        Ok((AdminAct::TeamChange { name, label }, None))
    };
    TeamJoin { member: String } (body, at) {
        let member = check::plain("member", body.member, check::LABEL_CHARS_MAX * 2)?;
        Ok((AdminAct::TeamJoin { name: named(Kind::Team, at)?, member }, None))
    };
    TeamLeave { member: String } (body, at) {
        let member = check::plain("member", body.member, check::LABEL_CHARS_MAX * 2)?;
        Ok((AdminAct::TeamLeave { name: named(Kind::Team, at)?, member }, None))
    };
    SettingSet { value: String } (body, at) {
        let key = setting(&at)?;
        let value = key.check(&body.value).map_err(|why| Problem::field("value", why))?;
        Ok((AdminAct::SettingSet { key, value }, None))
    };
    MessageSet { text: String } (body, at) {
        let key = message(&at)?;
        let text = check_wording(&body.text).map_err(|why| Problem::field("text", why))?;
        Ok((AdminAct::MessageSet { key, text }, None))
    };
}

bare! {
    MemberDisable (at) AdminAct::MemberDisable { id: member(&at)? };
    MemberEnable (at) AdminAct::MemberEnable { id: member(&at)? };
    MemberInvite (at) AdminAct::MemberInvite { id: member(&at)? };
    KeyRevoke (at) AdminAct::KeyRevoke { id: named(Kind::Key, at)? };
    TokenRevoke (at) AdminAct::TokenRevoke { id: named(Kind::Token, at)? };
    EndpointDisable (at) AdminAct::EndpointDisable { id: endpoint(&at)? };
    EndpointEnable (at) AdminAct::EndpointEnable { id: endpoint(&at)? };
    EndpointTest (at) AdminAct::EndpointTest { id: endpoint(&at)? };
    DeliveryReplay (at) AdminAct::DeliveryReplay {
        id: MessageId::parse(&at).ok_or_else(|| unknown(Kind::Delivery))?
    };
    QueueRetire (at) AdminAct::QueueRetire { name: queue(at)? };
    QueueReopen (at) AdminAct::QueueReopen { name: queue(at)? };
    TeamRetire (at) AdminAct::TeamRetire { name: named(Kind::Team, at)? };
    SettingReset (at) AdminAct::SettingReset { key: setting(&at)? };
    MessageReset (at) AdminAct::MessageReset { key: message(&at)? };
}
