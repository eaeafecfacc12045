//! `member`, `queue`, `team`, `setting`, `message`, `history`, `reads`: the running of an account.

use std::path::Path;

use anyhow::anyhow;
use desk::Failure;
use desk::admin::views::{ROWS_PER_PAGE_MAX, ReadFilter};
use domain::admin::overrides::check_wording;
use domain::admin::{AdminAct, AdminEntry, Kind, MessageKey, Override, Read, SettingKey, check};
use domain::ids::MemberId;
use domain::{Actor, Scope};
use serde_json::{Value, json};
use vault::Secret;

use super::operate::{act, day, id, moment, tell, time};
use super::{Outcome, scope};
use crate::cli::{
    MemberCommand, MessageCommand, PageArgs, QueueCommand, ReadsArgs, SettingCommand, TeamCommand,
    Where,
};
use crate::server;
use crate::wiring::{House, Wanted, Way, explained, text_of};

/// An installation with the account that is meant.
struct At {
    house: House,
    scope: Scope,
    tenant: String,
    json: bool,
}

impl At {
    async fn open(way: &Way, at: Where) -> anyhow::Result<Self> {
        let house = way.open(Wanted::Existing).await?;
        let scope = scope(&house.desk, &at.tenant, at.env).await?;
        Ok(Self { house, scope, tenant: at.tenant, json: at.json })
    }

    async fn act(&self, what: AdminAct) -> anyhow::Result<()> {
        self.act_with(what, None, "").await
    }

    /// The same with a secret that is given, or made and shown under this name.
    async fn act_with(
        &self,
        what: AdminAct,
        given: Option<Secret>,
        shown: &str,
    ) -> anyhow::Result<()> {
        let word = what.word();
        let done = act(&self.house, self.scope, &self.tenant, what, given).await?;
        let version = done.version.map(|number| format!(", version {number}"));
        let mut text = format!("{word}: {}{}", done.id, version.unwrap_or_default());
        let mut row = json!({ "act": word, "id": done.id, "version": done.version });
        if let Some(secret) = done.secret {
            let secret = secret.reveal();
            text = format!("{text}\n{shown}  {secret}\n\nIt is not shown again.");
            row[shown] = secret.into();
        }
        self.tell(&row, &text);
        Ok(())
    }

    fn tell(&self, row: &Value, text: &str) {
        tell(self.json, row, text);
    }

    fn by(&self) -> Actor {
        Actor::operator(self.scope)
    }

    async fn member(&self, called: &str) -> anyhow::Result<MemberId> {
        let found = self.house.desk.member_called(self.scope, called).await;
        id(found.ok().map(|member| member.id), Kind::Member, &self.tenant, Some(self.scope))
    }
}

/// `member …`
///
/// # Errors
/// Nobody of that name, a name or password that cannot be used; a fault.
pub async fn member(way: &Way, command: MemberCommand) -> anyhow::Result<Outcome> {
    match command {
        MemberCommand::Add { email, name, role, at } => {
            let email = check::email("email", email)?;
            let name = check::person("--name", name)?;
            let act = AdminAct::MemberAdd { email, name, role };
            At::open(way, at).await?.act(act).await?;
        }
        MemberCommand::List { at } => list_members(&At::open(way, at).await?).await?,
        MemberCommand::Change { member, name, role, at } => {
            let name = name.map(|name| check::person("--name", name));
            let (name, at) = (name.transpose()?, At::open(way, at).await?);
            let id = at.member(&member).await?;
            at.act(AdminAct::MemberChange { id, name, role }).await?;
        }
        MemberCommand::Disable { member, at } => {
            let at = At::open(way, at).await?;
            let id = at.member(&member).await?;
            at.act(AdminAct::MemberDisable { id }).await?;
        }
        MemberCommand::Enable { member, at } => {
            let at = At::open(way, at).await?;
            let id = at.member(&member).await?;
            at.act(AdminAct::MemberEnable { id }).await?;
        }
        MemberCommand::Password { member, password_file, at } => {
            let given = given_password(password_file.as_deref())?;
            let at = At::open(way, at).await?;
            let id = at.member(&member).await?;
            at.act_with(AdminAct::MemberPassword { id }, given, "password").await?;
        }
        MemberCommand::Invite { member, at } => {
            let at = At::open(way, at).await?;
            let id = at.member(&member).await?;
            at.act_with(AdminAct::MemberInvite { id }, None, "word").await?;
        }
    }
    Ok(Outcome::Done)
}

