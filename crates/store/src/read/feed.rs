//! What leaves by export: payments by the rows that were written with them, cases by their
//! histories in the order of the seals, events by their numbers. Each page is one snapshot.

use domain::case::Case;
use domain::chain::Note;
use domain::changes::FeedNumbers;
use domain::ids::{CaseId, MessageId};
use domain::message::Telling;
use domain::payment::{Payment, PaymentStatus};
use domain::{Instant, Scope};

use super::cases;
use crate::codec;
use crate::engine::{Db, Query, Row};
use crate::fault::Fault;

/// Rows of commits read at once; each holds up to a thousand payments.
const COMMITS_AT_ONCE: i64 = 20;

/// Sealed heads looked through for one page: a small account in a large installation reads many
/// that are not its own.
const HEADS_AT_ONCE: i64 = 10_000;

/// Behind the ids of all cases in the order of their text.
const BEHIND_ALL: &str = "z";

const STATE: &str = "SELECT payments, events, sealed FROM feed_state WHERE id = 1";

const WAITING: &str = "SELECT id FROM feed_payments WHERE seq = 0 ORDER BY n, id LIMIT ?1";

const OLDEST_WAITING: &str = "SELECT MIN(at) FROM feed_payments WHERE seq = 0";

const OLDEST_UNFOLLOWED: &str = "SELECT MIN(at) FROM seals WHERE seq > ?1";

const EVENTS_OF_SEAL: &str = "SELECT outbox.scope, outbox.id, outbox.case_id, outbox.shape,
 outbox.body FROM seal_heads
 JOIN outbox ON outbox.case_id = seal_heads.case_id AND outbox.channel = 'event'
 LEFT JOIN feed_events ON feed_events.message_id = outbox.id
 WHERE seal_heads.seal = ?1 AND feed_events.seq IS NULL
 ORDER BY outbox.case_id, outbox.at, outbox.id LIMIT ?2";

const PAYMENT_COMMITS: &str = "SELECT seq, body FROM feed_payments
 WHERE scope = ?1 AND seq >= ?2 AND seq > 0 ORDER BY seq LIMIT ?3";

const EVENTS: &str = "SELECT feed_events.seq, outbox.id, outbox.case_id, outbox.at, outbox.shape,
 outbox.body FROM feed_events JOIN outbox ON outbox.id = feed_events.message_id
 WHERE feed_events.scope = ?1 AND feed_events.seq > ?2 ORDER BY feed_events.seq LIMIT ?3";

const SEALED_HEADS: &str = "SELECT seal, case_id FROM seal_heads
 WHERE seal >= ?1 AND (seal > ?1 OR case_id >= ?2) ORDER BY seal, case_id LIMIT ?3";

const SEALED_NOTES: &str = "SELECT notes.seq, notes.at, notes.actor, notes.act, notes.fact,
 notes.content_digest, notes.previous, notes.digest, NULL, NULL, notes.sealed, notes.case_id,
 notes.seal
 FROM (SELECT seal, case_id FROM seal_heads WHERE seal >= ?1 AND (seal > ?1 OR case_id >= ?2)
  ORDER BY seal, case_id LIMIT ?3) heads
 JOIN cases ON cases.id = heads.case_id AND cases.scope = ?4
 JOIN notes ON notes.case_id = heads.case_id AND notes.seal = heads.seal
 WHERE heads.seal > ?1 OR heads.case_id <> ?2 OR notes.seq > ?6
 ORDER BY heads.seal, heads.case_id, notes.seq LIMIT ?5";

/// The last numbers given.
///
/// # Errors
/// A fault.
pub async fn numbers(db: &Db) -> Result<FeedNumbers, Fault> {
    let row = db.one(STATE, vec![]).await?;
    let row = row.ok_or_else(|| Fault::new("feed_state has no row: restore a copy"))?;
    Ok(FeedNumbers { payments: row.int(0)?, events: row.int(1)?, sealed: row.int(2)? })
}

