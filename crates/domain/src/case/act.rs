//! Everything that can be asked of an existing case.

use super::fact::{of_assignment, read_assignment};
use super::{CloseReason, Outcome, Party, PaymentRef, Remedy, Tie};
use crate::actor::Right;
use crate::chain::digest_of;
use crate::ids::CaseId;

/// The queue a new case stands in, and one that was taken out of another queue.
pub const INTAKE: &str = "intake";

/// The name of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Take the case up.
    Start,
    /// Stand still until somebody answers.
    Wait,
    /// Go on.
    Resume,
    /// Say something, inside or to the customer.
    Comment,
    /// Give it to a person or queue.
    Assign,
    /// State the outcome.
    Resolve,
    /// End it.
    Close,
    /// Take it up again.
    Reopen,
    /// Propose a remedy to a second person.
    Propose,
    /// Agree, as the second person.
    Approve,
    /// Disagree, as the second person.
    Decline,
    /// Work it oneself.
    Take,
    /// Tie it to another case.
    Link,
    /// Untie it.
    Unlink,
    /// Close it as a duplicate of another case.
    Merge,
    /// Make a case of its own of a part of it.
    Split,
}

impl Act {
    /// The right that it asks for: a second person's word asks for more.
    pub const fn right(self) -> Right {
        match self {
            Self::Approve | Self::Decline => Right::ApproveActs,
            _ => Right::WorkCases,
        }
    }
}

super::words!(Act {
    Start = "start",
    Wait = "wait",
    Resume = "resume",
    Comment = "comment",
    Assign = "assign",
    Resolve = "resolve",
    Close = "close",
    Reopen = "reopen",
    Propose = "propose",
    Approve = "approve",
    Decline = "decline",
    Take = "take",
    Link = "link",
    Unlink = "unlink",
    Merge = "merge",
    Split = "split",
});

/// An act with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Take the case up.
    Start,
    /// Stand still until `on` answers.
    Wait {
        /// Who must answer.
        on: Party,
    },
    /// Go on.
    Resume,
    /// Say something.
    Comment {
        /// Whether the customer sees it.
        to_customer: bool,
    },
    /// Give it to a person, a queue, or both. Nothing leaves as it is.
    Assign {
        /// The queue's name; empty for the one that new cases stand in.
        queue: Option<String>,
        /// The person's address; empty for nobody.
        person: Option<String>,
    },
    /// State the outcome.
    Resolve {
        /// Which.
        outcome: Outcome,
    },
    /// End it.
    Close {
        /// Why.
        reason: CloseReason,
    },
    /// Take it up again.
    Reopen,
    /// Propose a remedy.
    Propose {
        /// Which.
        remedy: Remedy,
    },
    /// Agree with the proposal.
    Approve,
    /// Disagree with the proposal.
    Decline,
    /// Work it oneself.
    Take,
    /// Tie it to another case.
    Link {
        /// What the other case is to it.
        tie: Tie,
        /// The other case.
        other: CaseId,
    },
    /// Untie it.
    Unlink {
        /// What the other case was to it.
        tie: Tie,
        /// The other case.
        other: CaseId,
    },
    /// Close it as a duplicate of another case.
    Merge {
        /// The case that goes on.
        into: CaseId,
        /// Whether its addresses are told of the other case from now on. That tells one person of
        /// another's case, unless both are the same person.
        carry_addresses: bool,
    },
    /// Make a case of its own of a part of it. What is said with it becomes the new case's report.
    Split {
        /// The payment that the new case is about, if any.
        payment: Option<PaymentRef>,
        /// A word for what is wrong, empty when nothing.
        category: String,
    },
}

impl Ask {
    /// The act's name.
    pub const fn act(&self) -> Act {
        match self {
            Self::Start => Act::Start,
            Self::Wait { .. } => Act::Wait,
            Self::Resume => Act::Resume,
            Self::Comment { .. } => Act::Comment,
            Self::Assign { .. } => Act::Assign,
            Self::Resolve { .. } => Act::Resolve,
            Self::Close { .. } => Act::Close,
            Self::Reopen => Act::Reopen,
            Self::Propose { .. } => Act::Propose,
            Self::Approve => Act::Approve,
            Self::Decline => Act::Decline,
            Self::Take => Act::Take,
            Self::Link { .. } => Act::Link,
            Self::Unlink { .. } => Act::Unlink,
            Self::Merge { .. } => Act::Merge,
            Self::Split { .. } => Act::Split,
        }
    }

