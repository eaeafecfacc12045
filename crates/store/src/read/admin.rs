//! People, queues, settings, histories: what running an account needs to see.

use domain::account::{Member, Queue, Team};
use domain::admin::{AdminEntry, Override, Read, ReadView, Shelf};
use domain::chain::{Digest, Head};
use domain::ids::{EndpointId, MemberId};
use domain::{Instant, Rights, Role, Scope};

use super::accounts::{moment, rights, role};
use super::cases::digest;
use super::outbox::{Told, told_row, told_try};
use crate::engine::{Db, Query, Row};
use crate::fault::Fault;

macro_rules! member_columns {
    () => {
        "id, scope, email, name, role, version, created_at, disabled_at, password"
    };
}

const MEMBER: &str =
    concat!("SELECT ", member_columns!(), " FROM members WHERE scope = ?1 AND id = ?2");

const MEMBER_BY_EMAIL: &str =
    concat!("SELECT ", member_columns!(), " FROM members WHERE scope = ?1 AND email = ?2");

const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM members WHERE scope = ?1 AND id > ?2 ORDER BY id LIMIT 1000"
);

const NAME_OF: &str = "SELECT name, kind FROM names
 WHERE scope = ?1 AND folded = ?2 AND until > ?3";

const TOKENS_CALLED: &str = "SELECT role, rights FROM tokens WHERE scope = ?1 AND label = ?2
 AND member IS NULL AND revoked_at IS NULL AND expires_at > ?3 LIMIT 100";

const ADMINISTRATORS: &str = "SELECT id FROM members WHERE scope = ?1 AND role = 'administrator'
 AND disabled_at IS NULL ORDER BY id LIMIT 2";

const INVITED: &str = concat!(
    "SELECT ",
    member_columns!(),
    " FROM members WHERE id = (SELECT member FROM member_invites
 WHERE digest = ?1 AND expires_at > ?2)"
);

const MEMBER_ANYWHERE: &str = concat!("SELECT ", member_columns!(), " FROM members WHERE id = ?1");

const QUEUES: &str = "SELECT name, label, team, version, created_at, retired_at FROM queues
 WHERE scope = ?1 AND name > ?2 ORDER BY name LIMIT 1000";

const QUEUE: &str = "SELECT name, label, team, version, created_at, retired_at FROM queues
 WHERE scope = ?1 AND name = ?2";

const TEAMS: &str = "SELECT name, label, version, created_at, retired_at FROM teams
 WHERE scope = ?1 ORDER BY name LIMIT 10000";

const TEAM_MEMBERS: &str =
    "SELECT team, member FROM team_members WHERE scope = ?1 ORDER BY team, member LIMIT 100000";

const SETTINGS: &str =
    "SELECT key, value, version, at, actor FROM settings WHERE scope = ?1 ORDER BY key LIMIT 1000";

const CATALOGUE: &str =
    "SELECT key, value, version, at, actor FROM catalogue WHERE scope = ?1 ORDER BY key LIMIT 1000";

const HISTORY_HEAD: &str =
    "SELECT seq, digest FROM admin_history WHERE scope = ?1 ORDER BY seq DESC LIMIT 1";

const HISTORY: &str = "SELECT scope, seq, at, actor, credential, act, subject, changes, previous
 FROM admin_history WHERE scope = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";

const WHOLE_HISTORY: &str =
    "SELECT scope, seq, at, actor, credential, act, subject, changes, previous, digest
 FROM admin_history WHERE (scope = ?1 AND seq > ?2) OR scope > ?1 ORDER BY scope, seq LIMIT 1000";

// An empty filter lets everything through.
const READS: &str = "SELECT id, scope, at, actor, credential, view, subject FROM read_log
 WHERE scope = ?1 AND id < ?2 AND (?4 = '' OR actor = ?4) AND (?5 = '' OR view = ?5)
 AND (?6 = '' OR subject = ?6) ORDER BY id DESC LIMIT ?3";

