//! Everything that can be asked of an existing case.

use super::{CloseReason, Outcome, Party, Remedy};
use crate::ids::CaseId;

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
    /// Give it to a person, a queue, or both. Empty leaves as it is.
    Assign {
        /// The queue's name.
        queue: String,
        /// The person's address.
        person: String,
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
        }
    }

    /// The fact that goes into the history beside the act's name. No personal content.
    pub fn fact(&self) -> String {
        match self {
            Self::Start | Self::Resume | Self::Reopen | Self::Approve | Self::Decline => {
                String::new()
            }
            Self::Wait { on } => on.word().to_owned(),
            Self::Comment { to_customer: true } => "to-customer".to_owned(),
            Self::Comment { to_customer: false } => "internal".to_owned(),
            Self::Assign { queue, .. } => queue.clone(),
            Self::Resolve { outcome } => outcome.word().to_owned(),
            Self::Close { reason } => reason.word().to_owned(),
            Self::Propose { remedy } => remedy.word().to_owned(),
        }
    }
}

impl Ask {
    /// Reads an act back from its word and fact in the history; nothing when they are not of one.
    /// To whom a case was assigned is personal and does not come back.
    pub fn read(act: &str, fact: &str) -> Option<Self> {
        Some(match Act::parse(act)? {
            Act::Start => Self::Start,
            Act::Wait => Self::Wait { on: Party::parse(fact)? },
            Act::Resume => Self::Resume,
            Act::Comment => Self::Comment { to_customer: fact == "to-customer" },
            Act::Assign => Self::Assign { queue: fact.to_owned(), person: String::new() },
            Act::Resolve => Self::Resolve { outcome: Outcome::parse(fact)? },
            Act::Close => Self::Close { reason: CloseReason::parse(fact)? },
            Act::Reopen => Self::Reopen,
            Act::Propose => Self::Propose { remedy: Remedy::parse(fact)? },
            Act::Approve => Self::Approve,
            Act::Decline => Self::Decline,
        })
    }
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