fn given_password(file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let Some(password) = file.map(text_of).transpose()? else { return Ok(None) };
    check::optional_password("--password-file", &password)?;
    Ok(Some(Secret::new(password)))
}

async fn list_members(at: &At) -> anyhow::Result<()> {
    for one in at.house.desk.see_members(&at.by()).await.map_err(explained)? {
        let off = one.disabled_at.map(|at| format!("  disabled {}", day(at)));
        let (id, role, off) = (one.id.as_str(), one.role.word(), off.unwrap_or_default());
        let row = json!({
            "id": id,
            "email": one.email,
            "name": one.name,
            "role": role,
            "disabled_at": time(one.disabled_at),
        });
        at.tell(&row, &format!("{id}  {role}  {}  {}{off}", one.email, one.name));
    }
    Ok(())
}

/// `queue …`
///
/// # Errors
/// No such queue or team, a name that is taken or cannot be used; a fault.
pub async fn queue(way: &Way, command: QueueCommand) -> anyhow::Result<Outcome> {
    let (act, at) = match command {
        QueueCommand::Add { slug, name, team, at } => {
            let (name, label) = names(slug, name)?;
            (AdminAct::QueueAdd { name, label, team }, at)
        }
        QueueCommand::List { at } => {
            list_queues(&At::open(way, at).await?).await?;
            return Ok(Outcome::Done);
        }
        QueueCommand::Change { slug: name, name: label, team, at } => {
            let label = label.map(|label| check::plain("--name", label, check::NAME_CHARS_MAX));
            (AdminAct::QueueChange { name, label: label.transpose()?, team }, at)
        }
        QueueCommand::Retire { slug: name, at } => (AdminAct::QueueRetire { name }, at),
        QueueCommand::Reopen { slug: name, at } => (AdminAct::QueueReopen { name }, at),
    };
    At::open(way, at).await?.act(act).await?;
    Ok(Outcome::Done)
}

/// The short name of something new, and its name for people.
fn names(slug: String, name: Option<String>) -> anyhow::Result<(String, String)> {
    let slug = check::slug("slug", slug)?;
    let name = name.unwrap_or_else(|| slug.clone());
    Ok((slug, check::plain("--name", name, check::NAME_CHARS_MAX)?))
}

async fn list_queues(at: &At) -> anyhow::Result<()> {
    let intake = domain::case::INTAKE;
    let row = json!({ "queue": intake, "name": intake, "team": "", "retired_at": null });
    at.tell(&row, &format!("{intake}  always there"));
    let teams = at.house.desk.see_teams(&at.by()).await.map_err(explained)?;
    let gone = |name: &str| teams.iter().any(|one| one.name == name && one.retired_at.is_some());
    for one in at.house.desk.see_queues(&at.by()).await.map_err(explained)? {
        let team = match one.team.as_str() {
            "" => String::new(),
            name if gone(name) => format!("  of {name}, which is retired"),
            name => format!("  of {name}"),
        };
        let off = one.retired_at.map(|at| format!("  retired {}", day(at)));
        let row = json!({
            "queue": one.name,
            "name": one.label,
            "team": one.team,
            "retired_at": time(one.retired_at),
        });
        let text = format!("{}  {}{team}{}", one.name, one.label, off.unwrap_or_default());
        at.tell(&row, &text);
    }
    Ok(())
}

