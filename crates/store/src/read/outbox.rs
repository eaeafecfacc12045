//! Messages to the outside: claimed by lease for sending, or shown with what became of them.

mod postgres;

use domain::ids::{CaseId, EndpointId, MessageId};
use domain::message::Telling;
use domain::{Instant, Scope};

use crate::codec;
use crate::engine::CommitError;
use crate::engine::{Db, EngineKind, Expect, Row, Stmt};
use crate::fault::Fault;

const CLAIM: &str = "UPDATE outbox SET leased_until = ?1
 WHERE state = 0 AND due <= ?2 AND leased_until <= ?2 AND id IN (
  SELECT id FROM outbox WHERE state = 0 AND due <= ?2 AND leased_until <= ?2
  ORDER BY due, id LIMIT ?3)
 RETURNING id, scope, case_id, at, channel, shape, body, endpoint, parent, attempts, leased_until";

const TOLD: &str = "SELECT outbox.id, outbox.channel, outbox.shape, outbox.at, outbox.state,
 outbox.attempts, outbox.due, outbox.endpoint, outbox.parent
 FROM outbox WHERE outbox.case_id = ?1 AND outbox.scope = ?2 ORDER BY outbox.at, outbox.id
 LIMIT 1000";

const ATTEMPTS: &str = "SELECT attempts.message_id, attempts.number, attempts.at, attempts.result,
 attempts.detail FROM outbox JOIN attempts ON attempts.message_id = outbox.id
 WHERE outbox.case_id = ?1 AND outbox.scope = ?2
 ORDER BY attempts.message_id, attempts.number LIMIT 1000";

const NEXT_DUE: &str = "SELECT due FROM outbox WHERE state = 0 ORDER BY due LIMIT 1";

const WAITING: &str = "SELECT count(*) FROM outbox WHERE state = 0";

const FAILED_TRIES: &str = "SELECT state, count(*) FROM outbox
 WHERE state = 2 OR (state = 0 AND attempts > 0) GROUP BY state ORDER BY state";

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// What a message of the domain tells.
    Telling(Telling),
    /// The exact body for one endpoint.
    Webhook {
        /// The endpoint.
        endpoint: EndpointId,
        /// The event's message: the id the receiver sees.
        event: MessageId,
        /// The body.
        body: String,
    },
}

/// A message that was claimed: nobody else has it until the lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub id: MessageId,
    /// Whose.
    pub scope: Scope,
    /// The case it speaks of.
    pub case: CaseId,
    /// When it was caused.
    pub at: Instant,
    /// What is to be sent.
    pub parcel: Parcel,
    /// How often it was tried before.
    pub attempts: i64,
    /// The lease.
    pub leased_until: Instant,
}

fn message_id(text: &str) -> Result<MessageId, Fault> {
    MessageId::parse(text).ok_or_else(|| Fault::new("a message's id is not one".to_owned()))
}

fn claimed(row: &Row) -> Result<Claimed, Fault> {
    let (shape, body) = (row.text(5)?, row.text(6)?);
    let parcel = match (row.opt_text(7)?, row.opt_text(8)?) {
        (Some(endpoint), Some(event)) => Parcel::Webhook {
            endpoint: EndpointId::parse(endpoint)
                .ok_or_else(|| Fault::new("an endpoint's id is not one".to_owned()))?,
            event: message_id(event)?,
            body: body.to_owned(),
        },
        _ => Parcel::Telling(codec::read_telling(shape, body)?),
    };
    Ok(Claimed {
        id: message_id(row.text(0)?)?,
        scope: Scope::from_number(row.int(1)?),
        case: codec::case_id(row.text(2)?)?,
        at: Instant::from_millis(row.int(3)?),
        parcel,
        attempts: row.int(9)?,
        leased_until: Instant::from_millis(row.int(10)?),
    })
}