const DELIVERIES: &str = "SELECT outbox.id, outbox.channel, outbox.shape, outbox.at, outbox.state,
 outbox.attempts, outbox.due, outbox.endpoint, outbox.parent
 FROM outbox WHERE outbox.endpoint = ?1 AND outbox.scope = ?2 AND outbox.id < ?3
 ORDER BY outbox.id DESC LIMIT ?4";

const DELIVERY_TRIES: &str = "SELECT attempts.message_id, attempts.number, attempts.at,
 attempts.result, attempts.detail FROM attempts WHERE attempts.message_id IN (
 SELECT outbox.id FROM outbox WHERE outbox.endpoint = ?1 AND outbox.scope = ?2 AND outbox.id < ?3
 ORDER BY outbox.id DESC LIMIT ?4) ORDER BY attempts.message_id, attempts.number LIMIT 10000";

const DELIVERY_STATE: &str =
    "SELECT state, endpoint FROM outbox WHERE id = ?1 AND scope = ?2 AND endpoint IS NOT NULL";

pub(super) fn member_id(text: &str) -> Result<MemberId, Fault> {
    MemberId::parse(text).ok_or_else(|| Fault::new("a member's id is not one".to_owned()))
}

fn member(row: &Row) -> Result<Member, Fault> {
    Ok(Member {
        id: member_id(row.text(0)?)?,
        scope: Scope::from_number(row.int(1)?),
        email: row.text(2)?.to_owned(),
        name: row.text(3)?.to_owned(),
        role: role(row.text(4)?)?,
        version: row.int(5)?,
        created_at: Instant::from_millis(row.int(6)?),
        disabled_at: moment(row, 7)?,
        password: row.opt_text(8)?.map(str::to_owned),
    })
}

/// One member of a scope.
pub async fn find_member(db: &Db, scope: Scope, id: &MemberId) -> Result<Option<Member>, Fault> {
    let values = vec![scope.number().into(), id.as_str().into()];
    db.one(MEMBER, values).await?.as_ref().map(member).transpose()
}

/// The member of a scope with this address.
pub async fn member_by_email(db: &Db, scope: Scope, email: &str) -> Result<Option<Member>, Fault> {
    let values = vec![scope.number().into(), email.into()];
    db.one(MEMBER_BY_EMAIL, values).await?.as_ref().map(member).transpose()
}

/// What somebody is called exactly whose name compares like `name`, and what he is, when that name
/// is taken.
pub async fn name_of(
    db: &Db,
    scope: Scope,
    name: &str,
    now: Instant,
) -> Result<Option<(String, String)>, Fault> {
    let folded = domain::names::folded(name);
    let values = vec![scope.number().into(), folded.into(), now.millis().into()];
    let row = db.one(NAME_OF, values).await?;
    row.map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).transpose()
}

/// Role and rights of the tokens of this name that are good now and are no member's.
pub async fn tokens_called(
    db: &Db,
    scope: Scope,
    name: &str,
    now: Instant,
) -> Result<Vec<(Role, Option<Rights>)>, Fault> {
    let values = vec![scope.number().into(), name.into(), now.millis().into()];
    let rows = db.rows(TOKENS_CALLED, values).await?;
    rows.iter().map(|row| Ok((role(row.text(0)?)?, rights(row, 1)?))).collect()
}

/// Administrators of a scope who are not disabled: the first two.
pub async fn administrators(db: &Db, scope: Scope) -> Result<Vec<MemberId>, Fault> {
    let rows = db.rows(ADMINISTRATORS, vec![scope.number().into()]).await?;
    rows.iter().map(|row| member_id(row.text(0)?)).collect()
}

/// Members of a scope after `after` by id, 1,000 at a time.
pub async fn members(db: &Db, scope: Scope, after: &str) -> Result<Vec<Member>, Fault> {
    let values = vec![scope.number().into(), after.into()];
    db.rows(MEMBERS, values).await?.iter().map(member).collect()
}

