//! How the index is written and how far it is. One row, `search_state`, is guarded by its version:
//! of two nodes that write the index at once, one is told to look again. It is written beside the
//! door of `write.rs`, since it is no change of anything but a copy in another order.

use std::collections::{BTreeMap, BTreeSet};

use domain::changes::Changes;
use domain::ids::CaseId;
use domain::{Instant, Scope};

use super::{bucket_of, end_doc, first_doc, postgres, prefix, sqlite};
use crate::codec;
use crate::engine::{CommitError, Db, EngineKind, Load, Stmt, Value};
use crate::fault::Fault;

/// Cases whose histories have notes that no seal covers, looked at in one go: those opened last.
/// What more there is comes with its seal.
const FRESH_LOOKED_AT: i64 = 2_000;

/// How far the index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Counts the writes; what another one wrote meanwhile is seen by it.
    pub version: i64,
    /// The generation that answers.
    pub live: i64,
    /// The last seal whose cases it has.
    pub live_sealed: i64,
    /// The generation that is being built; 0 for none.
    pub building: i64,
    /// The last seal whose cases it has, once all cases were walked.
    pub building_sealed: i64,
    /// The last case that was walked.
    pub walked_to: String,
    /// How many were walked.
    pub walked: i64,
    /// When the building began.
    pub started_at: Instant,
    /// The generation that is being taken away; 0 for none.
    pub dropping: i64,
    /// When the generation that answers began to.
    pub switched_at: Instant,
}

const STATE: &str = "SELECT version, live, live_sealed, building, building_sealed, walked_to,
 walked, started_at, dropping, switched_at FROM search_state WHERE id = 1";

const SET_STATE: &str = "UPDATE search_state SET version = ?1 + 1, live = ?2, live_sealed = ?3,
 building = ?4, building_sealed = ?5, walked_to = ?6, walked = ?7, started_at = ?8,
 dropping = ?9, switched_at = ?10 WHERE id = 1 AND version = ?1";

/// How far the index is.
///
/// # Errors
/// A fault.
pub async fn state(db: &Db) -> Result<State, Fault> {
    let row = db.one(STATE, vec![]).await?;
    let row = row.ok_or_else(|| Fault::new("search_state has no row: restore a copy"))?;
    Ok(State {
        version: row.int(0)?,
        live: row.int(1)?,
        live_sealed: row.int(2)?,
        building: row.int(3)?,
        building_sealed: row.int(4)?,
        walked_to: row.text(5)?.to_owned(),
        walked: row.int(6)?,
        started_at: Instant::from_millis(row.int(7)?),
        dropping: row.int(8)?,
        switched_at: Instant::from_millis(row.int(9)?),
    })
}

/// One case as it shall stand in the index.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub doc: i64,
    /// Whether it has a row already, which goes.
    pub known: bool,
    /// The generation.
    pub generation: i64,
    /// Whose it is.
    pub scope: Scope,
    /// The case.
    pub case: CaseId,
    /// The last note that was read for it.
    pub head: i64,
    /// When it was opened.
    pub opened_at: Instant,
    /// Its values of [`super::FACETS`].
    pub facets: [String; 6],
    /// What it is found by.
    pub tokens: BTreeSet<String>,
}

const DELETE_DOC: &str = "DELETE FROM search_docs WHERE doc = ?1";

const WIDEN_BUCKET: &str = "INSERT INTO search_buckets (generation, scope, bucket, first_at,
 last_at) VALUES (?1, ?2, ?3, ?4, ?5)
 ON CONFLICT (generation, scope, bucket) DO UPDATE SET
 first_at = CASE WHEN excluded.first_at < search_buckets.first_at THEN excluded.first_at
  ELSE search_buckets.first_at END,
 last_at = CASE WHEN excluded.last_at > search_buckets.last_at THEN excluded.last_at
  ELSE search_buckets.last_at END";

/// Writes entries and how far the index then is; false when another node wrote meanwhile, and then
/// nothing was written.
///
/// # Errors
/// A fault.
pub async fn keep(db: &Db, next: &State, entries: &[Entry]) -> Result<bool, Fault> {
    let nobodys = Scope::from_number(0);
    keep_with(db, next, entries, &Changes::none(nobodys, next.started_at)).await
}

/// As [`keep`], together with other changes: a key that remembers what was asked.
///
/// # Errors
/// A fault.
pub async fn keep_with(
    db: &Db,
    next: &State,
    entries: &[Entry],
    changes: &Changes,
) -> Result<bool, Fault> {
    let (mut batch, mut copied) = (vec![set_state(next)], Vec::new());
    batch.extend(crate::write::statements(changes));
    let mut buckets: BTreeMap<(i64, i64, i64), (i64, i64)> = BTreeMap::new();
    for entry in entries {
        let key = (entry.generation, entry.scope.number(), bucket_of(entry.doc));
        let at = entry.opened_at.millis();
        let span = buckets.entry(key).or_insert((at, at));
        *span = (span.0.min(at), span.1.max(at));
        match (entry.known, db.kind()) {
            (false, EngineKind::Postgres) => copied.extend(postgres_row(entry)),
            (known, kind) => {
                if known {
                    batch.push(Stmt::any(DELETE_DOC, vec![entry.doc.into()]));
                }
                insert(kind, entry, &mut batch);
            }
        }
    }
    for ((generation, scope, bucket), (first, last)) in buckets {
        let values =
            vec![generation.into(), scope.into(), bucket.into(), first.into(), last.into()];
        batch.push(Stmt::any(WIDEN_BUCKET, values));
    }
    match db.bulk(load(copied), batch).await {
        Ok(_) => Ok(true),
        // The version moved on, or another node wrote the same rows a moment ago.
        Err(CommitError::Missed { .. }) => Ok(false),
        Err(CommitError::Broken(fault)) => Err(fault),
        Err(error) => Err(Fault::new(format!("writing the search index: {error}"))),
    }
}

