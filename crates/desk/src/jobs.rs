//! Jobs: one act on many cases. Asking for one writes down its cases; a sweep gives each its turn
//! by the same road as a person's command, as the person who asked. A node that dies leaves a
//! lease and perhaps a case that was done and not noted: the key of its turn says so to the next.

use std::time::Duration;

use domain::actor::{Actor, Right};
use domain::admin::ReadView;
use domain::case::{Act, ActOrder, Ask, CaseFilter, Command, Known, Sort};
use domain::changes::{Change, Changes, Outcome};
use domain::ids::{CaseId, JobId};
use domain::job::{JOB_CASES_MAX, Job, JobChange, JobRow, JobState, RowEnd, in_bulk, side_by_side};
use domain::{Instant, Millis, Refusal};
use store::codec;
use store::engine::CommitError;
use store::read::jobs as read;
use store::write::tag;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::execute::{Done, Order};
use crate::once::Once;
use crate::{Desk, Failure, failure};

/// How long a node holds a job it works; it holds it longer with each step.
const LEASE: Millis = Millis::minutes(1);

/// Cases that have their turn in one step. Their commands share a durable write.
const CASES_PER_STEP: i64 = 16;

/// Steps before another job has its turn.
const STEPS_PER_TURN: usize = 16;

/// Times a case is tried when others change it at the same moment.
const TRIES_MAX: usize = 4;

/// How often jobs are looked for when no wake-up comes: another node may have died over one.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Of which cases.
#[derive(Clone, Debug)]
pub enum JobCases {
    /// These, in this order.
    These(Vec<CaseId>),
    /// All that a list shows now, the oldest first.
    Filter(CaseFilter),
}

fn right_of(act: Act) -> Right {
    match act {
        Act::Approve | Act::Decline => Right::ApproveActs,
        _ => Right::WorkCases,
    }
}

fn purpose(id: &JobId) -> String {
    format!("job {id}")
}

impl Desk {
    /// Asks for an act on many cases. A case that is not there, or another tenant's, is one that
    /// refuses.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::JobTooLarge`]; [`Refusal::KeyReusedForOther`];
    /// [`Refusal::Busy`]; [`Refusal::ThingUnknown`] or [`Refusal::OtherCaseUnknown`] when every one
    /// would refuse the act for want of what it names; or a fault.
    pub async fn ask_job(
        &self,
        by: &Actor,
        (ask, says): (&Ask, &str),
        cases: JobCases,
        once: Option<&Once>,
    ) -> Result<Done, Failure> {
        let act = ask.act();
        by.must(right_of(act))?;
        if !in_bulk(act) {
            let (right, role) = (right_of(act), by.role);
            return Err(Refusal::NotAllowed { right, role }.into());
        }
        if let Some(done) = self.job_again(by, once).await? {
            return Ok(done);
        }
        self.there_for_all(by, ask).await?;
        let cases = self.cases_of_job(by, cases).await?;
        let now = self.now();
        let id = self.with_dice(|dice| JobId::new(now, dice));
        let plain = codec::write_job(ask, says);
        let body =
            self.with_dice(|dice| self.keyring().seal(dice, &purpose(&id), plain.as_bytes()));
        let job = Job {
            id,
            by: by.clone(),
            created_at: now,
            act,
            state: JobState::Running,
            ended_at: None,
            total: i64::try_from(cases.len()).unwrap_or(i64::MAX),
            done: 0,
            refused: 0,
            cancelled_by: None,
        };
        let outcome = Outcome::Job { job: job.id.clone(), total: job.total, state: job.state };
        let mut changes = Changes::none(by.scope, now);
        changes.saved = once.map(|once| once.saved(by, outcome.clone()));
        changes.list.push(Change::Job(JobChange::New { job: Box::new(job), body, cases }));
        match store::bulk::commit(self.db(), changes).await {
            Ok(()) => self.inner.jobs_grew.notify_one(),
            // Another request with the same key was first.
            Err(CommitError::Missed { tag: tag::KEY }) => {
                return Ok(self.job_again(by, once).await?.ok_or(Refusal::Busy)?);
            }
            Err(error) => return Err(failure::must(error).into()),
        }
        Ok(Done { outcome, repeated: false })
    }

    /// Refuses what no case could do, since the queue, the person or the other case is not there.
    async fn there_for_all(&self, by: &Actor, ask: &Ask) -> Result<(), Failure> {
        if let Ask::Assign { queue, person } = ask {
            let (queue, person) = (queue.as_deref(), person.as_deref());
            let mut known = Known::default();
            self.look_up(by.scope, queue, person, &mut known).await?;
            if let Some(kind) = known.closed_to {
                return Err(Refusal::ThingUnknown { kind }.into());
            }
        }
        if let Some(other) = ask.other()
            && store::read::cases::find(self.db(), by.scope, other).await?.is_none()
        {
            return Err(Refusal::OtherCaseUnknown.into());
        }
        Ok(())
    }

