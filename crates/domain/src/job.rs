//! Jobs: one act on many cases, carried out case by case as the person who asked. A job has no
//! rights of its own, and a case that refuses the act does not stop the others.

use crate::actor::Actor;
use crate::case::{Act, Ask};
use crate::ids::{CaseId, JobId};
use crate::time::Instant;

/// Cases in one job: an afternoon's work of a team, done in minutes; more is a sign of a filter
/// that says too little.
pub const JOB_CASES_MAX: usize = 10_000;

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobChange {
    /// A job, with what is asked of each of its cases, sealed.
    New {
        /// The job.
        job: Box<Job>,
        /// The act and what is said with it, sealed.
        body: Vec<u8>,
        /// Its cases, in order.
        cases: Vec<CaseId>,
    },
    /// Some cases of a job had their turn.
    Advanced {
        /// The job.
        job: JobId,
        /// The lease it was claimed with.
        leased_until: Instant,
        /// Until when it is held from now on.
        until: Instant,
        /// The cases, with what came of them.
        rows: Vec<JobRow>,
    },
    /// A job that was running ended.
    Ended {
        /// The job.
        job: JobId,
        /// How.
        state: JobState,
        /// Who stopped it; nothing when it came to its end.
        cancelled_by: Option<String>,
    },
}

/// How far a job came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    /// Some cases wait for their turn.
    Running,
    /// Every case had its turn.
    Done,
    /// Somebody stopped it; what was done stays.
    Cancelled,
}

impl JobState {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Running, Self::Done, Self::Cancelled];

    /// The word in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// The number that is stored.
    pub const fn number(self) -> i64 {
        match self {
            Self::Running => 0,
            Self::Done => 1,
            Self::Cancelled => 2,
        }
    }

    /// Reads [`JobState::number`] back.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

/// One job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Who asked, and in whose data.
    pub by: Actor,
    /// When.
    pub created_at: Instant,
    /// The act.
    pub act: Act,
    /// How far it came.
    pub state: JobState,
    /// When it ended; nothing while it runs.
    pub ended_at: Option<Instant>,
    /// How many cases it has.
    pub total: i64,
    /// How many did it.
    pub done: i64,
    /// How many refused.
    pub refused: i64,
    /// Who stopped it; nothing for one that was not stopped, or before this was kept.
    pub cancelled_by: Option<String>,
}

/// What came of one case of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowEnd {
    /// It was done.
    Done {
        /// The case's version after it.
        version: i64,
    },
    /// It was refused.
    Refused {
        /// The refusal's code.
        code: String,
    },
}

/// One case of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its place, from 1.
    pub number: i64,
    /// The case.
    pub case: CaseId,
    /// What came of it; nothing while it waits.
    pub end: Option<RowEnd>,
}

/// Whether an act may be asked of many cases at once. A split has its own story for each case.
pub const fn in_bulk(act: Act) -> bool {
    !matches!(act, Act::Split)
}

/// Whether the cases of a job can have their turns beside each other: not when all of them touch
/// one other case.
pub const fn side_by_side(ask: &Ask) -> bool {
    ask.other().is_none()
}
