//! Payments, cases and their histories, as they are loaded for a decision or shown.

mod look;

use std::collections::{BTreeSet, HashMap};

use domain::case::{ABOVE_MAX, Ask, Case, Known, Link, LinkKind, PaymentRef, Proposal, Remedy};
use domain::chain::{Digest, Head, Note};
use domain::changes::{KeptContent, Saved};
use domain::ids::CaseId;
use domain::payment::{Payment, PaymentStatus};
use domain::{Instant, Scope};

use crate::codec;
use crate::engine::{Db, Query, Row, Value};
use crate::fault::Fault;

/// References looked up in one statement; the text below has as many places.
pub const REFERENCES_PER_QUERY: usize = 20;

macro_rules! payment_columns {
    () => {
        "payments.refid, payments.trxid, payments.product, payments.account,
 payments.amount_minor, payments.currency, payments.status, payments.status_at,
 payments.created_at, payments.provider, payments.payer_ref"
    };
}

macro_rules! case_columns {
    () => {
        "cases.id, cases.scope, cases.version, cases.stage, cases.stage_fact, cases.stage_at,
 cases.opened_at, cases.refid, cases.earlier, cases.addresses, cases.through, cases.queue,
 cases.assignee, cases.proposal, cases.proposed_by, cases.head_seq, cases.head_digest,
 cases.channel, cases.received_at, cases.taken_by, cases.customer, cases.language, cases.outcome"
    };
}

macro_rules! note_columns {
    () => {
        "notes.seq, notes.at, notes.actor, notes.act, notes.fact, notes.content_digest,
 notes.previous, notes.digest, notes.salt, notes.content, notes.sealed, notes.case_id, notes.seal"
    };
}

pub(crate) use look::Look;
pub(crate) use {case_columns, note_columns, payment_columns};

const PAYMENT_BY_REFID: &str =
    concat!("SELECT ", payment_columns!(), " FROM payments WHERE scope = ?1 AND refid = ?2");

const PAYMENT_BY_TRXID: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payments WHERE scope = ?1 AND trxid = ?2 AND trxid <> ''"
);

const CASES_BY_REFID: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND refid = ?2 AND refid <> '' ORDER BY slot LIMIT 100"
);

const CASES_BY_TRXID: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM payments JOIN cases ON cases.scope = payments.scope AND cases.refid = payments.refid
 WHERE payments.scope = ?1 AND payments.trxid = ?2 AND payments.trxid <> ''
 AND cases.refid <> '' ORDER BY cases.slot LIMIT 100"
);

const CASE_BY_ID: &str =
    concat!("SELECT ", case_columns!(), " FROM cases WHERE scope = ?1 AND id = ?2");

const PAYMENT_OF_CASE: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM cases JOIN payments ON payments.scope = cases.scope AND payments.refid = cases.refid
 WHERE cases.scope = ?1 AND cases.id = ?2"
);

const OTHER_OPEN: &str = "SELECT other.id FROM cases
 JOIN cases other ON other.scope = cases.scope AND other.refid = cases.refid AND other.slot = 0
 AND other.refid <> ''
 WHERE cases.scope = ?1 AND cases.id = ?2 AND other.id <> cases.id";

// The last of what can close or open a case again: a merge names the case that goes on.
const LAST_TURN: &str = "SELECT notes.act, notes.fact FROM notes
 WHERE notes.case_id = ?1 AND notes.act IN ('merge', 'close', 'reopen')
 ORDER BY notes.seq DESC LIMIT 1";

const SAVED_KEY: &str =
    "SELECT digest, shape, outcome FROM saved_keys WHERE scope = ?1 AND key = ?2";

const NOTES: &str = "SELECT notes.seq, notes.at, notes.actor, notes.act, notes.fact,
 notes.content_digest, notes.previous, notes.digest, notes.salt, notes.content, notes.sealed,
 notes.case_id, notes.seal
 FROM notes JOIN cases ON cases.id = notes.case_id
 WHERE cases.scope = ?1 AND cases.id = ?2 ORDER BY notes.seq LIMIT 10000";

