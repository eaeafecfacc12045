//! What can be told to the outside. A message is written in the same commit as what it tells; the
//! courier finds it there.

use crate::case::Stage;
use crate::ids::{CaseId, EndpointId, MessageId};
use crate::scope::Scope;
use crate::time::Instant;

/// What happened to a case, for systems that follow along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A case was opened.
    CaseOpened,
    /// It moved to another stage.
    CaseMoved,
    /// An outcome was stated.
    CaseResolved,
    /// It ended.
    CaseClosed,
    /// It was taken up again.
    CaseReopened,
}

impl EventKind {
    /// All, in order.
    pub const ALL: [Self; 5] = [
        Self::CaseOpened,
        Self::CaseMoved,
        Self::CaseResolved,
        Self::CaseClosed,
        Self::CaseReopened,
    ];

    /// The event's type on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CaseOpened => "case.opened",
            Self::CaseMoved => "case.moved",
            Self::CaseResolved => "case.resolved",
            Self::CaseClosed => "case.closed",
            Self::CaseReopened => "case.reopened",
        }
    }

    /// Reads [`EventKind::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What an event says of its case. Nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The payment's reference by the caller.
    pub refid: String,
    /// The payment's reference by the system; empty when unknown.
    pub trxid: String,
    /// The stage the case reached.
    pub stage: Stage,
    /// The case's version then.
    pub version: i64,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// The letter that acknowledges a report, to the case's addresses and the account's.
    Acknowledge,
    /// An event, to every webhook endpoint of the scope.
    Event(Event),
    /// An event about nothing, to one endpoint: somebody tries whether it arrives.
    Ping(EndpointId),
}

impl Telling {
    /// The stored name of the shape. Names are never reused; an old one keeps its reader.
    pub const fn shape(&self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge-1",
            Self::Event(_) => "event-1",
            Self::Ping(_) => "ping-1",
        }
    }
}

/// One message, queued with the change it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id: the same through every try.
    pub id: MessageId,
    /// Whose it is.
    pub scope: Scope,
    /// The case it speaks of.
    pub case: CaseId,
    /// When it was caused.
    pub at: Instant,
    /// What it tells.
    pub telling: Telling,
}