/// Whom a word invites that is still good.
pub async fn invited(db: &Db, word: &Digest, now: Instant) -> Result<Option<Member>, Fault> {
    let values = vec![word.as_slice().into(), now.millis().into()];
    db.one(INVITED, values).await?.as_ref().map(member).transpose()
}

/// The member of this id, of whatever account: for whom the id was remembered.
pub async fn member_anywhere(db: &Db, id: &str) -> Result<Option<Member>, Fault> {
    db.one(MEMBER_ANYWHERE, vec![id.into()]).await?.as_ref().map(member).transpose()
}

fn queue(row: &Row) -> Result<Queue, Fault> {
    Ok(Queue {
        name: row.text(0)?.to_owned(),
        label: row.text(1)?.to_owned(),
        team: row.text(2)?.to_owned(),
        version: row.int(3)?,
        created_at: Instant::from_millis(row.int(4)?),
        retired_at: moment(row, 5)?,
    })
}

/// Queues of a scope after `after` by name, 1,000 at a time, retired ones too.
pub async fn queues(db: &Db, scope: Scope, after: &str) -> Result<Vec<Queue>, Fault> {
    let values = vec![scope.number().into(), after.into()];
    db.rows(QUEUES, values).await?.iter().map(queue).collect()
}

/// One queue of a scope.
pub async fn find_queue(db: &Db, scope: Scope, name: &str) -> Result<Option<Queue>, Fault> {
    let values = vec![scope.number().into(), name.into()];
    db.one(QUEUE, values).await?.as_ref().map(queue).transpose()
}

/// Teams of a scope by name with their members, retired ones too.
pub async fn teams(db: &Db, scope: Scope) -> Result<Vec<Team>, Fault> {
    let at = |sql| Query { sql, values: vec![scope.number().into()] };
    let found = db.read(vec![at(TEAMS), at(TEAM_MEMBERS)]).await?;
    let mut teams = Vec::new();
    for row in found.first().map_or(&[][..], Vec::as_slice) {
        teams.push(Team {
            name: row.text(0)?.to_owned(),
            label: row.text(1)?.to_owned(),
            version: row.int(2)?,
            created_at: Instant::from_millis(row.int(3)?),
            retired_at: moment(row, 4)?,
            members: Vec::new(),
        });
    }
    for row in found.get(1).map_or(&[][..], Vec::as_slice) {
        let name = row.text(0)?;
        if let Ok(place) = teams.binary_search_by(|team| team.name.as_str().cmp(name)) {
            teams[place].members.push(member_id(row.text(1)?)?);
        }
    }
    Ok(teams)
}

/// What a scope has set on one shelf, by key; also what was set back.
pub async fn overrides(db: &Db, shelf: Shelf, scope: Scope) -> Result<Vec<Override>, Fault> {
    let sql = match shelf {
        Shelf::Settings => SETTINGS,
        Shelf::Messages => CATALOGUE,
    };
    let rows = db.rows(sql, vec![scope.number().into()]).await?;
    let read = |row: &Row| {
        Ok(Override {
            key: row.text(0)?.to_owned(),
            value: row.opt_text(1)?.map(str::to_owned),
            version: row.int(2)?,
            at: Instant::from_millis(row.int(3)?),
            by: row.text(4)?.to_owned(),
        })
    };
    rows.iter().map(read).collect()
}

pub(super) fn entry(row: &Row) -> Result<AdminEntry, Fault> {
    Ok(AdminEntry {
        scope: Scope::from_number(row.int(0)?),
        seq: row.int(1)?,
        at: Instant::from_millis(row.int(2)?),
        actor: row.text(3)?.to_owned(),
        credential: row.text(4)?.to_owned(),
        act: row.text(5)?.to_owned(),
        subject: row.text(6)?.to_owned(),
        changes: AdminEntry::read(row.text(7)?),
        previous: digest(row.bytes(8)?)?,
    })
}