fn set_state(next: &State) -> Stmt {
    let values = vec![
        next.version.into(),
        next.live.into(),
        next.live_sealed.into(),
        next.building.into(),
        next.building_sealed.into(),
        next.walked_to.as_str().into(),
        next.walked.into(),
        next.started_at.millis().into(),
        next.dropping.into(),
        next.switched_at.millis().into(),
    ];
    Stmt::one(SET_STATE, values, "search")
}

/// The rows of new cases as one `COPY`, which costs PostgreSQL a fraction of a statement for each.
fn load(values: Vec<Value>) -> Option<Load> {
    let into = postgres::DOCS;
    (!values.is_empty()).then_some(Load {
        each: "",
        into,
        width: DOC_COLUMNS,
        values,
        tag: "search",
    })
}

/// Values of a row of cases, its tokens included.
const DOC_COLUMNS: usize = 12;

/// What stands beside the tokens.
fn beside(entry: &Entry) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(DOC_COLUMNS);
    values.extend([
        entry.doc.into(),
        entry.generation.into(),
        entry.case.as_str().into(),
        entry.head.into(),
        entry.opened_at.millis().into(),
    ]);
    values.extend(entry.facets.iter().map(|facet| Value::from(facet.as_str())));
    values
}

/// A row as a `COPY` wants it: the tokens are a vector as PostgreSQL itself sends one, how many,
/// then each with a zero behind it and no positions. They are sorted, as it keeps them.
fn postgres_row(entry: &Entry) -> Vec<Value> {
    let bucket = prefix(entry.generation, entry.scope, bucket_of(entry.doc));
    let many = i32::try_from(entry.tokens.len()).unwrap_or(i32::MAX);
    let mut vector = many.to_be_bytes().to_vec();
    for token in &entry.tokens {
        vector.extend_from_slice(bucket.as_bytes());
        vector.extend_from_slice(token.as_bytes());
        vector.extend_from_slice(&[0, 0, 0]);
    }
    let mut values = beside(entry);
    values.push(vector.into());
    values
}

fn insert(kind: EngineKind, entry: &Entry, batch: &mut Vec<Stmt>) {
    let bucket = prefix(entry.generation, entry.scope, bucket_of(entry.doc));
    let mut words = String::new();
    for token in &entry.tokens {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&bucket);
        words.push_str(token);
    }
    let mut values = beside(entry);
    match kind {
        EngineKind::Sqlite => {
            batch.push(Stmt::any(sqlite::INSERT_DOC, values));
            batch.push(Stmt::any(sqlite::INSERT_WORDS, vec![entry.doc.into(), words.into()]));
        }
        EngineKind::Postgres => {
            values.push(words.into());
            batch.push(Stmt::any(postgres::INSERT_DOC, values));
        }
    }
}

/// Takes the rows that wait beside PostgreSQL's index into it: each question reads through them.
///
/// # Errors
/// A fault.
pub async fn settle(db: &Db) -> Result<(), Fault> {
    if db.kind() == EngineKind::Postgres {
        let batch = vec![Stmt::any(postgres::SETTLE, vec![])];
        let settled = db.bulk(None, batch).await;
        settled.map_err(|error| Fault::new(format!("settling the index: {error}")))?;
    }
    Ok(())
}

const LAST_DOC: &str = "SELECT MAX(doc) FROM search_docs WHERE doc >= ?1 AND doc < ?2";

/// The number for the next new case of a scope.
///
/// # Errors
/// A fault.
pub async fn next_doc(db: &Db, generation: i64, scope: Scope) -> Result<i64, Fault> {
    let (first, end) = (first_doc(generation, scope), end_doc(generation, scope));
    let last = db.one(LAST_DOC, vec![first.into(), end.into()]).await?;
    let last = last.map_or(Ok(None), |row| row.opt_int(0))?;
    Ok(last.map_or(first, |last| last + 1))
}

const SEALED_AFTER: &str = "SELECT seal, case_id FROM seal_heads WHERE seal > ?1
 ORDER BY seal, case_id LIMIT ?2";

