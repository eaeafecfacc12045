//! What is known of files: by case, by id, by state. Their bytes are not here.

use std::collections::BTreeSet;

use domain::evidence::{Evidence, FileKind, Flag, ScanState};
use domain::ids::{CaseId, EvidenceId};
use domain::{Instant, Scope};

use super::cases::digest;
use crate::codec;
use crate::engine::{Db, Row, Value};
use crate::fault::Fault;

/// Addresses looked up in one statement; the text below has as many places.
pub const ADDRESSES_PER_QUERY: usize = 20;

/// Files of one case that are listed. A request brings ten at most.
const FILES_OF_CASE_MAX: i64 = 1_000;

macro_rules! columns {
    () => {
        "evidence.id, evidence.scope, evidence.case_id, evidence.name, evidence.kind,
 evidence.size, evidence.sha256, evidence.flags, evidence.state, evidence.finding,
 evidence.address, evidence.uploaded_by, evidence.created_at"
    };
}

const EVIDENCE_BY_ID: &str =
    concat!("SELECT ", columns!(), " FROM evidence WHERE scope = ?1 AND id = ?2");

const EVIDENCE_OF_CASE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM evidence WHERE scope = ?1 AND case_id = ?2 ORDER BY id LIMIT ?3"
);

const EVIDENCE_HELD: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM evidence WHERE state = 'held' AND id > ?1 ORDER BY id LIMIT ?2"
);

const KNOWN_ADDRESSES: &str = "SELECT address FROM evidence
 WHERE address IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
 ?18, ?19, ?20)";

const EVIDENCE_KEPT: &str = "SELECT id, address FROM evidence WHERE id > ?1 ORDER BY id LIMIT ?2";

const EVIDENCE_COUNTS: &str = "SELECT state, COUNT(*) FROM evidence GROUP BY state ORDER BY state";

fn evidence(row: &Row) -> Result<Evidence, Fault> {
    let unknown = |what: &str| Fault::new(format!("evidence: unknown {what}"));
    let flags = codec::read_words(row.text(7)?);
    Ok(Evidence {
        id: EvidenceId::parse(row.text(0)?).ok_or_else(|| unknown("id"))?,
        scope: Scope::from_number(row.int(1)?),
        case: row.opt_text(2)?.map(codec::case_id).transpose()?,
        name: row.text(3)?.to_owned(),
        kind: FileKind::parse(row.text(4)?).ok_or_else(|| unknown("kind"))?,
        size: row.int(5)?,
        sha256: digest(row.bytes(6)?)?,
        flags: flags.iter().filter_map(|word| Flag::parse(word)).collect(),
        state: ScanState::parse(row.text(8)?).ok_or_else(|| unknown("state"))?,
        finding: row.text(9)?.to_owned(),
        address: row.text(10)?.to_owned(),
        uploaded_by: row.text(11)?.to_owned(),
        created_at: Instant::from_millis(row.int(12)?),
    })
}

/// One file.
pub async fn find(db: &Db, scope: Scope, id: &EvidenceId) -> Result<Option<Evidence>, Fault> {
    let found = db.rows(EVIDENCE_BY_ID, vec![scope.number().into(), id.as_str().into()]).await?;
    found.first().map(evidence).transpose()
}

/// The files of a case, oldest first, at most 1,000.
pub async fn of_case(db: &Db, scope: Scope, case: &CaseId) -> Result<Vec<Evidence>, Fault> {
    let values = vec![scope.number().into(), case.as_str().into(), FILES_OF_CASE_MAX.into()];
    db.rows(EVIDENCE_OF_CASE, values).await?.iter().map(evidence).collect()
}

/// Files that wait for the scanner, of all scopes, by id after `after`.
pub async fn held(db: &Db, after: &str, limit: i64) -> Result<Vec<Evidence>, Fault> {
    db.rows(EVIDENCE_HELD, vec![after.into(), limit.into()]).await?.iter().map(evidence).collect()
}

/// Which of these addresses a row names, of whatever scope.
pub async fn known_addresses(db: &Db, addresses: &[String]) -> Result<BTreeSet<String>, Fault> {
    let mut known = BTreeSet::new();
    for chunk in addresses.chunks(ADDRESSES_PER_QUERY) {
        let mut values: Vec<Value> = chunk.iter().map(Value::from).collect();
        values.resize_with(ADDRESSES_PER_QUERY, || "".into());
        for row in db.rows(KNOWN_ADDRESSES, values).await? {
            known.insert(row.text(0)?.to_owned());
        }
    }
    Ok(known)
}

/// Files and their names in the storage, of all scopes, by id after `after`.
pub async fn kept_after(
    db: &Db,
    after: &str,
    limit: i64,
) -> Result<Vec<(EvidenceId, String)>, Fault> {
    let named = |row: &Row| {
        let id = EvidenceId::parse(row.text(0)?).ok_or_else(|| Fault::new("evidence: unknown id"));
        Ok((id?, row.text(1)?.to_owned()))
    };
    db.rows(EVIDENCE_KEPT, vec![after.into(), limit.into()]).await?.iter().map(named).collect()
}

/// How many files there are in each state, of all scopes.
pub async fn counts(db: &Db) -> Result<Vec<(String, i64)>, Fault> {
    let found = db.rows(EVIDENCE_COUNTS, Vec::new()).await?;
    found.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}