const PAYMENTS_BY_REFIDS: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM payments WHERE scope = ?1 AND refid IN (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
 ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
);

const OWNERS_BY_TRXIDS: &str = "SELECT trxid, refid FROM payments
 WHERE scope = ?1 AND trxid <> '' AND trxid IN (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
 ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";

const LINKS_BETWEEN: &str = "SELECT case_id, other_id, kind, at FROM case_links
 WHERE scope = ?1 AND case_id = ?2 AND other_id = ?3
 UNION ALL SELECT case_id, other_id, kind, at FROM case_links
 WHERE scope = ?1 AND case_id = ?3 AND other_id = ?2";

// No join outside: both engines stop walking when they have as many as are wanted.
const ABOVE: &str = "WITH RECURSIVE above (id, version) AS (
 SELECT id, version FROM cases WHERE scope = ?1 AND id = ?2
 UNION SELECT cases.id, cases.version FROM above
 JOIN case_links ON case_links.scope = ?1 AND case_links.case_id = above.id
 AND case_links.kind = ?3
 JOIN cases ON cases.scope = ?1 AND cases.id = case_links.other_id)
 SELECT id, version FROM above LIMIT ?4";

const LINKS_OF: &str = "SELECT case_id, other_id, kind, at FROM case_links
 WHERE scope = ?1 AND case_id = ?2
 UNION ALL SELECT case_id, other_id, kind, at FROM case_links
 WHERE scope = ?1 AND other_id = ?2
 ORDER BY at, case_id, other_id, kind LIMIT 1000";

const NEXT_IN_QUEUE: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND queue = ?2 AND slot = 0 AND assignee = ''
 AND stage <> 'waiting' AND stage <> 'resolved' ORDER BY received_at, id LIMIT ?3"
);

/// Reads a payment in the order of `payment_columns!`.
pub(crate) fn payment(row: &Row) -> Result<Payment, Fault> {
    let status = PaymentStatus::from_number(row.int(6)?)
        .ok_or_else(|| Fault::new("a payment's status is not one".to_owned()))?;
    Ok(Payment {
        refid: row.text(0)?.to_owned(),
        trxid: row.text(1)?.to_owned(),
        product: row.text(2)?.to_owned(),
        account: row.text(3)?.to_owned(),
        amount_minor: row.int(4)?,
        currency: row.text(5)?.to_owned(),
        status,
        status_at: Instant::from_millis(row.int(7)?),
        created_at: Instant::from_millis(row.int(8)?),
        provider: row.text(9)?.to_owned(),
        payer_ref: row.text(10)?.to_owned(),
    })
}

/// Reads a stored digest.
pub(crate) fn digest(bytes: &[u8]) -> Result<Digest, Fault> {
    bytes.try_into().map_err(|_| Fault::new("a digest has not 32 bytes".to_owned()))
}

/// Reads a case in the order of `case_columns!`.
pub(crate) fn case(row: &Row) -> Result<Case, Fault> {
    let earlier = row.opt_text(8)?.map(codec::case_id).transpose()?;
    let proposal = match (row.opt_text(13)?, row.opt_text(14)?) {
        (Some(remedy), Some(by)) => Some(Proposal {
            remedy: Remedy::parse(remedy)
                .ok_or_else(|| Fault::new(format!("unknown remedy {remedy}")))?,
            by: by.to_owned(),
        }),
        _ => None,
    };
    Ok(Case {
        id: codec::case_id(row.text(0)?)?,
        scope: Scope::from_number(row.int(1)?),
        version: row.int(2)?,
        stage: codec::stage(row.text(3)?, row.text(4)?)?,
        stage_at: Instant::from_millis(row.int(5)?),
        opened_at: Instant::from_millis(row.int(6)?),
        channel: codec::channel(row.text(17)?)?,
        received_at: Instant::from_millis(row.int(18)?),
        taken_by: row.text(19)?.to_owned(),
        customer: row.text(20)?.to_owned(),
        language: row.text(21)?.to_owned(),
        outcome: codec::outcome_of_case(row.text(22)?)?,
        refid: row.text(7)?.to_owned(),
        earlier,
        addresses: codec::read_addresses(row.text(9)?),
        through: row.text(10)?.to_owned(),
        queue: row.text(11)?.to_owned(),
        assignee: row.text(12)?.to_owned(),
        proposal,
        head: Head { seq: row.int(15)?, digest: digest(row.bytes(16)?)? },
    })
}

