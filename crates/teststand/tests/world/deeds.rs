//! What is asked of a node: the commands, jobs and sweeps of a program, each as a value, so that it
//! can be carried out, broken off or asked again. How they are drawn stands here too; what came of
//! them must not.

use std::collections::BTreeSet;

use desk::execute::{Done, Order};
use desk::jobs::JobCases;
use desk::once::Once;
use desk::outbox::Claimed;
use desk::{Desk, Failure};
use domain::case::{
    ActOrder, Ask, ByHand, CloseReason, Command, INTAKE, Outcome as Verdict, Party, PaymentRef,
    Remedy, Report, Tie,
};
use domain::changes::Try;
use domain::ids::{CaseId, EndpointId, JobId};
use domain::{Actor, Millis, Role, Scope};

use crate::PAYMENTS;
use crate::run::Run;

/// How long a claimed message is held.
pub const LEASE: Millis = Millis::minutes(5);

/// Messages in one claim.
const CLAIM_MAX: i64 = 5;

/// Letters of a text that takes pages of its own, so that a full disk has no room for it.
const LONG_TEXT: usize = 9_000;

/// A queue beside the first one.
pub const SECOND_QUEUE: &str = "level-2";

/// One thing asked of a node.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A command on cases.
    Order(Order),
    /// One act on some cases.
    AskJob(JobOrder),
    /// Stop it.
    CancelJob(Actor, JobId),
    /// Give some cases of a job their turn.
    WorkJob,
    /// Claim what is due.
    Claim,
    /// Turn an event into a delivery to the endpoint.
    Spread(Box<Claimed>, EndpointId),
    /// Note how a try ended.
    Record(Scope, Try),
    /// A sweep that takes no input.
    Keep(Chore),
}

/// What is asked of some cases.
#[derive(Clone, Debug)]
pub struct JobOrder {
    /// Who asks.
    pub by: Actor,
    /// What.
    pub ask: Ask,
    /// In these words, which no other job has.
    pub says: String,
    /// Of which.
    pub cases: Vec<CaseId>,
    /// Under which key.
    pub once: Option<Once>,
}

/// A sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Seal the histories.
    Seal,
    /// Bring the search index up.
    Index,
    /// Build it anew.
    Rebuild,
    /// Number what leaves by export.
    Feed,
    /// Forget old nonces.
    OldNonces,
    /// Forget old keys.
    OldMemory,
}

impl Chore {
    const ALL: [Self; 7] = [
        Self::Seal,
        Self::Seal,
        Self::Index,
        Self::Rebuild,
        Self::Feed,
        Self::OldNonces,
        Self::OldMemory,
    ];
}

/// What the node said.
#[derive(Debug)]
pub enum Answer {
    /// To a command or a job.
    Done(Result<Done, Failure>),
    /// To a claim.
    Claimed(Result<Vec<Claimed>, Failure>),
    /// Whether the lease was still held.
    Noted(Result<bool, Failure>),
    /// To a sweep.
    Kept(Result<(), Failure>),
}

impl Answer {
    /// Why not.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Done(done) => done.as_ref().err(),
            Self::Claimed(claimed) => claimed.as_ref().err(),
            Self::Noted(noted) => noted.as_ref().err(),
            Self::Kept(kept) => kept.as_ref().err(),
        }
    }
}

/// Has it done.
pub async fn carry_out(desk: Desk, deed: Deed) -> Answer {
    match deed {
        Deed::Order(order) => Answer::Done(desk.execute(&order).await),
        Deed::AskJob(JobOrder { by, ask, says, cases, once }) => {
            let cases = JobCases::These(cases);
            Answer::Done(desk.ask_job(&by, (&ask, &says), cases, once.as_ref()).await)
        }
        Deed::CancelJob(by, job) => Answer::Done(desk.cancel_job(&by, &job, None).await),
        Deed::WorkJob => Answer::Noted(desk.work_a_job().await),
        Deed::Claim => Answer::Claimed(desk.claim(CLAIM_MAX, LEASE).await),
        Deed::Spread(event, endpoint) => {
            let body = format!("about {}", event.id);
            Answer::Noted(desk.spread(&event, vec![(endpoint, body)]).await)
        }
        Deed::Record(scope, tried) => Answer::Noted(desk.record(scope, tried).await),
        Deed::Keep(chore) => Answer::Kept(keep(&desk, chore).await),
    }
}

async fn keep(desk: &Desk, chore: Chore) -> Result<(), Failure> {
    match chore {
        Chore::Seal => desk.seal_once().await.map(drop),
        Chore::Index => desk.index_once().await.map(drop),
        Chore::Rebuild => {
            let by = Actor::operator(Scope::from_number(0));
            desk.rebuild_search(&by, None).await.map(drop)
        }
        Chore::Feed => desk.number_feed_once().await.map(drop),
        Chore::OldNonces => desk.drop_old_nonces().await,
        Chore::OldMemory => desk.drop_old_memory().await,
    }
}

