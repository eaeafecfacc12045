//! Who read what of whom: one row for each reader, thing and minute. It says that somebody looked,
//! never what was seen.

use crate::scope::Scope;
use crate::time::Instant;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadView {
    /// One case.
    Case,
    /// A case's timeline.
    Timeline,
    /// A list of cases; the subject is the filter.
    Cases,
    /// One payment.
    Payment,
    /// A list of payments; the subject is the filter.
    Payments,
    /// A file that came with a case.
    Evidence,
    /// A search; the subject is what was searched for.
    Search,
    /// An export; the subject is what was taken out.
    Export,
    /// The people of the account.
    Members,
}

impl ReadView {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Case,
        Self::Timeline,
        Self::Cases,
        Self::Payment,
        Self::Payments,
        Self::Evidence,
        Self::Search,
        Self::Export,
        Self::Members,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Timeline => "timeline",
            Self::Cases => "cases",
            Self::Payment => "payment",
            Self::Payments => "payments",
            Self::Evidence => "evidence",
            Self::Search => "search",
            Self::Export => "export",
            Self::Members => "members",
        }
    }

    /// Reads [`ReadView::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.word() == word)
    }
}

/// Somebody read something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its id: rows sort by it as they were made.
    pub id: String,
    /// Whose data.
    pub scope: Scope,
    /// When it was read first in its minute.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// With which credential.
    pub credential: String,
    /// What was looked at.
    pub view: ReadView,
    /// Which one, or with which filter.
    pub subject: String,
}

/// Longest subject that is kept, in characters: a filter may be long.
pub const SUBJECT_CHARS_MAX: usize = 300;
