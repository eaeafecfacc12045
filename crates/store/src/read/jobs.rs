//! Jobs: shown to people, and claimed by lease for the sweep that carries them out.

use domain::actor::Rights;
use domain::ids::JobId;
use domain::job::{Job, JobRow, JobState, RowEnd};
use domain::{Actor, Instant, Role, Scope, case::Act};

use crate::codec;
use crate::engine::{CommitError, Db, Expect, Row, Stmt};
use crate::fault::Fault;

// The condition stands twice on purpose: without the outer one two nodes can claim the same job.
// The one that was worked longest ago comes first, so that jobs take turns.
const CLAIM: &str = "UPDATE jobs SET leased_until = ?1
 WHERE state = 0 AND leased_until <= ?2 AND id IN (
  SELECT id FROM jobs WHERE state = 0 AND leased_until <= ?2 ORDER BY leased_until, id LIMIT 1)
 RETURNING id, scope, by_name, by_role, created_at, act, state, ended_at, total, done, refused,
 by_rights, by_credential, cancelled_by, body";

const JOB: &str = "SELECT id, scope, by_name, by_role, created_at, act, state, ended_at, total,
 done, refused, by_rights, by_credential, cancelled_by FROM jobs WHERE scope = ?1 AND id = ?2";

const JOBS: &str = "SELECT id, scope, by_name, by_role, created_at, act, state, ended_at, total,
 done, refused, by_rights, by_credential, cancelled_by FROM jobs WHERE scope = ?1 AND id < ?2
 AND (?3 < 0 OR state = ?3) ORDER BY id DESC LIMIT ?4";

const ROWS: &str = "SELECT job_rows.number, job_rows.case_id, job_rows.state, job_rows.code,
 job_rows.version FROM jobs JOIN job_rows ON job_rows.job_id = jobs.id
 WHERE jobs.scope = ?1 AND jobs.id = ?2 AND job_rows.number > ?3
 ORDER BY job_rows.number LIMIT ?4";

const WAITING_ROWS: &str = "SELECT job_rows.number, job_rows.case_id, job_rows.state,
 job_rows.code, job_rows.version FROM jobs JOIN job_rows ON job_rows.job_id = jobs.id
 WHERE jobs.id = ?1 AND jobs.state = 0 AND job_rows.state = 0
 ORDER BY job_rows.number LIMIT ?2";

/// A job that was claimed, with what is asked of each case, sealed.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// The job.
    pub job: Job,
    /// The act and what is said with it, sealed.
    pub body: Vec<u8>,
}

fn job(row: &Row) -> Result<Job, Fault> {
    let unknown = |what: &str| Fault::new(format!("a job's {what} is not one"));
    let ended_at = row.int(7)?;
    Ok(Job {
        id: JobId::parse(row.text(0)?).ok_or_else(|| unknown("id"))?,
        by: Actor {
            scope: Scope::from_number(row.int(1)?),
            name: row.text(2)?.to_owned(),
            role: Role::parse(row.text(3)?).ok_or_else(|| unknown("role"))?,
            rights: Rights::parse(row.text(11)?).map_err(|_| unknown("rights"))?,
            credential: row.text(12)?.to_owned(),
        },
        created_at: Instant::from_millis(row.int(4)?),
        act: Act::parse(row.text(5)?).ok_or_else(|| unknown("act"))?,
        state: JobState::from_number(row.int(6)?).ok_or_else(|| unknown("state"))?,
        ended_at: (ended_at > 0).then(|| Instant::from_millis(ended_at)),
        total: row.int(8)?,
        done: row.int(9)?,
        refused: row.int(10)?,
        cancelled_by: Some(row.text(13)?).filter(|name| !name.is_empty()).map(str::to_owned),
    })
}

fn job_row(row: &Row) -> Result<JobRow, Fault> {
    let end = match row.int(2)? {
        0 => None,
        1 => Some(RowEnd::Done { version: row.int(4)? }),
        _ => Some(RowEnd::Refused { code: row.text(3)?.to_owned() }),
    };
    Ok(JobRow { number: row.int(0)?, case: codec::case_id(row.text(1)?)?, end })
}

/// Claims a job that nobody works until `until`.
pub async fn claim(db: &Db, now: Instant, until: Instant) -> Result<Option<ClaimedJob>, Fault> {
    let values = vec![until.millis().into(), now.millis().into()];
    let stmt = Stmt { sql: CLAIM, values, expect: Expect::Any, tag: "" };
    let found = match db.commit(vec![stmt]).await {
        Ok(mut found) => found.pop().unwrap_or_default(),
        Err(CommitError::Broken(fault)) => return Err(fault),
        Err(other) => return Err(Fault::new(format!("a claim was refused: {other}"))),
    };
    let claimed = |row: &Row| Ok(ClaimedJob { job: job(row)?, body: row.bytes(14)?.to_vec() });
    found.first().map(claimed).transpose()
}

/// One job.
pub async fn find(db: &Db, scope: Scope, id: &JobId) -> Result<Option<Job>, Fault> {
    let values = vec![scope.number().into(), id.as_str().into()];
    db.one(JOB, values).await?.as_ref().map(job).transpose()
}

/// Behind every id of a job.
const AFTER_ALL: &str = "job_~";

/// Up to `limit` jobs, the newest first, older than `before`; all states, or one.
pub async fn list(
    db: &Db,
    scope: Scope,
    state: Option<JobState>,
    before: Option<&JobId>,
    limit: i64,
) -> Result<Vec<Job>, Fault> {
    let before = before.map_or(AFTER_ALL, JobId::as_str);
    let state = state.map_or(-1, JobState::number);
    let values = vec![scope.number().into(), before.into(), state.into(), limit.into()];
    db.rows(JOBS, values).await?.iter().map(job).collect()
}

/// Up to `limit` cases of a job, behind number `after`.
pub async fn rows(
    db: &Db,
    scope: Scope,
    id: &JobId,
    after: i64,
    limit: i64,
) -> Result<Vec<JobRow>, Fault> {
    let values = vec![scope.number().into(), id.as_str().into(), after.into(), limit.into()];
    db.rows(ROWS, values).await?.iter().map(job_row).collect()
}

/// Up to `limit` cases that wait for their turn; none when the job has ended.
pub async fn waiting_rows(db: &Db, id: &JobId, limit: i64) -> Result<Vec<JobRow>, Fault> {
    let values = vec![id.as_str().into(), limit.into()];
    db.rows(WAITING_ROWS, values).await?.iter().map(job_row).collect()
}
