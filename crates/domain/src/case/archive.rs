//! Cases that another system has already worked: what is taken over of them. They keep their time
//! of receipt and what was said when; that they were brought in, from where, stands in the history
//! itself, so nobody takes another system's word for ours.

use super::{Ask, Channel, CloseReason, Outcome, PaymentRef, Stage};
use crate::time::Instant;

/// Longest name of another system, in characters.
const SOURCE_CHARS_MAX: usize = 32;

/// Longest id in another system, in characters: a UUID with a prefix, with room to spare.
const EXTERNAL_ID_CHARS_MAX: usize = 128;

/// Entries of one history. Notes of a case are read 10,000 at a time.
pub const ARCHIVED_ENTRIES_MAX: usize = 5_000;

/// Whether a text can name another system: lower case letters, digits and hyphens.
pub fn is_source(text: &str) -> bool {
    (1..=SOURCE_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a text can be an id in another system: visible ASCII, spaces inside.
pub fn is_external_id(text: &str) -> bool {
    (1..=EXTERNAL_ID_CHARS_MAX).contains(&text.len())
        && text.trim() == text
        && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

/// Where an archived case stands, with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The stage.
    pub stage: Stage,
    /// What came out, for a resolved or closed case.
    pub outcome: Option<Outcome>,
}

impl Standing {
    /// Reads `received`, `open`, `waiting customer`, `resolved upheld`, `closed settled upheld`,
    /// `closed withdrawn`.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (name, fact) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let stage = Stage::parse(name, fact).ok_or_else(|| {
            format!(
                "`{name} {fact}` is no stage; as in docs/case.md, `open`, `waiting customer`, \
                 `resolved upheld`, `closed settled upheld`, `closed withdrawn`"
            )
        })?;
        let second = if stage.fact().is_empty() {
            Some(fact).filter(|one| !one.is_empty())
        } else {
            words.next()
        };
        let said = match (stage, second) {
            (_, None) => None,
            (Stage::Closed { .. }, Some(word)) => {
                Some(Outcome::parse(word).ok_or_else(|| {
                    format!("`{word}` is no outcome; as in `closed settled upheld`")
                })?)
            }
            (_, Some(word)) => return Err(format!("`{word}` is too much behind `{name}`")),
        };
        let outcome = match stage {
            Stage::Resolved { outcome } => Some(outcome),
            _ => said,
        };
        match (stage, outcome) {
            _ if words.next().is_some() => Err(format!("`{text}` has too many words")),
            (Stage::Closed { reason: CloseReason::Settled }, None) => {
                Err("a case `closed settled` needs its outcome: `closed settled upheld`".to_owned())
            }
            _ => Ok(Self { stage, outcome }),
        }
    }

    /// The acts that lead there from `received`.
    pub(super) fn road(self) -> Vec<Ask> {
        let resolve = self.outcome.map(|outcome| Ask::Resolve { outcome });
        match self.stage {
            Stage::Received => Vec::new(),
            Stage::Open => vec![Ask::Start],
            Stage::Waiting { on } => vec![Ask::Start, Ask::Wait { on }],
            Stage::Resolved { .. } => resolve.into_iter().collect(),
            Stage::Closed { reason } => {
                resolve.into_iter().chain([Ask::Close { reason }]).collect()
            }
        }
    }
}

/// One entry of an archived history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was written there.
    pub at: Instant,
    /// Whether the customer saw or wrote it.
    pub public: bool,
    /// Who wrote it and what, as it shall be kept; personal, and erasable with the case.
    pub text: String,
}

/// A case of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The other system, as [`is_source`] allows.
    pub source: String,
    /// The case's id there, as [`is_external_id`] allows. Not personal.
    pub external_id: String,
    /// The payment it is about, if it is about one that is known here.
    pub payment: Option<PaymentRef>,
    /// How it came.
    pub channel: Channel,
    /// When it was received there.
    pub received_at: Instant,
    /// Whom to tell: the first is To, the rest Cc.
    pub addresses: Vec<String>,
    /// The institution's reference of the customer; empty when unknown.
    pub customer: String,
    /// The customer's language; empty when unknown.
    pub language: String,
    /// What the customer wrote, empty when nothing.
    pub says: String,
    /// A word for what is wrong, empty when nothing. One line, at most 64 characters.
    pub category: String,
    /// The queue it stands in; empty for the one that new cases stand in.
    pub queue: String,
    /// Who works it; empty for nobody.
    pub assignee: String,
    /// Where it stands.
    pub standing: Standing,
    /// Since when it stands there; nothing for the time of its last entry.
    pub moved_at: Option<Instant>,
    /// What was said, in any order.
    pub history: Vec<Entry>,
    /// Whether the customer and the webhooks are told, as of a new case.
    pub tell: bool,
}

impl Archived {
    /// The word of the note that says where a case was taken over from.
    pub const ACT: &'static str = "import";

    /// The latest time it speaks of.
    pub fn latest(&self) -> Instant {
        let entries = self.history.iter().map(|entry| entry.at);
        entries.chain(self.moved_at).fold(self.received_at, Ord::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_read_whole_or_not_at_all() {
        for (text, road) in [
            ("received", 0),
            ("open", 1),
            ("waiting provider", 2),
            ("resolved rejected", 1),
            ("closed settled partly-upheld", 2),
            ("closed withdrawn", 1),
            ("closed duplicate rejected", 2),
        ] {
            let standing = Standing::parse(text).expect(text);
            assert_eq!(standing.road().len(), road, "{text}");
        }
        for text in
            ["", "done", "open upheld", "waiting", "closed", "closed settled", "closed settled x"]
        {
            assert!(Standing::parse(text).is_err(), "{text}");
        }
        assert!(Standing::parse("closed settled upheld twice").is_err());
        assert!(Standing::parse("waiting customer upheld").is_err());
    }

    #[test]
    fn names_of_systems_and_their_ids() {
        assert!(is_source("request-tracker") && !is_source("RT") && !is_source(""));
        assert!(is_external_id("4711") && is_external_id("A 1") && !is_external_id(" 1"));
        assert!(!is_external_id("\u{e9}") && !is_external_id(&"1".repeat(129)));
    }
}
