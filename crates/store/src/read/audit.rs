//! Histories and seals as an examiner walks them: over every scope, in pages, nothing left out.

use std::collections::{BTreeMap, BTreeSet};

use domain::audit::{AdminHead, Heads, Seal, SealedHead, SignedSeal};
use domain::case::Tie;
use domain::chain::Head;
use domain::ids::CaseId;
use domain::{Instant, Scope};

mod rows;
pub use rows::{CaseRow, FileRow, case_rows, files, told_elsewise};

use super::cases::{KeptNote, digest, kept_note, link};
use crate::codec;
use crate::engine::{Db, Query, Row};
use crate::fault::Fault;

/// Notes read in one page.
pub const NOTES_PER_PAGE: i64 = 5_000;

const UNSEALED: &str = "SELECT case_id, seq, digest FROM notes WHERE seal = 0
 ORDER BY case_id, seq LIMIT ?1";

const LAST_SEAL: &str = "SELECT seq, at, heads, root, previous, signer, signature FROM seals
 ORDER BY seq DESC LIMIT 1";

const SEALS: &str = "SELECT seq, at, heads, root, previous, signer, signature FROM seals
 WHERE seq > ?1 ORDER BY seq LIMIT 1000";

const HEADS: &str =
    "SELECT case_id, note_seq, digest FROM seal_heads WHERE seal = ?1 ORDER BY case_id";

const ADMIN_HEADS: &str =
    "SELECT scope, seq, digest FROM admin_seal_heads WHERE seal = ?1 ORDER BY scope";

const UNSEALED_ADMIN: &str = "SELECT scope, seq, digest FROM admin_history WHERE seal = 0
 ORDER BY scope, seq LIMIT ?1";

const ALL_NOTES: &str = "SELECT notes.seq, notes.at, notes.actor, notes.act, notes.fact,
 notes.content_digest, notes.previous, notes.digest, notes.salt, notes.content, notes.sealed,
 notes.case_id, notes.seal
 FROM notes WHERE (case_id = ?1 AND seq > ?2) OR case_id > ?1 ORDER BY case_id, seq LIMIT ?3";

// What no walk of a single chain can see. Each names the case it found.
const SEALED_AND_GONE: &str = "SELECT seal_heads.case_id, seal_heads.note_seq FROM seal_heads
 LEFT JOIN notes ON notes.case_id = seal_heads.case_id AND notes.seq = seal_heads.note_seq
 WHERE notes.digest IS NULL OR notes.digest <> seal_heads.digest LIMIT 1000";

const ADMIN_SEALED_AND_GONE: &str = "SELECT CAST(admin_seal_heads.scope AS TEXT),
 admin_seal_heads.seq FROM admin_seal_heads LEFT JOIN admin_history
 ON admin_history.scope = admin_seal_heads.scope AND admin_history.seq = admin_seal_heads.seq
 WHERE admin_history.digest IS NULL OR admin_history.digest <> admin_seal_heads.digest LIMIT 1000";

const CASE_WITHOUT_HEAD: &str = "SELECT cases.id, cases.head_seq FROM cases
 LEFT JOIN notes ON notes.case_id = cases.id AND notes.seq = cases.head_seq
 WHERE notes.digest IS NULL OR notes.digest <> cases.head_digest LIMIT 1000";

const NOTES_WITHOUT_CASE: &str = "SELECT notes.case_id, notes.seq FROM notes
 LEFT JOIN cases ON cases.id = notes.case_id
 WHERE cases.id IS NULL OR notes.seq > cases.head_seq LIMIT 1000";

// The note `import` in a case's history says the same, and no other note of it does.
const IMPORT_UNTOLD: &str = "SELECT imported_cases.case_id FROM imported_cases
 LEFT JOIN cases ON cases.id = imported_cases.case_id AND cases.scope = imported_cases.scope
 LEFT JOIN notes ON notes.case_id = cases.id AND notes.act = 'import'
 AND notes.fact = imported_cases.source || ' ' || imported_cases.external_id
 WHERE notes.seq IS NULL LIMIT 1000";

