//! A case: one complaint, as a rule about one payment, from receipt to closing. `docs/case.md` is
//! the table of its life; a test reads that page and holds this code to it.

mod act;
mod archive;
mod decide;
mod fact;
mod link;
mod list;
mod open;
mod report;
mod retold;

pub use act::{Act, ActOrder, Ask, INTAKE};
pub use archive::{ARCHIVED_ENTRIES_MAX, Archived, Entry, Standing, is_external_id, is_source};
pub use decide::{
    Command, Decision, Hand, attached, decide, hindrance, next_stage, possible_acts, reportable,
    take_over,
};
pub use fact::Facts;
pub use link::{ABOVE_MAX, Link, LinkKind, Tie};
pub use list::{Behind, CaseFilter, Sort, Span};
pub use open::{ByHand, CUSTOMER_CHARS_MAX, Channel, Opening, RECEIVED_BACK_MAX, language};
pub use report::{Known, PaymentRef, Report, ReportContent};
pub use retold::{FileTold, Retold, retell};

use crate::chain::Head;
use crate::ids::CaseId;
use crate::scope::Scope;
use crate::time::Instant;

/// Whom a case waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The person who complained.
    Customer,
    /// Who carried the payment out.
    Provider,
    /// The payment network.
    Network,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The customer was right.
    Upheld,
    /// Right in part.
    PartlyUpheld,
    /// Not right.
    Rejected,
}

/// Why a case was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// It was resolved and the outcome stands.
    Settled,
    /// The customer took it back.
    Withdrawn,
    /// Another case is about the same.
    Duplicate,
    /// It should not have been opened.
    OpenedInError,
}

/// What can be given to a customer. Each needs a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remedy {
    /// The amount back.
    Refund,
    /// The voucher or PIN again.
    Resend,
    /// Money for the trouble.
    Compensation,
}

/// Words for the closed lists: as stored, shown and read.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// All, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as stored and shown.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}
use words;

words!(Party { Customer = "customer", Provider = "provider", Network = "network" });
words!(Outcome { Upheld = "upheld", PartlyUpheld = "partly-upheld", Rejected = "rejected" });
words!(CloseReason {
    Settled = "settled",
    Withdrawn = "withdrawn",
    Duplicate = "duplicate",
    OpenedInError = "opened-in-error",
});
words!(Remedy { Refund = "refund", Resend = "resend", Compensation = "compensation" });
words!(StageName {
    Received = "received",
    Open = "open",
    Waiting = "waiting",
    Resolved = "resolved",
    Closed = "closed",
});

/// A stage without its facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageName {
    /// Taken, nobody has looked.
    Received,
    /// Being worked.
    Open,
    /// Stands still until somebody answers.
    Waiting,
    /// Has an outcome.
    Resolved,
    /// Over.
    Closed,
}

/// Where a case stands, with the facts of that stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Taken, nobody has looked.
    Received,
    /// Being worked.
    Open,
    /// Stands still.
    Waiting {
        /// Who must answer.
        on: Party,
    },
    /// Has an outcome.
    Resolved {
        /// Which.
        outcome: Outcome,
    },
    /// Over.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

impl Stage {
    /// The stage's name.
    pub const fn name(self) -> StageName {
        match self {
            Self::Received => StageName::Received,
            Self::Open => StageName::Open,
            Self::Waiting { .. } => StageName::Waiting,
            Self::Resolved { .. } => StageName::Resolved,
            Self::Closed { .. } => StageName::Closed,
        }
    }

    /// The word of the stage's fact, or nothing.
    pub const fn fact(self) -> &'static str {
        match self {
            Self::Received | Self::Open => "",
            Self::Waiting { on } => on.word(),
            Self::Resolved { outcome } => outcome.word(),
            Self::Closed { reason } => reason.word(),
        }
    }

    /// Reads a stage from its name and the word of its fact.
    pub fn parse(name: &str, fact: &str) -> Option<Self> {
        Some(match StageName::parse(name)? {
            StageName::Received => Self::Received,
            StageName::Open => Self::Open,
            StageName::Waiting => Self::Waiting { on: Party::parse(fact)? },
            StageName::Resolved => Self::Resolved { outcome: Outcome::parse(fact)? },
            StageName::Closed => Self::Closed { reason: CloseReason::parse(fact)? },
        })
    }
}

/// An act that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// What was proposed.
    pub remedy: Remedy,
    /// Who proposed it.
    pub by: String,
}

/// One case as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Whose it is.
    pub scope: Scope,
    /// Counts the changes; 1 when it was opened.
    pub version: i64,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub stage_at: Instant,
    /// When it was opened.
    pub opened_at: Instant,
    /// How the complaint came.
    pub channel: Channel,
    /// When it was received: what the law's clocks count from. Never after `opened_at`, and the
    /// same for an app's report.
    pub received_at: Instant,
    /// Who took it from the customer; empty for an app's report.
    pub taken_by: String,
    /// The institution's own reference of the customer; empty when unknown.
    pub customer: String,
    /// The language the customer wants to be answered in, a BCP 47 tag; empty when unknown.
    pub language: String,
    /// The outcome, from resolving until it is reopened: closing keeps it.
    pub outcome: Option<Outcome>,
    /// The payment's reference; empty when it is about no payment.
    pub refid: String,
    /// The earlier, closed case about the same payment.
    pub earlier: Option<CaseId>,
    /// Whom to tell: the first is To, the rest Cc. The account's own address is added by the
    /// courier.
    pub addresses: Vec<String>,
    /// The credential it came through.
    pub through: String,
    /// The queue it stands in.
    pub queue: String,
    /// Who works it, empty when nobody does.
    pub assignee: String,
    /// What waits for a second person.
    pub proposal: Option<Proposal>,
    /// The last link of its history.
    pub head: Head,
}
