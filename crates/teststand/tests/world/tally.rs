//! How often each thing happened, over all worlds of an engine: a fault that never strikes shows
//! nothing, and then the test fails. It must count what happened and not what was drawn.

use std::collections::BTreeMap;
use std::fmt;

use store::engine::EngineKind;

/// Everything that must happen somewhere, or the test shows less than it says.
const ALL: [&str; 21] = [
    "a crash left a case that nobody heard of",
    "a key again",
    "a message was heard more than once",
    "a nonce was spent before the clock was set back",
    "a replay",
    "another acted while one stood still",
    "asked again after a crash: it was kept",
    "asked again after a crash: it was not kept",
    "both nodes at once",
    "clock set ahead",
    "clock set back",
    "crashed in its midst",
    "never answered, but kept",
    "never answered, and not kept",
    "noted too late, and not taken",
    "one nonce at two doors",
    "sent after its lease",
    "taken, since it fits on a full disk",
    "times out of order, since the clock was set back",
    "turned away by a full disk",
    "turned away by a full disk, then taken",
];

/// The same where the database is a server.
const ONLY_POSTGRES: [&str; 1] = ["the line was cut, and it went on"];

/// What may happen, and is only counted: it takes a cut within the milliseconds of a commit.
const COUNTED: [&str; 1] = ["the line was cut, and nobody knows"];

/// What happened, and how often.
#[derive(Clone, Debug, Default)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// Counts this if it happened.
    pub fn counts(&mut self, what: &'static str, happened: bool) {
        let mut known = ALL.iter().chain(&ONLY_POSTGRES).chain(&COUNTED);
        assert!(known.any(|one| *one == what), "{what:?} is not in the list");
        *self.0.entry(what).or_default() += u64::from(happened);
    }

    /// Adds another world's.
    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// What never happened.
    pub fn never(&self, kind: EngineKind) -> Vec<&'static str> {
        let more = if kind == EngineKind::Postgres { &ONLY_POSTGRES[..] } else { &[] };
        let happened = |what: &&&str| self.0.get(**what).copied().unwrap_or(0) > 0;
        ALL.iter().chain(more).filter(|what| !happened(what)).copied().collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, count)| writeln!(f, "  {count:>8}  {what}"))
    }
}