/// `team …`
///
/// # Errors
/// No such team or person, a name that is taken or cannot be used; a fault.
pub async fn team(way: &Way, command: TeamCommand) -> anyhow::Result<Outcome> {
    let (act, at) = match command {
        TeamCommand::Add { slug, name, at } => {
            let (name, label) = names(slug, name)?;
            (AdminAct::TeamAdd { name, label }, at)
        }
        TeamCommand::List { at } => {
            list_teams(&At::open(way, at).await?).await?;
            return Ok(Outcome::Done);
        }
        TeamCommand::Change { slug: name, name: label, at } => {
            let label = check::plain("--name", label, check::NAME_CHARS_MAX)?;
            (AdminAct::TeamChange { name, label }, at)
        }
        TeamCommand::Join { slug: name, member, at } => (AdminAct::TeamJoin { name, member }, at),
        TeamCommand::Leave { slug: name, member, at } => (AdminAct::TeamLeave { name, member }, at),
        TeamCommand::Retire { slug: name, at } => (AdminAct::TeamRetire { name }, at),
    };
    At::open(way, at).await?.act(act).await?;
    Ok(Outcome::Done)
}

async fn list_teams(at: &At) -> anyhow::Result<()> {
    let members = at.house.desk.see_members(&at.by()).await.map_err(explained)?;
    for one in at.house.desk.see_teams(&at.by()).await.map_err(explained)? {
        let of = members.iter().filter(|member| one.members.contains(&member.id));
        let people: Vec<&str> = of.map(|member| member.email.as_str()).collect();
        let off = one.retired_at.map(|at| format!("  retired {}", day(at)));
        let row = json!({
            "team": one.name,
            "name": one.label,
            "members": people,
            "retired_at": time(one.retired_at),
        });
        let (off, people) = (off.unwrap_or_default(), people.join(" "));
        at.tell(&row, &format!("{}  {}{off}  {people}", one.name, one.label));
    }
    Ok(())
}

/// `setting …`
///
/// # Errors
/// No such setting, a value it does not take; a fault.
pub async fn setting(way: &Way, command: SettingCommand) -> anyhow::Result<Outcome> {
    let key = |word: &str| {
        let words: Vec<&str> = SettingKey::ALL.iter().map(|key| key.word()).collect();
        let unknown = || anyhow!("there is no setting `{word}`; there are {}", words.join(", "));
        SettingKey::parse(word).ok_or_else(unknown)
    };
    match command {
        SettingCommand::List { at } => {
            let at = At::open(way, at).await?;
            for (key, set) in at.house.desk.see_settings(&at.by()).await.map_err(explained)? {
                let own = set.as_ref().and_then(|one| one.value.as_ref());
                let row = json!({ "setting": key.word(), "value": own, "about": key.about() });
                let text = format!("{}  {}  ({})", key.word(), value(set.as_ref()), key.about());
                at.tell(&row, &text);
            }
        }
        SettingCommand::Set { key: word, value, at } => {
            let key = key(&word)?;
            let value = key.check(&value).map_err(|why| anyhow!("{word}: {why}"))?;
            At::open(way, at).await?.act(AdminAct::SettingSet { key, value }).await?;
        }
        SettingCommand::Reset { key: word, at } => {
            let key = key(&word)?;
            At::open(way, at).await?.act(AdminAct::SettingReset { key }).await?;
        }
    }
    Ok(Outcome::Done)
}

fn value(set: Option<&Override>) -> String {
    let own = set.and_then(|one| one.value.as_ref());
    own.map_or_else(|| "as installed".to_owned(), |value| format!("= {value}"))
}

