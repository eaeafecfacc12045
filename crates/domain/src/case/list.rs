//! What a list of cases may be asked for. The order is by the time of opening, or by the time of
//! receipt where that is what is asked for; ids break ties, so a place in a list is never in doubt.

use super::{Channel, Outcome, Party, StageName};
use crate::ids::CaseId;
use crate::time::Instant;

/// From an instant until before another; either end may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first instant that is in.
    pub from: Option<Instant>,
    /// The first instant that is not.
    pub to: Option<Instant>,
}

impl Span {
    /// Whether it leaves nothing out.
    pub const fn is_all(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// Which cases; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// At this stage.
    pub stage: Option<StageName>,
    /// In this queue.
    pub queue: Option<String>,
    /// Of this person; empty for nobody's.
    pub assignee: Option<String>,
    /// That came this way.
    pub channel: Option<Channel>,
    /// Of this customer, by the institution's reference.
    pub customer: Option<String>,
    /// In this language.
    pub language: Option<String>,
    /// That wait for this party.
    pub waiting_on: Option<Party>,
    /// With this outcome, closed or not.
    pub outcome: Option<Outcome>,
    /// Opened then.
    pub opened: Span,
    /// Received then. A list that asks for it is ordered by it.
    pub received: Span,
}

impl CaseFilter {
    /// Whether the list is ordered by the time of receipt.
    pub const fn by_receipt(&self) -> bool {
        !self.received.is_all()
    }

    /// What it asks for, in words: for the list of who read what. Times are left out.
    pub fn words(&self) -> String {
        let text =
            |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name}={text}"));
        let word = |name: &str, word: Option<&str>| word.map(|word| format!("{name}={word}"));
        let all = [
            text("customer", &self.customer),
            text("assignee", &self.assignee),
            text("queue", &self.queue),
            word("stage", self.stage.map(StageName::word)),
            word("waiting_on", self.waiting_on.map(Party::word)),
            word("outcome", self.outcome.map(Outcome::word)),
            word("channel", self.channel.map(Channel::word)),
            text("language", &self.language),
        ];
        let said: Vec<String> = all.into_iter().flatten().collect();
        if said.is_empty() { "all".to_owned() } else { said.join(" ") }
    }

    /// Whether no case of it can be closed.
    pub fn only_open(&self) -> bool {
        self.waiting_on.is_some() || self.stage.is_some_and(|stage| stage != StageName::Closed)
    }
}

/// The direction of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

super::words!(Sort { Newest = "newest", Oldest = "oldest" });

/// A place in a list: behind this case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The time by which the list is ordered.
    pub at: Instant,
    /// The case.
    pub case: CaseId,
}