fn saved_row(key: &str, row: &Row) -> Result<Saved, Fault> {
    Ok(Saved {
        key: key.to_owned(),
        digest: digest(row.bytes(0)?)?,
        outcome: codec::read_outcome(row.text(1)?, row.text(2)?)?,
    })
}

/// The open case among those of a payment, and the latest closed one.
fn open_and_earlier(rows: &[Row]) -> Result<(Option<Case>, Option<CaseId>), Fault> {
    let cases = rows.iter().map(case).collect::<Result<Vec<_>, _>>()?;
    let (mut open, mut earlier) = (None, None);
    for one in cases {
        match one.stage {
            domain::case::Stage::Closed { .. } => earlier = Some(one.id),
            _ => open = Some(one),
        }
    }
    Ok((open, earlier))
}

/// What must be known to decide a report, and what the key remembers, in one snapshot.
pub async fn for_report(
    db: &Db,
    scope: Scope,
    payment: &PaymentRef,
    key: Option<&str>,
) -> Result<(Known, Option<Saved>), Fault> {
    for_opening(db, scope, Some(payment), key).await
}

/// What must be known to open a case by hand, and what the key remembers.
pub async fn for_opening(
    db: &Db,
    scope: Scope,
    payment: Option<&PaymentRef>,
    key: Option<&str>,
) -> Result<(Known, Option<Saved>), Fault> {
    let look = Look::new(scope, payment, key);
    look.found(&db.read(look.queries()).await?)
}

fn about_payment(scope: Scope, payment: &PaymentRef) -> [Query; 2] {
    let (find_payment, find_cases, reference) = match payment {
        PaymentRef::Refid(refid) => (PAYMENT_BY_REFID, CASES_BY_REFID, refid.as_str()),
        PaymentRef::Trxid(trxid) => (PAYMENT_BY_TRXID, CASES_BY_TRXID, trxid.as_str()),
    };
    [find_payment, find_cases].map(|sql| {
        let values = vec![scope.number().into(), reference.into()];
        Query { sql, values }
    })
}

/// The answers to [`about_payment`], which begin at `place`.
fn known_of_payment(found: &[Vec<Row>], place: usize) -> Result<Known, Fault> {
    let (open, earlier) = open_and_earlier(rows(found, place + 1))?;
    let payment = first(found, place).map(payment).transpose()?;
    Ok(Known { payment, case: open, earlier, ..Known::default() })
}