/// `message …`
///
/// # Errors
/// No such message, a text that cannot be used; a fault.
pub async fn message(way: &Way, command: MessageCommand) -> anyhow::Result<Outcome> {
    let key = |word: &str| {
        let words: Vec<&str> = MessageKey::ALL.iter().map(|key| key.word()).collect();
        let unknown = || anyhow!("there is no message `{word}`; there are {}", words.join(", "));
        MessageKey::parse(word).ok_or_else(unknown)
    };
    match command {
        MessageCommand::List { at } => {
            let at = At::open(way, at).await?;
            let (installed, _) = server::messages(&at.house.settings)?;
            for (key, set) in at.house.desk.see_messages(&at.by()).await.map_err(explained)? {
                let own = set.as_ref().and_then(|one| one.value.as_deref());
                let mark = if own.is_some() { "own" } else { "as installed" };
                let text = own.unwrap_or_else(|| installed.unfilled(key));
                let row = json!({ "message": key.word(), "own": own.is_some(), "text": text });
                at.tell(&row, &format!("{}  {mark}  {text}", key.word()));
            }
        }
        MessageCommand::Set { key: word, text, at } => {
            let key = key(&word)?;
            let text = check_wording(&text).map_err(|why| anyhow!("{word}: {why}"))?;
            At::open(way, at).await?.act(AdminAct::MessageSet { key, text }).await?;
        }
        MessageCommand::Reset { key: word, at } => {
            let key = key(&word)?;
            At::open(way, at).await?.act(AdminAct::MessageReset { key }).await?;
        }
    }
    Ok(Outcome::Done)
}

/// `history`
///
/// # Errors
/// No such account; a fault.
pub async fn history(way: &Way, args: &PageArgs) -> anyhow::Result<Outcome> {
    let (house, by) = asked(way, args).await?;
    let list = pages(args.limit, async |last: Option<&AdminEntry>, some| {
        house.desk.see_history(&by, last.map(|one| one.seq), some).await
    });
    for one in list.await? {
        let each = one.changes.iter().map(|change| {
            json!({ "field": change.field, "before": change.before, "after": change.after })
        });
        let each: Vec<Value> = each.collect();
        let changes = one.changes.iter().map(|change| {
            let (field, before, after) = (&change.field, &change.before, &change.after);
            format!("{field}: {before:?} -> {after:?}")
        });
        let changes = changes.collect::<Vec<_>>().join(", ");
        let (at, act) = (moment(one.at), one.act);
        let (seq, actor, subject) = (one.seq, &one.actor, &one.subject);
        let row = json!({
            "seq": seq, "at": at, "actor": actor, "act": act, "subject": subject, "changes": each,
        });
        let text = format!("{seq}  {at}  {actor}  {act}  {subject}  {changes}");
        tell(args.at.json, &row, &text);
    }
    Ok(Outcome::Done)
}

/// `reads`
///
/// # Errors
/// No such account; a fault.
pub async fn reads(way: &Way, args: ReadsArgs) -> anyhow::Result<Outcome> {
    let page = &args.page;
    let (house, by) = asked(way, page).await?;
    let filter = ReadFilter {
        actor: args.by.unwrap_or_default(),
        view: args.view.map(|view| view.word().to_owned()).unwrap_or_default(),
        subject: args.subject.unwrap_or_default(),
    };
    let list = pages(page.limit, async |last: Option<&Read>, some| {
        house.desk.see_reads(&by, &filter, last.map(|one| one.id.as_str()), some).await
    });
    for one in list.await? {
        let (at, view) = (moment(one.at), one.view.word());
        let (actor, credential, subject) = (&one.actor, &one.credential, &one.subject);
        let row = json!({
            "at": at, "actor": actor, "credential": credential, "view": view, "subject": subject,
        });
        tell(page.at.json, &row, &format!("{at}  {actor}  {credential}  {view}  {subject}"));
    }
    Ok(Outcome::Done)
}

/// So many rows at most, page by page; `ask` is told the last row of before, and how many to give.
async fn pages<T>(
    wanted: i64,
    ask: impl AsyncFn(Option<&T>, i64) -> Result<Vec<T>, Failure>,
) -> anyhow::Result<Vec<T>> {
    let (mut list, mut left) = (Vec::new(), wanted);
    while left > 0 {
        let some = left.min(ROWS_PER_PAGE_MAX);
        let page = ask(list.last(), some).await.map_err(explained)?;
        let came = i64::try_from(page.len())?;
        list.extend(page);
        left -= came;
        if came < some {
            break;
        }
    }
    Ok(list)
}

async fn asked(way: &Way, args: &PageArgs) -> anyhow::Result<(House, Actor)> {
    let house = way.open(Wanted::Existing).await?;
    let at = scope(&house.desk, &args.at.tenant, args.at.env).await?;
    Ok((house, Actor::operator(at)))
}