impl Run {
    /// Words that nobody said before. Some are long, most of them while the disk is full.
    pub fn words(&mut self) -> String {
        self.number += 1;
        let long = self.dice.below(if self.disk_is_full() { 2 } else { 16 }) == 0;
        format!("word {}{}", self.number, if long { "!".repeat(LONG_TEXT) } else { String::new() })
    }

    fn payment(&mut self) -> PaymentRef {
        PaymentRef::Refid(format!("P-{}", self.dice.below(PAYMENTS)))
    }

    fn maybe_payment(&mut self) -> Option<PaymentRef> {
        let payment = self.payment();
        (self.dice.below(2) == 0).then_some(payment)
    }

    fn maybe_key(&mut self) -> Option<String> {
        (self.dice.below(3) == 0).then(|| format!("k{}", self.number))
    }

    /// A signed report by an app.
    pub fn a_report(&mut self) -> Order {
        let report = Report {
            payment: self.payment(),
            addresses: vec!["buyer@example.test".into()],
            says: self.words(),
            category: String::new(),
        };
        let by = self.world.actor(Role::Client, "app");
        let key = self.maybe_key();
        Order { by, command: Command::Report(report), key, nonce: Some(self.nonce()) }
    }

    /// A case by hand, or the next one of a queue.
    pub fn an_opening(&mut self) -> Order {
        let by = self.world.actor(Role::Agent, "ann");
        let command = if self.dice.below(2) == 0 {
            let (payment, says) = (self.maybe_payment(), self.words());
            Command::Open(ByHand { payment, says, ..ByHand::empty() })
        } else {
            Command::TakeNext { queue: INTAKE.to_owned() }
        };
        let key = self.maybe_key();
        Order { by, command, key, nonce: None }
    }

    fn ask(&mut self, other: CaseId) -> Ask {
        let tie = [Tie::Parent, Tie::Related, Tie::DuplicateOf][self.dice.below(3)];
        let queue = Some([SECOND_QUEUE, INTAKE][self.dice.below(2)].to_owned());
        let payment = self.maybe_payment();
        let asks = [
            Ask::Take,
            Ask::Assign { queue, person: None },
            Ask::Assign { queue: None, person: Some(String::new()) },
            Ask::Start,
            Ask::Wait { on: Party::ALL[self.dice.below(Party::ALL.len())] },
            Ask::Resume,
            Ask::Comment { to_customer: true },
            Ask::Comment { to_customer: false },
            Ask::Resolve { outcome: Verdict::PartlyUpheld },
            Ask::Close { reason: CloseReason::Withdrawn },
            Ask::Close { reason: CloseReason::Settled },
            Ask::Reopen,
            Ask::Propose { remedy: Remedy::ALL[self.dice.below(Remedy::ALL.len())] },
            Ask::Approve,
            Ask::Decline,
            Ask::Link { tie, other: other.clone() },
            Ask::Unlink { tie, other: other.clone() },
            Ask::Merge { into: other, carry_addresses: true },
            Ask::Split { payment, category: String::new() },
        ];
        asks[self.dice.below(asks.len())].clone()
    }

    /// Any act on this case.
    pub fn an_act(&mut self, case: CaseId, other: CaseId) -> Order {
        let (ask, says) = (self.ask(other), self.words());
        let (role, name) = [(Role::Agent, "ann"), (Role::Supervisor, "bob")][self.dice.below(2)];
        let by = self.world.actor(role, name);
        let command = Command::Act(ActOrder { case, ask, says, version: None });
        let key = self.maybe_key();
        Order { by, command, key, nonce: None }
    }

    /// One act on some cases.
    pub fn a_job(&mut self) -> Option<JobOrder> {
        let other = self.some_case()?;
        let cases: BTreeSet<CaseId> = (0..4).filter_map(|_| self.some_case()).collect();
        let asks = [
            Ask::Comment { to_customer: false },
            Ask::Assign { queue: Some(SECOND_QUEUE.into()), person: None },
            Ask::Close { reason: CloseReason::Withdrawn },
            Ask::Link { tie: Tie::Related, other },
        ];
        let ask = asks[self.dice.below(asks.len())].clone();
        let (by, says) = (self.world.actor(Role::Agent, "ann"), self.words());
        let once = self.maybe_key().map(|key| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&self.number.to_be_bytes());
            Once { key, digest }
        });
        Some(JobOrder { by, ask, says, cases: cases.into_iter().collect(), once })
    }

    /// Any sweep.
    pub fn a_chore(&mut self) -> Chore {
        Chore::ALL[self.dice.below(Chore::ALL.len())]
    }

    /// Anything that needs no preparing: what one node does while another stands still.
    pub fn anything(&mut self) -> Deed {
        match (self.dice.below(6), self.some_case(), self.some_case()) {
            (0, ..) => Deed::Order(self.a_report()),
            (1, ..) => Deed::WorkJob,
            (2, ..) => Deed::Claim,
            (3, ..) => Deed::Keep(self.a_chore()),
            (_, Some(case), Some(other)) => Deed::Order(self.an_act(case, other)),
            _ => Deed::Order(self.an_opening()),
        }
    }
}