const IMPORT_FORGOTTEN: &str = "SELECT notes.case_id FROM notes
 LEFT JOIN imported_cases ON imported_cases.case_id = notes.case_id
 AND notes.fact = imported_cases.source || ' ' || imported_cases.external_id
 WHERE notes.act = 'import' AND imported_cases.case_id IS NULL LIMIT 1000";

fn sealed_head(row: &Row) -> Result<SealedHead, Fault> {
    Ok(SealedHead {
        case: codec::case_id(row.text(0)?)?,
        head: Head { seq: row.int(1)?, digest: digest(row.bytes(2)?)? },
    })
}

fn admin_head(row: &Row) -> Result<AdminHead, Fault> {
    Ok(AdminHead {
        scope: Scope::from_number(row.int(0)?),
        head: Head { seq: row.int(1)?, digest: digest(row.bytes(2)?)? },
    })
}

/// The newest unsealed note of each case, and entry of each account, among the next `limit` of
/// either, by case and by scope.
pub async fn unsealed_heads(db: &Db, limit: i64) -> Result<Heads, Fault> {
    let query = |sql| Query { sql, values: vec![limit.into()] };
    let found = db.read(vec![query(UNSEALED), query(UNSEALED_ADMIN)]).await?;
    let mut heads = Heads::default();
    for row in found.first().into_iter().flatten() {
        let head = sealed_head(row)?;
        match heads.cases.last_mut() {
            Some(last) if last.case == head.case => *last = head,
            _ => heads.cases.push(head),
        }
    }
    for row in found.get(1).into_iter().flatten() {
        let head = admin_head(row)?;
        match heads.admin.last_mut() {
            Some(last) if last.scope == head.scope => *last = head,
            _ => heads.admin.push(head),
        }
    }
    Ok(heads)
}

fn signed_seal(row: &Row) -> Result<SignedSeal, Fault> {
    Ok(SignedSeal {
        seal: Seal {
            seq: row.int(0)?,
            at: Instant::from_millis(row.int(1)?),
            heads: row.int(2)?,
            root: digest(row.bytes(3)?)?,
            previous: digest(row.bytes(4)?)?,
        },
        signer: row.text(5)?.to_owned(),
        signature: row.bytes(6)?.to_vec(),
    })
}

/// The last seal, or nothing before the first.
pub async fn last_seal(db: &Db) -> Result<Option<SignedSeal>, Fault> {
    db.one(LAST_SEAL, Vec::new()).await?.as_ref().map(signed_seal).transpose()
}

/// Seals after number `after`, 1,000 at a time.
pub async fn seals(db: &Db, after: i64) -> Result<Vec<SignedSeal>, Fault> {
    db.rows(SEALS, vec![after.into()]).await?.iter().map(signed_seal).collect()
}

/// The heads a seal covers, by case and by scope.
pub async fn heads_of(db: &Db, seal: i64) -> Result<Heads, Fault> {
    let query = |sql| Query { sql, values: vec![seal.into()] };
    let found = db.read(vec![query(HEADS), query(ADMIN_HEADS)]).await?;
    let cases = found.first().into_iter().flatten().map(sealed_head);
    let admin = found.get(1).into_iter().flatten().map(admin_head);
    Ok(Heads { cases: cases.collect::<Result<_, _>>()?, admin: admin.collect::<Result<_, _>>()? })
}

/// Notes of all cases after the note `seq` of `case`, by case and number, a page at a time.
pub async fn all_notes(db: &Db, case: &str, seq: i64) -> Result<Vec<KeptNote>, Fault> {
    let values = vec![case.into(), seq.into(), NOTES_PER_PAGE.into()];
    db.rows(ALL_NOTES, values).await?.iter().map(kept_note).collect()
}