/// What must be known to act on a case, and what the key remembers, in one snapshot.
pub async fn for_act(
    db: &Db,
    scope: Scope,
    id: &CaseId,
    ask: Option<&Ask>,
    key: Option<&str>,
) -> Result<(Known, Option<Saved>), Fault> {
    let at = |sql, id: &CaseId| Query::new(sql, vec![scope.number().into(), id.as_str().into()]);
    let mut queries = vec![at(CASE_BY_ID, id), at(PAYMENT_OF_CASE, id), at(OTHER_OPEN, id)];
    let key_at = queries.len();
    queries.extend(key.map(|key| saved_query(scope, key)));
    let more_at = queries.len();
    let part = match ask {
        Some(Ask::Split { payment, .. }) => payment.as_ref(),
        _ => None,
    };
    if let Some(other) = ask.and_then(Ask::other) {
        let both = vec![scope.number().into(), id.as_str().into(), other.as_str().into()];
        queries.extend([at(CASE_BY_ID, other), Query::new(LINKS_BETWEEN, both)]);
        queries.extend(above_query(scope, id, ask));
    } else if let Some(payment) = part {
        queries.extend(about_payment(scope, payment));
    }
    let turns_at = queries.len();
    if let (Some(Ask::Link { .. } | Ask::Unlink { .. }), Some(other)) =
        (ask, ask.and_then(Ask::other))
    {
        queries.extend([id, other].map(|id| Query::new(LAST_TURN, vec![id.as_str().into()])));
    }
    let found = db.read(queries).await?;
    let mut known = Known {
        payment: first(&found, 1).map(payment).transpose()?,
        case: first(&found, 0).map(case).transpose()?,
        other_open: first(&found, 2).map(|row| codec::case_id(row.text(0)?)).transpose()?,
        ..Known::default()
    };
    if part.is_some() {
        known.part = Some(Box::new(known_of_payment(&found, more_at)?));
    } else {
        known.other = first(&found, more_at).map(case).transpose()?;
        let links = rows(&found, more_at + 1).iter().map(link);
        known.links = links.collect::<Result<_, _>>()?;
        // The first row is the case from which the walk began.
        let walked = if turns_at > more_at + 2 { rows(&found, more_at + 2) } else { &[] };
        let above = walked.iter().skip(1);
        let above = above.map(|row| Ok((codec::case_id(row.text(0)?)?, row.int(1)?)));
        known.above = above.collect::<Result<_, Fault>>()?;
        known.merged =
            [merged_by(first(&found, turns_at))?, merged_by(first(&found, turns_at + 1))?];
    }
    Ok((known, saved_of(&found, key_at, key)?))
}

/// What must be known to take the next case of a queue: one of the first `among` that nobody has,
/// as `pick` says; and what the key remembers.
pub async fn for_take(
    db: &Db,
    scope: Scope,
    queue: &str,
    (among, pick): (i64, usize),
    key: Option<&str>,
) -> Result<(Known, Option<Saved>), Fault> {
    let values = vec![scope.number().into(), queue.into(), among.into()];
    let mut queries = vec![Query { sql: NEXT_IN_QUEUE, values }];
    queries.extend(key.map(|key| saved_query(scope, key)));
    let found = db.read(queries).await?;
    let free = rows(&found, 0);
    let picked = free.get(pick % free.len().max(1)).map(case).transpose()?;
    let known = match picked {
        // The case stays as it was when it was nobody's: who took it meanwhile keeps it.
        Some(case) => {
            let (known, _) = for_act(db, scope, &case.id, None, None).await?;
            Known { case: Some(case), ..known }
        }
        None => Known::default(),
    };
    Ok((known, saved_of(&found, 1, key)?))
}

/// Asks for the cases above the upper end of the link that an act would make, if one stands above.
fn above_query(scope: Scope, case: &CaseId, ask: Option<&Ask>) -> Option<Query> {
    let Some(Ask::Link { tie, other }) = ask else { return None };
    let link = Link::between(case, *tie, other, Instant::from_millis(0));
    // The case itself, and one more than there may be.
    let most = i64::try_from(ABOVE_MAX + 2).unwrap_or(i64::MAX);
    let [scope, upper] = [scope.number().into(), link.other.as_str().into()];
    let values = vec![scope, upper, link.kind.word().into(), most.into()];
    link.kind.rises().then(|| Query::new(ABOVE, values))
}

/// Reads a link in the column order of the statements that select links.
pub(crate) fn link(row: &Row) -> Result<Link, Fault> {
    let kind = row.text(2)?;
    Ok(Link {
        case: codec::case_id(row.text(0)?)?,
        other: codec::case_id(row.text(1)?)?,
        kind: LinkKind::parse(kind).ok_or_else(|| Fault::new(format!("unknown link {kind}")))?,
        at: Instant::from_millis(row.int(3)?),
    })
}