/// The cases of the seals after `seal`, whole seals only, and the last of those seals. `most` is
/// at least what one seal can cover.
///
/// # Errors
/// A fault.
pub async fn sealed_after(db: &Db, seal: i64, most: i64) -> Result<(i64, Vec<CaseId>), Fault> {
    let rows = db.rows(SEALED_AFTER, vec![seal.into(), most.into()]).await?;
    let mut heads: Vec<(i64, CaseId)> = Vec::with_capacity(rows.len());
    for row in &rows {
        heads.push((row.int(0)?, codec::case_id(row.text(1)?)?));
    }
    let full = i64::try_from(heads.len()) == Ok(most);
    if full
        && let (Some((first, _)), Some((last, _))) = (heads.first(), heads.last().cloned())
        && *first != last
    {
        heads.retain(|(seal, _)| *seal != last);
    }
    let last = heads.last().map_or(seal, |(seal, _)| *seal);
    let cases: BTreeSet<CaseId> = heads.into_iter().map(|(_, case)| case).collect();
    Ok((last, cases.into_iter().collect()))
}

const FRESH: &str = "SELECT n.case_id FROM
 (SELECT case_id, MAX(seq) AS head FROM notes WHERE seal = 0 GROUP BY case_id
  ORDER BY case_id DESC LIMIT ?2) n
 LEFT JOIN search_docs d ON d.case_id = n.case_id AND d.generation = ?1
 WHERE d.doc IS NULL OR d.head < n.head ORDER BY n.case_id LIMIT ?3";

/// Cases with notes that no seal covers yet and that the generation does not have.
///
/// # Errors
/// A fault.
pub async fn fresh(db: &Db, generation: i64, most: i64) -> Result<Vec<CaseId>, Fault> {
    let values = vec![generation.into(), FRESH_LOOKED_AT.into(), most.into()];
    let rows = db.rows(FRESH, values).await?;
    rows.iter().map(|row| codec::case_id(row.text(0)?)).collect()
}

const CASE_IDS_AFTER: &str = "SELECT id FROM cases WHERE id > ?1 ORDER BY id LIMIT ?2";

/// Cases of all scopes after `after` by id.
///
/// # Errors
/// A fault.
pub async fn case_ids_after(db: &Db, after: &str, most: i64) -> Result<Vec<CaseId>, Fault> {
    let rows = db.rows(CASE_IDS_AFTER, vec![after.into(), most.into()]).await?;
    rows.iter().map(|row| codec::case_id(row.text(0)?)).collect()
}

const DROP_DOCS: &str = "DELETE FROM search_docs WHERE doc IN
 (SELECT doc FROM search_docs WHERE doc >= ?1 AND doc < ?2 ORDER BY doc LIMIT ?3)";

const DROP_BUCKETS: &str = "DELETE FROM search_buckets WHERE generation = ?1";

const ANY_DOC: &str = "SELECT doc FROM search_docs WHERE doc >= ?1 AND doc < ?2 LIMIT 1";

/// Takes some rows of a generation away; false when there are none left.
///
/// # Errors
/// A fault.
pub async fn drop_some(db: &Db, generation: i64, most: i64) -> Result<bool, Fault> {
    let first = first_doc(generation, Scope::from_number(0));
    let end = first_doc(generation + 1, Scope::from_number(0));
    let range: Vec<Value> = vec![first.into(), end.into()];
    if db.rows(ANY_DOC, range.clone()).await?.is_empty() {
        return Ok(false);
    }
    let mut values = range;
    values.push(most.into());
    let batch =
        vec![Stmt::any(DROP_BUCKETS, vec![generation.into()]), Stmt::any(DROP_DOCS, values)];
    db.bulk(None, batch)
        .await
        .map_err(|error| Fault::new(format!("clearing the index: {error}")))?;
    Ok(true)
}

// A seal may cover administration alone: there is nothing of it to find.
const SEALS_BEHIND: &str = "SELECT COUNT(*), MIN(at) FROM seals WHERE seq > ?1
 AND EXISTS (SELECT 1 FROM seal_heads WHERE seal_heads.seal = seals.seq)";

// Of one case the last note is as old as its commit: those before it may be another system's, with
// that system's times.
const FRESH_SINCE: &str = "SELECT MAX(at) FROM notes WHERE case_id = ?1 AND seal = 0";

/// What is committed and cannot be found yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unindexed {
    /// Seals whose cases are not in the index.
    pub seals: i64,
    /// The time of the oldest change that is missing.
    pub since: Option<Instant>,
}

/// What is committed and cannot be found yet.
///
/// # Errors
/// A fault.
pub async fn unindexed(db: &Db) -> Result<Unindexed, Fault> {
    let state = state(db).await?;
    let row = db.one(SEALS_BEHIND, vec![state.live_sealed.into()]).await?;
    let row = row.ok_or_else(|| Fault::new("a count without a row"))?;
    let (seals, mut since) = (row.int(0)?, row.opt_int(1)?);
    if seals == 0
        && let Some(first) = fresh(db, state.live, 1).await?.first()
    {
        let row = db.one(FRESH_SINCE, vec![first.as_str().into()]).await?;
        since = row.map_or(Ok(None), |row| row.opt_int(0))?;
    }
    Ok(Unindexed { seals, since: since.map(Instant::from_millis) })
}