    /// What was answered under the key before.
    async fn job_again(&self, by: &Actor, once: Option<&Once>) -> Result<Option<Done>, Failure> {
        let Some(once) = once else { return Ok(None) };
        let remembered = self.remembered(by, once).await?;
        Ok(remembered.map(|outcome| Done { outcome, repeated: true }))
    }

    async fn cases_of_job(&self, by: &Actor, cases: JobCases) -> Result<Vec<CaseId>, Failure> {
        let most = JOB_CASES_MAX;
        let cases = match cases {
            JobCases::These(cases) => cases,
            JobCases::Filter(filter) => {
                let filter = self.as_called_here(by.scope, &filter).await?;
                if filter.customer.is_some() {
                    by.must(Right::ReadPersonal)?;
                }
                // Its rows say whom the filter fits, as a list does.
                self.note_read(by, ReadView::Cases, &filter.words()).await?;
                let limit = i64::try_from(most + 1).unwrap_or(i64::MAX);
                let (db, scope) = (self.db(), by.scope);
                let found =
                    store::read::listing::cases(db, scope, &filter, Sort::Oldest, None, limit);
                found.await?.into_iter().map(|case| case.id).collect()
            }
        };
        if cases.len() > most {
            return Err(Refusal::JobTooLarge.into());
        }
        Ok(cases)
    }

    /// One job.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::JobUnknown`], or a fault.
    pub async fn job(&self, by: &Actor, id: &JobId) -> Result<Job, Failure> {
        by.must(Right::ReadInternal)?;
        Ok(read::find(self.db(), by.scope, id).await?.ok_or(Refusal::JobUnknown)?)
    }

