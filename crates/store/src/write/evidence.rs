//! How what is known of files is written. Their bytes are not here.

use domain::changes::{Change, Changes};
use domain::evidence::{Evidence, Flag, ScanState};
use domain::ids::{CaseId, EvidenceId};
use domain::{Instant, Scope};

use super::{one, tag};
use crate::codec;
use crate::engine::Stmt;

const INSERT_EVIDENCE: &str = "INSERT INTO evidence (id, scope, case_id, name, kind, size, sha256,
 flags, state, state_at, finding, address, uploaded_by, created_at)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING";

const ATTACH_EVIDENCE: &str =
    "UPDATE evidence SET case_id = ?3 WHERE id = ?1 AND scope = ?2 AND case_id IS NULL";

const SCAN_EVIDENCE: &str = "UPDATE evidence SET state = ?3, state_at = ?4, finding = ?5
 WHERE id = ?1 AND scope = ?2 AND state = 'held'";

/// What a change of files writes; nothing for any other.
pub(super) fn put(changes: &Changes, change: &Change) -> Option<Stmt> {
    let scope = changes.scope;
    Some(match change {
        Change::EvidenceKept(file) => kept(file),
        Change::EvidenceAttached { id, case } => attached(scope, id, case),
        Change::EvidenceScanned { id, state, finding } => {
            scanned(scope, id, *state, finding, changes.at)
        }
        _ => return None,
    })
}

fn kept(file: &Evidence) -> Stmt {
    let flags: Vec<&str> = file.flags.iter().copied().map(Flag::word).collect();
    let values = vec![
        file.id.as_str().into(),
        file.scope.number().into(),
        file.case.as_ref().map(CaseId::as_str).into(),
        file.name.as_str().into(),
        file.kind.word().into(),
        file.size.into(),
        file.sha256.as_slice().into(),
        codec::write_words(&flags).into(),
        file.state.word().into(),
        file.created_at.millis().into(),
        file.finding.as_str().into(),
        file.address.as_str().into(),
        file.uploaded_by.as_str().into(),
        file.created_at.millis().into(),
    ];
    one(INSERT_EVIDENCE, tag::EVIDENCE, values)
}

fn attached(scope: Scope, id: &EvidenceId, case: &CaseId) -> Stmt {
    let values = vec![id.as_str().into(), scope.number().into(), case.as_str().into()];
    one(ATTACH_EVIDENCE, tag::EVIDENCE, values)
}

fn scanned(scope: Scope, id: &EvidenceId, state: ScanState, finding: &str, at: Instant) -> Stmt {
    let values = vec![
        id.as_str().into(),
        scope.number().into(),
        state.word().into(),
        at.millis().into(),
        finding.into(),
    ];
    one(SCAN_EVIDENCE, tag::EVIDENCE, values)
}
