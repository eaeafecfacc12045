//! How jobs are written, advanced under a lease, and ended.

use domain::ids::{CaseId, JobId};
use domain::job::{Job, JobChange, JobRow, RowEnd};
use domain::{Instant, Scope};

use super::{one, tag};
use crate::engine::Stmt;

const INSERT_JOB: &str = "INSERT INTO jobs (id, scope, by_name, by_role, created_at, act, body,
 state, ended_at, total, done, refused, leased_until, by_rights, by_credential)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, 0, 0, 0, ?9, ?10) ON CONFLICT DO NOTHING";

const INSERT_ROW: &str = "INSERT INTO job_rows (job_id, number, case_id, state, code, version)
 VALUES (?1, ?2, ?3, 0, '', 0) ON CONFLICT DO NOTHING";

// The lease is the guard, not the state: what was done before somebody cancelled is still said.
const ADVANCE_JOB: &str = "UPDATE jobs SET leased_until = ?3, done = done + ?4,
 refused = refused + ?5 WHERE id = ?1 AND leased_until = ?2";

const END_ROW: &str = "UPDATE job_rows SET state = ?3, code = ?4, version = ?5
 WHERE job_id = ?1 AND number = ?2 AND state = 0";

// The body is gone with the end: what was said stands in the histories.
const END_JOB: &str = "UPDATE jobs SET state = ?3, ended_at = ?4, body = ?5,
 cancelled_by = ?6
 WHERE id = ?1 AND scope = ?2 AND state = 0";

pub(super) fn put(scope: Scope, change: &JobChange, at: Instant) -> Vec<Stmt> {
    match change {
        JobChange::New { job, body, cases } => new(job, body, cases),
        JobChange::Advanced { job, leased_until, until, rows } => {
            advanced(job, *leased_until, *until, rows)
        }
        JobChange::Ended { job, state, cancelled_by } => {
            let by = cancelled_by.as_deref().unwrap_or("");
            vec![ended(scope, job, state.number(), (at, by))]
        }
    }
}

fn new(job: &Job, body: &[u8], cases: &[CaseId]) -> Vec<Stmt> {
    let values = vec![
        job.id.as_str().into(),
        job.by.scope.number().into(),
        job.by.name.as_str().into(),
        job.by.role.word().into(),
        job.created_at.millis().into(),
        job.act.word().into(),
        body.into(),
        job.total.into(),
        job.by.rights.words().into(),
        job.by.credential.as_str().into(),
    ];
    let mut list = vec![one(INSERT_JOB, tag::JOB, values)];
    for (number, case) in (1_i64..).zip(cases) {
        let values = vec![job.id.as_str().into(), number.into(), case.as_str().into()];
        list.push(one(INSERT_ROW, tag::JOB, values));
    }
    list
}

fn advanced(id: &JobId, leased_until: Instant, until: Instant, rows: &[JobRow]) -> Vec<Stmt> {
    let count = |done: bool| {
        let ended = rows.iter().filter_map(|row| row.end.as_ref());
        let these = ended.filter(|end| matches!(end, RowEnd::Done { .. }) == done).count();
        i64::try_from(these).unwrap_or(i64::MAX)
    };
    let values = vec![
        id.as_str().into(),
        leased_until.millis().into(),
        until.millis().into(),
        count(true).into(),
        count(false).into(),
    ];
    let mut list = vec![one(ADVANCE_JOB, tag::LEASE, values)];
    for row in rows {
        let (state, code, version) = match &row.end {
            None => continue,
            Some(RowEnd::Done { version }) => (1, "", *version),
            Some(RowEnd::Refused { code }) => (2, code.as_str(), 0),
        };
        let values =
            vec![id.as_str().into(), row.number.into(), state.into(), code.into(), version.into()];
        list.push(one(END_ROW, tag::LEASE, values));
    }
    list
}

fn ended(scope: Scope, id: &JobId, state: i64, (at, by): (Instant, &str)) -> Stmt {
    let nothing: &[u8] = &[];
    let values = vec![
        id.as_str().into(),
        scope.number().into(),
        state.into(),
        at.millis().into(),
        nothing.into(),
        by.into(),
    ];
    one(END_JOB, tag::JOB, values)
}