    /// Up to `limit` jobs, the newest first, older than `before`; and whether there are more.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn list_jobs(
        &self,
        by: &Actor,
        state: Option<JobState>,
        before: Option<&JobId>,
        limit: i64,
    ) -> Result<(Vec<Job>, bool), Failure> {
        by.must(Right::ReadInternal)?;
        let mut jobs = read::list(self.db(), by.scope, state, before, limit + 1).await?;
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = jobs.len() > size;
        jobs.truncate(size);
        Ok((jobs, more))
    }

    /// Up to `limit` cases of a job behind number `after`, with the job.
    ///
    /// # Errors
    /// As for [`Desk::job`].
    pub async fn job_rows(
        &self,
        by: &Actor,
        id: &JobId,
        after: i64,
        limit: i64,
    ) -> Result<(Job, Vec<JobRow>), Failure> {
        let job = self.job(by, id).await?;
        Ok((job, read::rows(self.db(), by.scope, id, after, limit).await?))
    }

    /// Stops a job: cases that had no turn yet get none. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::JobUnknown`], [`Refusal::KeyReusedForOther`],
    /// [`Refusal::Busy`], or a fault.
    pub async fn cancel_job(
        &self,
        by: &Actor,
        id: &JobId,
        once: Option<&Once>,
    ) -> Result<Done, Failure> {
        by.must(Right::WorkCases)?;
        for _ in 0..TRIES_MAX {
            if let Some(done) = self.job_again(by, once).await? {
                return Ok(done);
            }
            let job = read::find(self.db(), by.scope, id).await?.ok_or(Refusal::JobUnknown)?;
            let runs = job.state == JobState::Running;
            let state = if runs { JobState::Cancelled } else { job.state };
            let outcome = Outcome::Job { job: id.clone(), total: job.total, state };
            let mut changes = Changes::none(by.scope, self.now());
            changes.saved = once.map(|once| once.saved(by, outcome.clone()));
            if runs {
                let (job, cancelled_by) = (id.clone(), Some(by.name.clone()));
                changes.list.push(Change::Job(JobChange::Ended { job, state, cancelled_by }));
            }
            if changes.list.is_empty() && changes.saved.is_none() {
                return Ok(Done { outcome, repeated: false });
            }
            match store::commit(self.db(), &changes).await {
                Ok(()) => return Ok(Done { outcome, repeated: false }),
                Err(CommitError::Missed { .. }) => {} // it ended, or the key was used: look again
                Err(error) => return Err(failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }

    /// Works jobs until the future is dropped.
    pub async fn work_jobs(&self) {
        loop {
            match self.work_a_job().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(failure) => {
                    crate::sweep::log("carrying out a job", &failure);
                    sleep(LOOK_EVERY).await;
                }
            }
            // Whether it was a wake-up or the period does not matter: the sweep looks.
            drop(timeout(LOOK_EVERY, self.inner.jobs_grew.notified()).await);
        }
    }

    /// Gives some cases of one job their turn; false when no job waits.
    ///
    /// # Errors
    /// A fault; then the lease ends by itself, and the job goes on where it stood.
    pub async fn work_a_job(&self) -> Result<bool, Failure> {
        let now = self.now();
        let mut lease = now.plus(LEASE);
        let Some(claimed) = read::claim(self.db(), now, lease).await? else { return Ok(false) };
        let (job, body) = (claimed.job, claimed.body);
        let plain = self.keyring().unseal(&purpose(&job.id), &body);
        let plain = plain.map_err(|why| {
            store::Fault::new(format!("{}: what it asks does not open", job.id)).because(why)
        })?;
        let (ask, says) = codec::read_job(&String::from_utf8_lossy(&plain))?;
        for step in 1..=STEPS_PER_TURN {
            let rows = read::waiting_rows(self.db(), &job.id, CASES_PER_STEP).await?;
            if rows.is_empty() {
                let (id, state) = (job.id.clone(), JobState::Done);
                let ended = JobChange::Ended { job: id, state, cancelled_by: None };
                self.write(job.by.scope, Change::Job(ended)).await?;
                return Ok(true);
            }
            let rows = self.turns(&job, &ask, &says, rows).await?;
            // The last step gives it back: whoever waited longest is next.
            let now = self.now();
            let until = if step == STEPS_PER_TURN { now } else { now.plus(LEASE) };
            if !self.note_turns(&job, (lease, until), rows).await? {
                return Ok(true);
            }
            lease = until;
        }
        Ok(true)
    }

    /// Notes what came of some cases; false when the lease is another's by now, which then notes
    /// the same.
    async fn note_turns(
        &self,
        job: &Job,
        (leased_until, until): (Instant, Instant),
        rows: Vec<JobRow>,
    ) -> Result<bool, Failure> {
        let mut changes = Changes::none(job.by.scope, self.now());
        let advanced = JobChange::Advanced { job: job.id.clone(), leased_until, until, rows };
        changes.list.push(Change::Job(advanced));
        match store::commit(self.db(), &changes).await {
            Ok(()) => Ok(true),
            Err(CommitError::Missed { .. }) => Ok(false),
            Err(error) => Err(failure::must(error).into()),
        }
    }

    async fn turns(
        &self,
        job: &Job,
        ask: &Ask,
        says: &str,
        rows: Vec<JobRow>,
    ) -> Result<Vec<JobRow>, Failure> {
        let order = |row: &JobRow| {
            let (case, ask, says) = (row.case.clone(), ask.clone(), says.to_owned());
            let command = Command::Act(ActOrder { case, ask, says, version: None });
            let key = Some(format!("job:{}:{}", job.id, row.number));
            Order { by: job.by.clone(), command, key, nonce: None }
        };
        let mut ended = Vec::with_capacity(rows.len());
        if !side_by_side(ask) {
            for row in rows {
                let end = self.turn(order(&row)).await?;
                ended.push(JobRow { end: Some(end), ..row });
            }
            return Ok(ended);
        }
        let mut turns = JoinSet::new();
        for row in rows {
            let (desk, order) = (self.clone(), order(&row));
            turns.spawn(async move { (row, desk.turn(order).await) });
        }
        while let Some(turn) = turns.join_next().await {
            let (row, end) = turn.map_err(|why| {
                store::Fault::new("a turn of a job broke".to_owned()).because(why)
            })?;
            ended.push(JobRow { end: Some(end?), ..row });
        }
        ended.sort_by_key(|row| row.number);
        Ok(ended)
    }

    async fn turn(&self, order: Order) -> Result<RowEnd, Failure> {
        for _ in 1..TRIES_MAX {
            match self.execute(&order).await {
                Err(Failure::Refused(Refusal::Busy)) => {}
                other => return end(other.map(|done| done.outcome)),
            }
        }
        end(self.execute(&order).await.map(|done| done.outcome))
    }
}

fn end(done: Result<Outcome, Failure>) -> Result<RowEnd, Failure> {
    match done {
        Ok(Outcome::Acted { version, .. } | Outcome::Split { version, .. }) => {
            Ok(RowEnd::Done { version })
        }
        // No act has another outcome.
        Ok(_) => Ok(RowEnd::Done { version: 0 }),
        Err(Failure::Refused(refusal)) => Ok(RowEnd::Refused { code: refusal.code().to_owned() }),
        Err(broken) => Err(broken),
    }
}
