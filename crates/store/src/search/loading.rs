//! Cases with all that they can be found by, many in one snapshot. PostgreSQL is asked about all of
//! them in four statements, since a way there and back for each costs more than the case; SQLite
//! lives in this process and is asked one by one. It must never give half a case.

use std::collections::HashMap;

use domain::Scope;
use domain::case::Case;
use domain::ids::CaseId;
use domain::payment::Payment;

use super::postgres as at_once;
use crate::engine::{Db, EngineKind, Query, ROWS_PER_ANSWER_MAX, Row, Value};
use crate::fault::Fault;
use crate::read::cases::{self, KeptNote};
use crate::read::whole;

/// Notes read of one case, the oldest first.
const NOTES_PER_CASE_MAX: i64 = 10_000;

/// Notes asked for in one answer: half of what one holds, since some may be added meanwhile.
const NOTES_AT_ONCE: i64 = ROWS_PER_ANSWER_MAX as i64 / 2;

const DOC: &str = "SELECT doc, head FROM search_docs WHERE case_id = ?1 AND generation = ?2";

/// A case with all that it can be found by.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The case.
    pub case: Case,
    /// Its payment.
    pub payment: Option<Payment>,
    /// Its history.
    pub notes: Vec<KeptNote>,
    /// Its number in the generation that was asked about, and the last note read for it.
    pub doc: Option<(i64, i64)>,
}

/// These cases as they stand, of one scope or of all, each as one snapshot has it and in the order
/// asked for. Those that are not there are left out.
///
/// # Errors
/// A fault.
pub async fn load(
    db: &Db,
    scope: Option<Scope>,
    generation: i64,
    ids: &[CaseId],
) -> Result<Vec<Loaded>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut loaded = match db.kind() {
        EngineKind::Sqlite => one_by_one(db, generation, ids).await?,
        EngineKind::Postgres => {
            let mut all = Vec::with_capacity(ids.len());
            for some in few_notes_each(db, ids).await? {
                all.append(&mut together(db, generation, some).await?);
            }
            all
        }
    };
    loaded.retain(|one| scope.is_none_or(|scope| scope == one.case.scope));
    Ok(loaded)
}

async fn one_by_one(db: &Db, generation: i64, ids: &[CaseId]) -> Result<Vec<Loaded>, Fault> {
    let mut queries = Vec::with_capacity(ids.len() * 4);
    for id in ids {
        queries.extend(whole::ask(id));
        queries.push(Query::new(DOC, vec![id.as_str().into(), generation.into()]));
    }
    let found = db.read(queries).await?;
    let mut loaded = Vec::with_capacity(ids.len());
    for rows in found.chunks_exact(4) {
        let Some((case, payment, notes)) = whole::read(rows)? else { continue };
        let doc = rows[3].first().map(|row| Ok((row.int(0)?, row.int(1)?)));
        let doc = doc.transpose().map_err(|fault: Fault| fault)?;
        loaded.push(Loaded { case, payment, notes, doc });
    }
    Ok(loaded)
}

/// Ids one after another: none holds a space.
fn joined(ids: &[CaseId]) -> Value {
    let ids: Vec<&str> = ids.iter().map(CaseId::as_str).collect();
    ids.join(" ").into()
}

/// The ids in stretches whose notes fit into one answer.
async fn few_notes_each<'a>(db: &Db, ids: &'a [CaseId]) -> Result<Vec<&'a [CaseId]>, Fault> {
    let mut notes = HashMap::new();
    for row in db.rows(at_once::HEADS, vec![joined(ids)]).await? {
        notes.insert(row.text(0)?.to_owned(), row.int(1)?.min(NOTES_PER_CASE_MAX));
    }
    let (mut stretches, mut rest, mut size, mut sum) = (Vec::new(), ids, 0, 0);
    for id in ids {
        let more = notes.get(id.as_str()).copied().unwrap_or(0);
        if size > 0 && sum + more > NOTES_AT_ONCE {
            let (now, later) = rest.split_at(size);
            stretches.push(now);
            (rest, size, sum) = (later, 0, 0);
        }
        (size, sum) = (size + 1, sum + more);
    }
    stretches.push(rest);
    Ok(stretches)
}

async fn together(db: &Db, generation: i64, ids: &[CaseId]) -> Result<Vec<Loaded>, Fault> {
    let list = joined(ids);
    let found = db
        .read(vec![
            Query::new(at_once::CASES, vec![list.clone()]),
            Query::new(at_once::PAYMENTS, vec![list.clone()]),
            Query::new(at_once::NOTES, vec![list.clone(), NOTES_PER_CASE_MAX.into()]),
            Query::new(at_once::DOCS_OF, vec![list, generation.into()]),
        ])
        .await?;
    let [rows, payments, notes, docs] = found.as_slice() else {
        return Err(Fault::new("a snapshot without its answers"));
    };
    let mut payments = by_case(payments, 11, cases::payment)?;
    let mut docs = by_case(docs, 2, |row| Ok((row.int(0)?, row.int(1)?)))?;
    let mut all_notes: HashMap<String, Vec<KeptNote>> = HashMap::new();
    for row in notes {
        let note = cases::kept_note(row)?;
        all_notes.entry(note.note.case.as_str().to_owned()).or_default().push(note);
    }
    let mut found = by_case(rows, 0, cases::case)?;
    let mut loaded = Vec::with_capacity(ids.len());
    for id in ids.iter().map(CaseId::as_str) {
        let Some(case) = found.remove(id) else { continue };
        let (payment, doc) = (payments.remove(id), docs.remove(id));
        let notes = all_notes.remove(id).unwrap_or_default();
        loaded.push(Loaded { case, payment, notes, doc });
    }
    Ok(loaded)
}

/// What rows say, by the case that they name at `place`.
fn by_case<T>(
    rows: &[Row],
    place: usize,
    read: impl Fn(&Row) -> Result<T, Fault>,
) -> Result<HashMap<String, T>, Fault> {
    rows.iter().map(|row| Ok((row.text(place)?.to_owned(), read(row)?))).collect()
}