/// Claims up to `limit` due messages until `until`. The lease is written before anything is sent.
pub async fn claim(
    db: &Db,
    now: Instant,
    until: Instant,
    limit: i64,
) -> Result<Vec<Claimed>, Fault> {
    let values = vec![until.millis().into(), now.millis().into(), limit.into()];
    let sql = match db.kind() {
        EngineKind::Sqlite => CLAIM,
        EngineKind::Postgres => postgres::CLAIM,
    };
    let stmt = Stmt { sql, values, expect: Expect::Any, tag: "" };
    let found = match db.commit(vec![stmt]).await {
        Ok(mut found) => found.pop().unwrap_or_default(),
        Err(CommitError::Broken(fault)) => return Err(fault),
        Err(other) => return Err(Fault::new(format!("a claim was refused: {other}"))),
    };
    found.iter().map(claimed).collect()
}

/// A message with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: String,
    /// `mail`, `event` or `webhook`.
    pub channel: String,
    /// The stored shape's name.
    pub shape: String,
    /// When it was caused.
    pub at: Instant,
    /// 0 waits, 1 done, 2 given up.
    pub state: i64,
    /// How often it was tried.
    pub attempts: i64,
    /// When the next try is due, while it waits.
    pub due: Instant,
    /// The endpoint, for a webhook.
    pub endpoint: Option<String>,
    /// The event's message, for a webhook.
    pub event: Option<String>,
    /// The tries.
    pub tries: Vec<ToldTry>,
}

/// One try at sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldTry {
    /// From 1.
    pub number: i64,
    /// When.
    pub at: Instant,
    /// `done`, `again` or `given-up`.
    pub result: String,
    /// What the receiver said, shortened.
    pub detail: String,
}

/// What was told about a case, oldest first, with every try.
pub async fn told(db: &Db, scope: Scope, case: &CaseId) -> Result<Vec<Told>, Fault> {
    let at = |sql| crate::engine::Query {
        sql,
        values: vec![case.as_str().into(), scope.number().into()],
    };
    let found = db.read(vec![at(TOLD), at(ATTEMPTS)]).await?;
    let rows = found.first().map_or(&[][..], Vec::as_slice).iter();
    let mut list: Vec<Told> = rows.map(told_row).collect::<Result<_, Fault>>()?;
    for row in found.get(1).map_or(&[][..], Vec::as_slice) {
        told_try(row, &mut list)?;
    }
    Ok(list)
}

pub(super) fn told_row(row: &Row) -> Result<Told, Fault> {
    Ok(Told {
        id: row.text(0)?.to_owned(),
        channel: row.text(1)?.to_owned(),
        shape: row.text(2)?.to_owned(),
        at: Instant::from_millis(row.int(3)?),
        state: row.int(4)?,
        attempts: row.int(5)?,
        due: Instant::from_millis(row.int(6)?),
        endpoint: row.opt_text(7)?.map(str::to_owned),
        event: row.opt_text(8)?.map(str::to_owned),
        tries: Vec::new(),
    })
}

/// Puts a try to its message.
pub(super) fn told_try(row: &Row, list: &mut [Told]) -> Result<(), Fault> {
    let message = row.text(0)?;
    if let Some(told) = list.iter_mut().find(|told| told.id == message) {
        told.tries.push(ToldTry {
            number: row.int(1)?,
            at: Instant::from_millis(row.int(2)?),
            result: row.text(3)?.to_owned(),
            detail: row.text(4)?.to_owned(),
        });
    }
    Ok(())
}

/// When the next waiting message is due, or nothing when none waits.
pub async fn next_due(db: &Db) -> Result<Option<Instant>, Fault> {
    let row = db.one(NEXT_DUE, Vec::new()).await?;
    row.map(|row| row.int(0).map(Instant::from_millis)).transpose()
}

/// How many messages wait, over all scopes.
pub async fn waiting(db: &Db) -> Result<i64, Fault> {
    db.one(WAITING, Vec::new()).await?.map_or(Ok(0), |row| row.int(0))
}

/// Messages whose sending did not work, over all scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailedTries {
    /// Tried in vain, and waiting for the next try.
    pub waiting: i64,
    /// Not tried any more.
    pub given_up: i64,
}

/// How many messages failed so far. Reads the whole outbox: for a person who asks.
pub async fn failed_tries(db: &Db) -> Result<FailedTries, Fault> {
    let mut failed = FailedTries::default();
    for row in db.rows(FAILED_TRIES, Vec::new()).await? {
        match row.int(0)? {
            0 => failed.waiting = row.int(1)?,
            _ => failed.given_up = row.int(1)?,
        }
    }
    Ok(failed)
}