/// What does not fit between seals, cases and notes, in words, in one snapshot.
pub async fn mismatches(db: &Db) -> Result<Vec<String>, Fault> {
    let kinds = [
        (SEALED_AND_GONE, "was sealed and is gone or another one now"),
        (CASE_WITHOUT_HEAD, "is named by its case as the last and is gone or another one now"),
        (NOTES_WITHOUT_CASE, "has no case, or stands behind the last that its case names"),
    ];
    let queries = kinds.iter().map(|(sql, _)| Query { sql, values: Vec::new() }).collect();
    let found = db.read(queries).await?;
    let mut words = Vec::new();
    for row in db.rows(ADMIN_SEALED_AND_GONE, Vec::new()).await? {
        words.push(format!(
            "administration of scope {}: entry {} was sealed and is gone or another one now",
            row.text(0)?,
            row.int(1)?
        ));
    }
    for (sql, what) in [
        (IMPORT_UNTOLD, "is kept as another system's case, and its history does not say so"),
        (IMPORT_FORGOTTEN, "came from another system by its history, and is not kept as that"),
    ] {
        for row in db.rows(sql, Vec::new()).await? {
            words.push(format!("{}: it {what}", row.text(0)?));
        }
    }
    for ((_, what), rows) in kinds.iter().zip(&found) {
        for row in rows {
            words.push(format!("{}: note {} {what}", row.text(0)?, row.int(1)?));
        }
    }
    Ok(words)
}

const SEALED_NOTES: &str = "SELECT case_id, seq, content FROM notes
 WHERE sealed = 1 AND content IS NOT NULL AND ((case_id = ?1 AND seq > ?2) OR case_id > ?1)
 ORDER BY case_id, seq LIMIT ?3";

/// Notes whose content is sealed, after the note `seq` of `case`, a page at a time.
pub async fn sealed_notes(
    db: &Db,
    case: &str,
    seq: i64,
) -> Result<Vec<(domain::ids::CaseId, i64, Vec<u8>)>, Fault> {
    let values = vec![case.into(), seq.into(), NOTES_PER_PAGE.into()];
    let rows = db.rows(SEALED_NOTES, values).await?;
    rows.iter()
        .map(|row| Ok((codec::case_id(row.text(0)?)?, row.int(1)?, row.bytes(2)?.to_vec())))
        .collect()
}

// Over the rows of the cases, so that both ends are found by an index.
const TIES: &str = "SELECT case_links.case_id, case_links.other_id, case_links.kind, case_links.at,
 cases.id FROM cases JOIN case_links ON case_links.scope = cases.scope
 AND case_links.case_id = cases.id WHERE cases.id >= ?1 AND cases.id <= ?2
 UNION ALL SELECT case_links.case_id, case_links.other_id, case_links.kind, case_links.at,
 cases.id FROM cases JOIN case_links ON case_links.scope = cases.scope
 AND case_links.other_id = cases.id WHERE cases.id >= ?1 AND cases.id <= ?2";

/// What other cases are to the cases from `first` to `last`, by their rows.
pub async fn ties(
    db: &Db,
    first: &str,
    last: &str,
) -> Result<BTreeMap<CaseId, BTreeSet<(Tie, CaseId)>>, Fault> {
    let mut ties: BTreeMap<CaseId, BTreeSet<(Tie, CaseId)>> = BTreeMap::new();
    for row in db.rows(TIES, vec![first.into(), last.into()]).await? {
        let (link, case) = (link(&row)?, codec::case_id(row.text(4)?)?);
        let (tie, other) = link.seen_from(&case);
        let other = other.clone();
        ties.entry(case).or_default().insert((tie, other));
    }
    Ok(ties)
}

const HEAD_SEQ: &str = "SELECT head_seq FROM cases WHERE id = ?1";

/// How many notes a case's row counts now.
pub async fn head_seq(db: &Db, case: &str) -> Result<Option<i64>, Fault> {
    db.one(HEAD_SEQ, vec![case.into()]).await?.map(|row| row.int(0)).transpose()
}