    /// The other case that the act names.
    pub const fn other(&self) -> Option<&CaseId> {
        match self {
            Self::Link { other, .. } | Self::Unlink { other, .. } => Some(other),
            Self::Merge { into, .. } => Some(into),
            _ => None,
        }
    }

    /// The fact that goes into the history beside the act's name. No personal content. A split's is
    /// the new case, which the ask does not know.
    pub fn fact(&self) -> String {
        match self {
            Self::Start | Self::Resume | Self::Reopen | Self::Approve | Self::Decline => {
                String::new()
            }
            Self::Take | Self::Split { .. } => String::new(),
            Self::Link { tie, other } | Self::Unlink { tie, other } => {
                format!("{} {other}", tie.word())
            }
            Self::Merge { into, .. } => into.as_str().to_owned(),
            Self::Wait { on } => on.word().to_owned(),
            Self::Comment { to_customer: true } => "to-customer".to_owned(),
            Self::Comment { to_customer: false } => "internal".to_owned(),
            Self::Assign { person, .. } => of_assignment(self.queue(), person.as_deref()),
            Self::Resolve { outcome } => outcome.word().to_owned(),
            Self::Close { reason } => reason.word().to_owned(),
            Self::Propose { remedy } => remedy.word().to_owned(),
        }
    }
}

impl Ask {
    /// The queue that an assignment names.
    fn queue(&self) -> Option<&str> {
        match self {
            Self::Assign { queue: Some(queue), .. } if queue.is_empty() => Some(INTAKE),
            Self::Assign { queue, .. } => queue.as_deref(),
            _ => None,
        }
    }

    /// The fact as it goes into a digest: of an assignment only the queue, as it always was.
    pub(super) fn fact_in_digest(&self) -> String {
        match self {
            Self::Assign { .. } => self.queue().unwrap_or_default().to_owned(),
            _ => self.fact(),
        }
    }

    /// What the ask says that this fact does not, for a digest. Kept in storage: what an ask gives
    /// here never changes.
    pub(super) fn rest(&self) -> Vec<u8> {
        match self {
            Self::Assign { person, .. } => match person.as_deref() {
                None => Vec::new(),
                Some("") => b"\n".to_vec(),
                Some(person) => person.as_bytes().to_vec(),
            },
            Self::Merge { carry_addresses, .. } => vec![u8::from(*carry_addresses)],
            Self::Split { payment, category } => {
                let (kind, reference) = payment.as_ref().map_or(("", ""), PaymentRef::parts);
                let parts = [kind.as_bytes(), reference.as_bytes(), category.as_bytes()];
                digest_of(&parts).to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// Reads an act back from its word and fact in the history; nothing when they are not of one.
    /// An older program did not write to whom a case was assigned, so that does not come back.
    pub fn read(act: &str, fact: &str) -> Option<Self> {
        Some(match Act::parse(act)? {
            Act::Start => Self::Start,
            Act::Wait => Self::Wait { on: Party::parse(fact)? },
            Act::Resume => Self::Resume,
            Act::Comment => Self::Comment { to_customer: fact == "to-customer" },
            Act::Assign => {
                let (queue, person) = read_assignment(fact);
                Self::Assign { queue: queue.map(str::to_owned), person: person.map(str::to_owned) }
            }
            Act::Resolve => Self::Resolve { outcome: Outcome::parse(fact)? },
            Act::Close => Self::Close { reason: CloseReason::parse(fact)? },
            Act::Reopen => Self::Reopen,
            Act::Propose => Self::Propose { remedy: Remedy::parse(fact)? },
            Act::Approve => Self::Approve,
            Act::Decline => Self::Decline,
            Act::Take => Self::Take,
            Act::Link => {
                let (tie, other) = tied(fact)?;
                Self::Link { tie, other }
            }
            Act::Unlink => {
                let (tie, other) = tied(fact)?;
                Self::Unlink { tie, other }
            }
            Act::Merge => Self::Merge { into: CaseId::parse(fact)?, carry_addresses: false },
            Act::Split => {
                CaseId::parse(fact)?;
                Self::Split { payment: None, category: String::new() }
            }
        })
    }
}

fn tied(fact: &str) -> Option<(Tie, CaseId)> {
    let (tie, other) = fact.split_once(' ')?;
    Some((Tie::parse(tie)?, CaseId::parse(other)?))
}

/// An act on one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActOrder {
    /// The case.
    pub case: CaseId,
    /// What is asked.
    pub ask: Ask,
    /// What the person wrote with it; empty when nothing. At most 20,000 characters.
    pub says: String,
    /// The version the caller saw, when the caller insists on it.
    pub version: Option<i64>,
}