/// Rows of committed payments without a number, oldest first.
///
/// # Errors
/// A fault.
pub async fn waiting(db: &Db, most: i64) -> Result<Vec<String>, Fault> {
    let rows = db.rows(WAITING, vec![most.into()]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Since when the oldest change waits for its number.
///
/// # Errors
/// A fault.
pub async fn waiting_since(db: &Db) -> Result<Option<Instant>, Fault> {
    let numbers = numbers(db).await?;
    let queries = vec![
        Query::new(OLDEST_WAITING, vec![]),
        Query::new(OLDEST_UNFOLLOWED, vec![numbers.sealed.into()]),
    ];
    let mut oldest: Option<i64> = None;
    for rows in db.read(queries).await? {
        let at = rows.first().map_or(Ok(None), |row| row.opt_int(0))?;
        oldest = [oldest, at].into_iter().flatten().min();
    }
    Ok(oldest.map(Instant::from_millis))
}

/// Events of the cases of one seal that have no number, those of a case in the order of its
/// versions; and whether these are all.
///
/// # Errors
/// A fault.
pub async fn events_of_seal(
    db: &Db,
    seal: i64,
    most: i64,
) -> Result<(Vec<(Scope, MessageId)>, bool), Fault> {
    let rows = db.rows(EVENTS_OF_SEAL, vec![seal.into(), most.into()]).await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        let version = match codec::read_telling(row.text(3)?, row.text(4)?)? {
            Telling::Event(event) => event.version,
            Telling::Acknowledge | Telling::Ping(_) => 0,
        };
        let id = (Scope::from_number(row.int(0)?), message_id(row.text(1)?)?);
        events.push((row.text(2)?.to_owned(), version, id));
    }
    let all = i64::try_from(rows.len()).is_ok_and(|many| many < most);
    let (first, last) = (events.first().cloned(), events.last().cloned());
    if let (false, Some((first, ..)), Some((last, ..))) = (all, first, last)
        && first != last
    {
        // Of the last case not all may be here.
        events.retain(|(case, ..)| *case != last);
    }
    events.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    Ok((events.into_iter().map(|(_, _, id)| id).collect(), all))
}

fn message_id(text: &str) -> Result<MessageId, Fault> {
    MessageId::parse(text).ok_or_else(|| Fault::new("a message's id is not one"))
}

/// One change of a payment.
#[derive(Clone, Debug)]
pub struct PaymentChange {
    /// The number of its commit.
    pub seq: i64,
    /// Its line in it, from 1.
    pub line: usize,
    /// Whether the payment was new.
    pub new: bool,
    /// The status it got.
    pub status: PaymentStatus,
    /// Since when it had it.
    pub status_at: Instant,
    /// The payment as it is now.
    pub payment: Payment,
}

/// Changes of payments after a line of a commit, at most `most`.
///
/// # Errors
/// A fault.
pub async fn payment_changes(
    db: &Db,
    scope: Scope,
    after: (i64, usize),
    most: usize,
) -> Result<Vec<PaymentChange>, Fault> {
    let mut lines: Vec<(i64, usize, String)> = Vec::new();
    let (mut seq, mut line) = after;
    while lines.len() < most {
        let values = vec![scope.number().into(), seq.into(), COMMITS_AT_ONCE.into()];
        let rows = db.rows(PAYMENT_COMMITS, values).await?;
        for row in &rows {
            let (number, body) = (row.int(0)?, row.text(1)?);
            let done = if number == seq { line } else { 0 };
            let texts = (1..).zip(body.lines()).skip(done);
            lines.extend(texts.map(|(line, text)| (number, line, text.to_owned())));
            (seq, line) = (number, body.lines().count());
        }
        if rows.len() < usize::try_from(COMMITS_AT_ONCE).unwrap_or(0) {
            break;
        }
    }
    lines.truncate(most);
    let refids = lines.iter().filter_map(|(_, _, text)| text.split(' ').nth(1));
    let payments = cases::payments_by_refids(db, scope, refids).await?;
    let mut changes = Vec::with_capacity(lines.len());
    for (seq, line, text) in lines {
        let parts: Vec<&str> = text.split(' ').collect();
        let [mark, refid, status, at] = parts.as_slice() else { return Err(unread()) };
        let status = status.parse().ok().and_then(PaymentStatus::from_number);
        let (Some(status), Ok(at)) = (status, at.parse()) else { return Err(unread()) };
        let Some(payment) = payments.get(*refid).cloned() else { continue };
        let status_at = Instant::from_millis(at);
        changes.push(PaymentChange { seq, line, new: *mark == "n", status, status_at, payment });
    }
    Ok(changes)
}

fn unread() -> Fault {
    Fault::new("a line of feed_payments does not read: restore a copy")
}

/// Where a reader of cases stands: the seal, the case in it, and the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasePlace {
    /// The seal.
    pub seal: i64,
    /// The case; empty before the first.
    pub case: String,
    /// The note; the highest number after the last.
    pub note: i64,
}

