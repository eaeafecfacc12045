//! What the outside knows: every sentence that was said to the program and what it answered, every
//! message that was heard. The laws hold the database against it; it never asks the database.

use std::collections::{BTreeMap, BTreeSet};

use desk::execute::{Done, Order};
use desk::outbox::Parcel;
use domain::Instant;
use domain::case::Command;
use domain::changes::Outcome;
use domain::ids::{CaseId, JobId};

use crate::deeds::{Answer, Deed};

/// What became of something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was acknowledged, and stands in this case.
    Kept(CaseId),
    /// It was refused.
    Refused,
    /// Nobody heard an answer.
    Unknown,
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFate {
    /// It was acknowledged.
    Kept(JobId),
    /// It was refused.
    Refused,
    /// Nobody heard an answer.
    Unknown,
}

/// A message as it was heard outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it said.
    pub parcel: Parcel,
    /// How often it came.
    pub times: u32,
}

/// A command under a key that was acknowledged.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The command.
    pub order: Order,
    /// What was answered.
    pub outcome: Outcome,
    /// When.
    pub at: Instant,
}

/// What the outside knows.
#[derive(Default)]
pub struct Ledger {
    /// Every sentence of a command. No two are the same.
    pub words: BTreeMap<String, Fate>,
    /// Every sentence of a job.
    pub jobs: BTreeMap<String, JobFate>,
    /// The cases that are known, by answers or by looking after a crash, with their payment.
    pub cases: BTreeMap<CaseId, String>,
    /// The messages that were heard, by their id.
    pub heard: BTreeMap<String, Heard>,
    /// Signed commands whose nonce is spent.
    pub spent: Vec<Order>,
    /// Commands with a key.
    pub settled: Vec<Settled>,
}

/// What a command says: nothing, when it takes the next case of a queue.
pub fn words_of(order: &Order) -> Option<&str> {
    match &order.command {
        Command::Report(report) => Some(&report.says),
        Command::Open(by_hand) => Some(&by_hand.says),
        Command::Act(act) => Some(&act.says),
        _ => None,
    }
}

impl Ledger {
    /// Something is about to be asked.
    pub fn asked(&mut self, deed: &Deed) {
        match deed {
            Deed::Order(order) => {
                if let Some(words) = words_of(order) {
                    self.words.entry(words.to_owned()).or_insert(Fate::Unknown);
                }
            }
            Deed::AskJob(job) => {
                self.jobs.entry(job.says.clone()).or_insert(JobFate::Unknown);
            }
            _ => {}
        }
    }

    /// It was answered.
    pub fn answered(&mut self, deed: &Deed, answer: &Answer, at: Instant) {
        match (deed, answer) {
            (Deed::Order(order), Answer::Done(Ok(done))) => self.acknowledged(order, done, at),
            (Deed::Order(order), Answer::Done(Err(_))) => {
                if let Some(words) = words_of(order) {
                    self.words.insert(words.to_owned(), Fate::Refused);
                }
            }
            (Deed::AskJob(job), Answer::Done(done)) => {
                let fate = match done.as_ref().map(|done| &done.outcome) {
                    Ok(Outcome::Job { job, .. }) => JobFate::Kept(job.clone()),
                    Ok(other) => panic!("a job is answered with {other:?}"),
                    Err(_) => JobFate::Refused,
                };
                self.jobs.insert(job.says.clone(), fate);
            }
            _ => {}
        }
    }

    fn acknowledged(&mut self, order: &Order, done: &Done, at: Instant) {
        let case = match &done.outcome {
            Outcome::Reported { case, refid } => {
                self.cases.insert(case.clone(), refid.clone());
                case
            }
            Outcome::Split { part, .. } => {
                let refid = match &order.command {
                    Command::Act(act) => split_refid(&act.ask),
                    _ => String::new(),
                };
                self.cases.insert(part.clone(), refid);
                part
            }
            Outcome::Acted { case, .. } => case,
            other => panic!("a command is answered with {other:?}"),
        };
        if let Some(words) = words_of(order) {
            let before = self.words.insert(words.to_owned(), Fate::Kept(case.clone()));
            if let Some(Fate::Kept(before)) = before {
                assert_eq!(before, *case, "one command, two cases");
            }
        }
        if order.key.is_some() {
            let (order, outcome) = (order.clone(), done.outcome.clone());
            self.settled.push(Settled { order, outcome, at });
        }
    }

    /// The receiver hears a message.
    pub fn hears(&mut self, id: &str, parcel: &Parcel) {
        let first = || Heard { parcel: parcel.clone(), times: 0 };
        let heard = self.heard.entry(id.to_owned()).or_insert_with(first);
        assert_eq!(heard.parcel, *parcel, "{id} is one message, however often it comes");
        heard.times += 1;
    }

    /// The jobs that were acknowledged.
    pub fn known_jobs(&self) -> BTreeSet<&JobId> {
        let known = self.jobs.values().filter_map(|fate| match fate {
            JobFate::Kept(job) => Some(job),
            _ => None,
        });
        known.collect()
    }
}

fn split_refid(ask: &domain::case::Ask) -> String {
    match ask {
        domain::case::Ask::Split { payment: Some(payment), .. } => payment.parts().1.to_owned(),
        _ => String::new(),
    }
}