/// The last entry of a scope's history.
pub async fn history_head(db: &Db, scope: Scope) -> Result<Head, Fault> {
    match db.one(HISTORY_HEAD, vec![scope.number().into()]).await? {
        Some(row) => Ok(Head { seq: row.int(0)?, digest: digest(row.bytes(1)?)? }),
        None => Ok(Head::START),
    }
}

/// Entries of a scope's history before number `before`, newest first.
pub async fn history(
    db: &Db,
    scope: Scope,
    before: i64,
    limit: i64,
) -> Result<Vec<AdminEntry>, Fault> {
    let values = vec![scope.number().into(), before.into(), limit.into()];
    db.rows(HISTORY, values).await?.iter().map(entry).collect()
}

/// Entries of all histories after `seq` of the scope with this number, with the digests kept
/// beside them, 1,000 at a time: for an examiner.
pub async fn whole_history(
    db: &Db,
    scope: i64,
    seq: i64,
) -> Result<Vec<(AdminEntry, Digest)>, Fault> {
    let rows = db.rows(WHOLE_HISTORY, vec![scope.into(), seq.into()]).await?;
    rows.iter().map(|row| Ok((entry(row)?, digest(row.bytes(9)?)?))).collect()
}

/// Which rows of the log of reads are wanted. Empty texts want all.
#[derive(Clone, Debug, Default)]
pub struct ReadFilter {
    /// Whose reads.
    pub actor: String,
    /// The word of what was looked at.
    pub view: String,
    /// Of which thing.
    pub subject: String,
}

/// Reads of a scope before the row `before`, newest first.
pub async fn reads(
    db: &Db,
    scope: Scope,
    filter: &ReadFilter,
    before: &str,
    limit: i64,
) -> Result<Vec<Read>, Fault> {
    let values = vec![
        scope.number().into(),
        before.into(),
        limit.into(),
        filter.actor.as_str().into(),
        filter.view.as_str().into(),
        filter.subject.as_str().into(),
    ];
    let read = |row: &Row| {
        let view = row.text(5)?;
        Ok(Read {
            id: row.text(0)?.to_owned(),
            scope: Scope::from_number(row.int(1)?),
            at: Instant::from_millis(row.int(2)?),
            actor: row.text(3)?.to_owned(),
            credential: row.text(4)?.to_owned(),
            view: ReadView::parse(view)
                .ok_or_else(|| Fault::new(format!("`{view}` is kept as a view")))?,
            subject: row.text(6)?.to_owned(),
        })
    };
    db.rows(READS, values).await?.iter().map(read).collect()
}

/// What went to an endpoint before the message `before`, newest first, with every try.
pub async fn deliveries(
    db: &Db,
    scope: Scope,
    endpoint: &EndpointId,
    before: &str,
    limit: i64,
) -> Result<Vec<Told>, Fault> {
    let at = |sql| Query {
        sql,
        values: vec![endpoint.as_str().into(), scope.number().into(), before.into(), limit.into()],
    };
    let found = db.read(vec![at(DELIVERIES), at(DELIVERY_TRIES)]).await?;
    let rows = found.first().map_or(&[][..], Vec::as_slice).iter();
    let mut list: Vec<Told> = rows.map(told_row).collect::<Result<_, Fault>>()?;
    for row in found.get(1).map_or(&[][..], Vec::as_slice) {
        told_try(row, &mut list)?;
    }
    Ok(list)
}

/// The state of one delivery of a scope: 0 waits, 1 done, 2 given up.
pub async fn delivery_state(
    db: &Db,
    scope: Scope,
    id: &domain::ids::MessageId,
) -> Result<Option<(i64, EndpointId)>, Fault> {
    let values = vec![id.as_str().into(), scope.number().into()];
    let Some(row) = db.one(DELIVERY_STATE, values).await? else { return Ok(None) };
    let endpoint = EndpointId::parse(row.text(1)?);
    let endpoint = endpoint.ok_or_else(|| Fault::new("an endpoint's id is not one".to_owned()))?;
    Ok(Some((row.int(0)?, endpoint)))
}