/// Sealed notes of a scope after a place, at most `most`, each with its seal and its case as it is
/// now, and the place up to which was looked.
///
/// # Errors
/// A fault.
pub async fn case_changes(
    db: &Db,
    scope: Scope,
    after: &CasePlace,
    most: usize,
) -> Result<(Vec<(i64, Note, Case)>, CasePlace), Fault> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let (seal, case) = (after.seal, after.case.as_str());
    let queries = vec![
        Query::new(SEALED_HEADS, vec![seal.into(), case.into(), HEADS_AT_ONCE.into()]),
        Query::new(
            SEALED_NOTES,
            vec![
                seal.into(),
                case.into(),
                HEADS_AT_ONCE.into(),
                scope.number().into(),
                limit.into(),
                after.note.into(),
            ],
        ),
    ];
    let found = db.read(queries).await?;
    let [heads, rows] = found.as_slice() else { return Err(Fault::new("no snapshot")) };
    let mut notes = Vec::new();
    for row in rows {
        let kept = cases::kept_note(row)?;
        notes.push((kept.seal, kept.note));
    }
    let place = if notes.len() == most
        && let Some((seal, note)) = notes.last()
    {
        CasePlace { seal: *seal, case: note.case.as_str().to_owned(), note: note.seq }
    } else {
        let to = whole_seals(heads)?.unwrap_or(after.seal);
        notes.retain(|(seal, _)| *seal <= to);
        match heads.is_empty() {
            true => after.clone(),
            false => CasePlace { seal: to, case: BEHIND_ALL.to_owned(), note: 0 },
        }
    };
    let ids: Vec<CaseId> = notes.iter().map(|(_, note)| note.case.clone()).collect();
    let known = cases::by_ids(db, scope, &ids).await?;
    let whole = notes.into_iter().filter_map(|(seal, note)| {
        let case = known.get(note.case.as_str())?.clone();
        Some((seal, note, case))
    });
    Ok((whole.collect(), place))
}

/// The last seal whose heads are all here: where as many were looked through as may be, the last
/// one may go on. A place is never the case of a head, which may be another account's.
fn whole_seals(heads: &[Row]) -> Result<Option<i64>, Fault> {
    let Some(last) = heads.last() else { return Ok(None) };
    let last = last.int(0)?;
    let cut = i64::try_from(heads.len()).is_ok_and(|many| many >= HEADS_AT_ONCE);
    Ok(Some(if cut { last - 1 } else { last }))
}

/// An event with its number.
#[derive(Clone, Debug)]
pub struct EventChange {
    /// Its number.
    pub seq: i64,
    /// Its id, as webhooks have it.
    pub id: String,
    /// The case.
    pub case: String,
    /// When.
    pub at: Instant,
    /// What it tells.
    pub telling: Telling,
}

/// Events after a number, at most `most`.
///
/// # Errors
/// A fault.
pub async fn events(
    db: &Db,
    scope: Scope,
    after: i64,
    most: usize,
) -> Result<Vec<EventChange>, Fault> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = db.rows(EVENTS, vec![scope.number().into(), after.into(), most.into()]).await?;
    let read = |row: &Row| {
        Ok(EventChange {
            seq: row.int(0)?,
            id: row.text(1)?.to_owned(),
            case: row.text(2)?.to_owned(),
            at: Instant::from_millis(row.int(3)?),
            telling: codec::read_telling(row.text(4)?, row.text(5)?)?,
        })
    };
    rows.iter().map(read).collect()
}