/// The links of a case, oldest first; nothing when the case is not there.
pub async fn links(db: &Db, scope: Scope, id: &CaseId) -> Result<Option<Vec<Link>>, Fault> {
    let values = || vec![scope.number().into(), id.as_str().into()];
    let queries = vec![Query::new(CASE_BY_ID, values()), Query::new(LINKS_OF, values())];
    let found = db.read(queries).await?;
    if first(&found, 0).is_none() {
        return Ok(None);
    }
    rows(&found, 1).iter().map(link).collect::<Result<_, _>>().map(Some)
}

/// The case that a closed one was merged into by the last thing that closed it.
pub async fn merged_into(db: &Db, id: &CaseId) -> Result<Option<CaseId>, Fault> {
    let row = db.one(LAST_TURN, vec![id.as_str().into()]).await?;
    merged_by(row.as_ref())
}

fn merged_by(last_turn: Option<&Row>) -> Result<Option<CaseId>, Fault> {
    match last_turn {
        Some(row) if row.text(0)? == "merge" => codec::case_id(row.text(1)?).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn rows(found: &[Vec<Row>], place: usize) -> &[Row] {
    found.get(place).map_or(&[], Vec::as_slice)
}

pub(super) fn first(found: &[Vec<Row>], place: usize) -> Option<&Row> {
    rows(found, place).first()
}

fn saved_query(scope: Scope, key: &str) -> Query {
    Query { sql: SAVED_KEY, values: vec![scope.number().into(), key.into()] }
}

fn saved_of(found: &[Vec<Row>], place: usize, key: Option<&str>) -> Result<Option<Saved>, Fault> {
    key.and_then(|key| first(found, place).map(|row| saved_row(key, row))).transpose()
}

/// What a key remembers.
pub async fn saved(db: &Db, scope: Scope, key: &str) -> Result<Option<Saved>, Fault> {
    let found = db.read(vec![saved_query(scope, key)]).await?;
    saved_of(&found, 0, Some(key))
}

/// One case with its payment.
pub async fn find(
    db: &Db,
    scope: Scope,
    id: &CaseId,
) -> Result<Option<(Case, Option<Payment>)>, Fault> {
    let (known, _) = for_act(db, scope, id, None, None).await?;
    Ok(known.case.map(|case| (case, known.payment)))
}

/// All cases about one payment: the open one first, then the closed ones by age.
pub async fn of_payment(
    db: &Db,
    scope: Scope,
    payment_ref: &PaymentRef,
) -> Result<Vec<Case>, Fault> {
    let (sql, reference) = match payment_ref {
        PaymentRef::Refid(refid) => (CASES_BY_REFID, refid.as_str()),
        PaymentRef::Trxid(trxid) => (CASES_BY_TRXID, trxid.as_str()),
    };
    let found = db.rows(sql, vec![scope.number().into(), reference.into()]).await?;
    found.iter().map(case).collect()
}

/// A note as it is stored.
#[derive(Clone, Debug)]
pub struct KeptNote {
    /// The note.
    pub note: Note,
    /// The digest stored with it.
    pub digest: Digest,
    /// What stands beside it, when not erased.
    pub content: Option<KeptContent>,
    /// Number of the seal that covers it, 0 when none does yet.
    pub seal: i64,
}

/// Reads a note in the column order of the statements that select notes.
pub(crate) fn kept_note(row: &Row) -> Result<KeptNote, Fault> {
    let note = Note {
        case: codec::case_id(row.text(11)?)?,
        seq: row.int(0)?,
        at: Instant::from_millis(row.int(1)?),
        actor: row.text(2)?.to_owned(),
        act: row.text(3)?.to_owned(),
        fact: row.text(4)?.to_owned(),
        content: digest(row.bytes(5)?)?,
        previous: digest(row.bytes(6)?)?,
    };
    let content = match (row.opt_bytes(8)?, row.opt_bytes(9)?) {
        (Some(salt), Some(bytes)) => Some(kept_content(salt, bytes, row.flag(10)?)?),
        _ => None,
    };
    Ok(KeptNote { note, digest: digest(row.bytes(7)?)?, content, seal: row.int(12)? })
}

fn kept_content(salt: &[u8], bytes: &[u8], sealed: bool) -> Result<KeptContent, Fault> {
    let salt = salt.try_into().map_err(|_| Fault::new("a salt has not 16 bytes".to_owned()))?;
    if sealed {
        return Ok(KeptContent::Sealed { salt, bytes: bytes.to_vec() });
    }
    // Altered bytes must show as an altered digest, not as a failure to read.
    let text = String::from_utf8_lossy(bytes).into_owned();
    Ok(KeptContent::Plain(domain::chain::Content { salt, text }))
}

/// The history of one case, oldest first, at most 10,000 notes.
pub async fn notes(db: &Db, scope: Scope, id: &CaseId) -> Result<Vec<KeptNote>, Fault> {
    let found = db.rows(NOTES, vec![scope.number().into(), id.as_str().into()]).await?;
    found.iter().map(kept_note).collect()
}

/// The stored payments with these `refid`s, and who owns these `trxid`s, in one snapshot.
pub async fn for_import(
    db: &Db,
    scope: Scope,
    rows: &[Payment],
) -> Result<(Vec<Payment>, Vec<(String, String)>), Fault> {
    let mut queries = Vec::new();
    for chunk in rows.chunks(REFERENCES_PER_QUERY) {
        let refids = chunk.iter().map(|row| row.refid.as_str());
        queries.push(Query { sql: PAYMENTS_BY_REFIDS, values: references(scope, refids) });
        let trxids = chunk.iter().map(|row| row.trxid.as_str());
        queries.push(Query { sql: OWNERS_BY_TRXIDS, values: references(scope, trxids) });
    }
    let (mut payments, mut owners) = (Vec::new(), Vec::new());
    for (place, found) in db.read(queries).await?.iter().enumerate() {
        for row in found {
            if place % 2 == 0 {
                payments.push(payment(row)?);
            } else {
                owners.push((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
            }
        }
    }
    Ok((payments, owners))
}

const CASES_BY_IDS: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND id IN (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
 ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
);

/// The payments with these `refid`s, each once, in one snapshot.
pub(crate) async fn payments_by_refids<'a>(
    db: &Db,
    scope: Scope,
    refids: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, Payment>, Fault> {
    let found = by_references(db, PAYMENTS_BY_REFIDS, scope, refids).await?;
    let read = |row: &Row| payment(row).map(|one| (one.refid.clone(), one));
    found.iter().map(read).collect()
}

/// The cases with these ids, each once, in one snapshot.
pub(crate) async fn by_ids(
    db: &Db,
    scope: Scope,
    ids: &[CaseId],
) -> Result<HashMap<String, Case>, Fault> {
    let found = by_references(db, CASES_BY_IDS, scope, ids.iter().map(CaseId::as_str)).await?;
    let read = |row: &Row| case(row).map(|one| (one.id.as_str().to_owned(), one));
    found.iter().map(read).collect()
}

async fn by_references<'a>(
    db: &Db,
    sql: &'static str,
    scope: Scope,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<Row>, Fault> {
    let names: BTreeSet<&str> = names.collect();
    let names: Vec<&str> = names.into_iter().collect();
    let chunks = names.chunks(REFERENCES_PER_QUERY);
    let query = |chunk: &[&str]| Query::new(sql, references(scope, chunk.iter().copied()));
    Ok(db.read(chunks.map(query).collect()).await?.into_iter().flatten().collect())
}

/// The scope and as many places as the statement has, the rest filled with nothing.
fn references<'a>(scope: Scope, texts: impl Iterator<Item = &'a str>) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(REFERENCES_PER_QUERY + 1);
    values.push(scope.number().into());
    values.extend(texts.map(Value::from));
    values.resize_with(REFERENCES_PER_QUERY + 1, || "".into());
    values
}
