//! One world on its way: steps and faults drawn from the seed, two nodes over one database, and
//! what must hold at once after each step. It looks at the database only through a third node, the
//! witness, which nothing ever happens to.

use std::collections::BTreeSet;

use desk::Failure;
use desk::execute::{Done, Order};
use domain::case::{Ask, Case, CaseFilter, Command, Sort, Stage, Tie};
use domain::changes::Nonce;
use domain::ids::{CaseId, EndpointId};
use domain::payment::PaymentStatus;
use domain::{Instant, Millis, Refusal, Role};
use store::engine::EngineKind;
use teststand::dice::Seeded;
use teststand::faults::{self, Fault, UnderWay};
use teststand::world::{Node, World};

use crate::courier::Held;
use crate::deeds::{Answer, Chore, Deed, SECOND_QUEUE, carry_out};
use crate::ledger::{JobFate, Ledger};
use crate::tally::Tally;
use crate::{NODES, PAYMENTS};

/// By how much the clock of one world is set back, all in all.
const BACK_MAX: Millis = Millis::hours(1);

/// How long nonces are kept, from the minute they name.
const NONCE_MINUTES: i64 = 6;

/// From the commit of a command to its answer, or to that of its repetition: on a slow disk much.
const ANSWER_MAX: Millis = Millis::hours(2);

/// A full disk that lasts.
struct Full {
    place: usize,
    steps: usize,
}

/// One world.
pub struct Run {
    /// Its database, clock and files; its own desk is the witness.
    pub world: World,
    /// Draws everything.
    pub dice: Seeded,
    /// What the outside knows.
    pub ledger: Ledger,
    /// Numbers everything that is said or signed.
    pub number: u64,
    /// The one receiver of events.
    pub endpoint: EndpointId,
    /// What nodes have claimed.
    pub held: Vec<Held>,
    /// For how many steps nobody hears anything.
    pub deaf: usize,
    /// By how much the clock was set back.
    pub set_back: Millis,
    /// How often what happened.
    pub tally: Tally,
    /// The nodes that act.
    pub nodes: Vec<Node>,
    /// To which minute the clock was set back last.
    pub minute_back_to: Option<i64>,
    /// Nonces of earlier minutes may be forgotten.
    pub nonces_from: i64,
    /// Keys that were settled earlier may be forgotten.
    pub keys_from: Instant,
    seed: u64,
    kind: EngineKind,
    /// Whether something that was broken off may still be under way in the node.
    restless: [bool; NODES],
    lives: u64,
    fault: Option<Fault>,
    /// Whether a node stands still in the midst of something.
    one_stands: bool,
    full: Option<Full>,
    turned_away: Vec<Order>,
}

/// Where events go. Without an endpoint those of reports would be ended with them.
const RECEIVER: &str = "https://receiver.example/hook";

impl Run {
    /// A world in which nothing has happened.
    pub async fn new(world: World, seed: u64) -> Self {
        let kind = world.db.kind();
        let payments: Vec<String> = (0..PAYMENTS).map(|number| format!("P-{number}")).collect();
        let payments: Vec<&str> = payments.iter().map(String::as_str).collect();
        world.pay_all(world.scope, &payments, PaymentStatus::Successful).await;
        world.queue(SECOND_QUEUE).await;
        let dice = Seeded::new(seed);
        let added = world.desk.add_endpoint(world.scope, RECEIVER, None).await;
        let mut run = Self {
            endpoint: added.expect("an endpoint").0,
            keys_from: world.desk.now(),
            world,
            dice,
            ledger: Ledger::default(),
            number: seed << 32,
            held: Vec::new(),
            deaf: 0,
            set_back: Millis(0),
            tally: Tally::default(),
            seed,
            kind,
            nodes: Vec::new(),
            restless: [false; NODES],
            lives: 0,
            fault: None,
            one_stands: false,
            full: None,
            turned_away: Vec::new(),
            minute_back_to: None,
            nonces_from: i64::MIN,
        };
        for _ in 0..NODES {
            let node = run.new_node().await;
            run.nodes.push(node);
        }
        run
    }

    async fn new_node(&mut self) -> Node {
        self.lives += 1;
        self.world.node(self.lives).await
    }

    /// A nonce that was never used.
    pub fn nonce(&mut self) -> Nonce {
        self.number += 1;
        let mut digest = [0; 16];
        digest[..8].copy_from_slice(&self.number.to_be_bytes());
        Nonce { minute: self.world.desk.now().minute(), digest }
    }

    /// One of the cases that are known.
    pub fn some_case(&mut self) -> Option<CaseId> {
        let cases = self.ledger.cases.len();
        let place = (cases > 0).then(|| self.dice.below(cases))?;
        self.ledger.cases.keys().nth(place).cloned()
    }

    /// Any node.
    pub fn a_node(&mut self) -> usize {
        self.dice.below(NODES)
    }

    /// Whether no disk has room.
    pub fn disk_is_full(&self) -> bool {
        self.full.is_some()
    }

    /// Whether the next deed is carried out in one go and by one node.
    pub fn nobody_interferes(&self) -> bool {
        self.fault.is_none() && !self.one_stands
    }

    /// One step, with dice of its own: where two nodes raced and the other was first this time, the
    /// steps behind it draw the same all the same.
    pub async fn step(&mut self, number: u64) {
        self.dice = Seeded::new(Seeded::new(self.seed ^ (number << 40)).next());
        self.weather_passes().await;
        if self.dice.below(4) == 0 {
            let fault = Fault::draw(&mut self.dice, self.kind);
            self.strikes(fault).await;
        }
        let node = self.a_node();
        match self.dice.below(24) {
            0..=3 => {
                let report = self.a_report();
                drop(self.perform(node, Deed::Order(report)).await);
            }
            4..=9 => self.act(node).await,
            10 => {
                let opening = self.an_opening();
                drop(self.perform(node, Deed::Order(opening)).await);
            }
            11 => self.job(node).await,
            12 | 13 => drop(self.perform(node, Deed::WorkJob).await),
            14 | 15 => drop(self.perform(node, Deed::Claim).await),
            16..=18 => self.deliver().await,
            19 => {
                let chore = self.a_chore();
                drop(self.perform(node, Deed::Keep(chore)).await);
            }
            20 => self.both_at_once().await,
            21 => assert!(self.replay_is_refused().await, "a nonce is good once"),
            22 => assert!(self.key_says_the_same().await, "a key says the same again"),
            _ => self.world.clock.tick(Millis::minutes(7)),
        }
        self.fault = None;
    }

    async fn weather_passes(&mut self) {
        self.deaf = self.deaf.saturating_sub(1);
        match &mut self.full {
            Some(full) if full.steps > 1 => full.steps -= 1,
            Some(_) => self.room_again().await,
            None => {}
        }
    }

    async fn strikes(&mut self, fault: Fault) {
        match fault {
            Fault::FullDisk { place, steps } => {
                if self.full.is_none() {
                    self.full = Some(Full { place, steps });
                    self.fill().await;
                }
            }
            Fault::Deaf { steps } => self.deaf = steps,
            Fault::ClockJump { by } if by.0 < 0 => {
                let by = Millis(by.0.max(self.set_back.0 - BACK_MAX.0));
                self.set_back.0 -= by.0;
                self.leases_pass();
                self.world.clock.tick(by);
                self.minute_back_to = Some(self.world.desk.now().minute());
                self.tally.counts("clock set back", by.0 < 0);
            }
            Fault::ClockJump { by } => {
                self.world.clock.tick(by);
                self.tally.counts("clock set ahead", true);
            }
            Fault::Crash { .. }
            | Fault::SlowDisk { .. }
            | Fault::Pause { .. }
            | Fault::LineCut { .. } => {
                self.fault = Some(fault);
            }
        }
    }

    async fn fill(&self) {
        let Some(full) = &self.full else { return };
        match self.kind {
            EngineKind::Postgres => faults::fill(&self.world.db, full.place).await,
            EngineKind::Sqlite => {
                for node in &self.nodes {
                    faults::fill(&node.db, full.place).await;
                }
            }
        }
    }

    /// There is room, and nobody starts anything anew. What was turned away is asked again.
    async fn room_again(&mut self) {
        let Some(full) = self.full.take() else { return };
        match self.kind {
            EngineKind::Postgres => faults::make_room(&self.world.db, full.place).await,
            EngineKind::Sqlite => {
                for node in &self.nodes {
                    faults::make_room(&node.db, full.place).await;
                }
            }
        }
        for order in std::mem::take(&mut self.turned_away) {
            let node = self.a_node();
            let answer = self.perform(node, Deed::Order(order)).await;
            let Some(Answer::Done(done)) = answer else { continue };
            let spent = matches!(done, Err(Failure::Refused(Refusal::NonceSpent)));
            assert!(!spent, "what a full disk turned away has no nonce spent");
            self.tally.counts("turned away by a full disk, then taken", done.is_ok());
        }
    }

    /// Has a node do something, under the fault of this step. Nothing when the node ended before
    /// it answered.
    pub async fn perform(&mut self, node: usize, deed: Deed) -> Option<Answer> {
        self.ledger.asked(&deed);
        self.forgets(&deed);
        let before = self.before(&deed).await;
        let desk = self.nodes[node].desk.clone();
        let mut act = UnderWay::new(carry_out(desk, deed.clone()));
        let clock = std::sync::Arc::clone(&self.world.clock);
        let answer = match self.fault.take() {
            Some(Fault::Crash { wait }) => {
                // An act that needs fewer waits is done, and the node ends before it says so.
                drop(act.go(wait, || ()).await);
                drop(act);
                None
            }
            Some(Fault::SlowDisk { by }) => act.go(usize::MAX, || clock.tick(by)).await,
            Some(Fault::Pause { wait, by }) => match act.go(wait, || ()).await {
                Some(answer) => Some(answer),
                None => {
                    clock.tick(by);
                    let other = self.anything();
                    self.one_stands = true;
                    Box::pin(self.perform((node + 1) % NODES, other)).await;
                    self.one_stands = false;
                    self.tally.counts("another acted while one stood still", true);
                    Some(act.end().await)
                }
            },
            Some(Fault::LineCut { wait, later }) => match act.go(wait, || ()).await {
                Some(answer) => Some(answer),
                None => {
                    tokio::time::sleep(later).await;
                    faults::cut(&self.world.db, &self.nodes[node].name).await;
                    let answer = act.end().await;
                    self.cut_is_clear(&deed, &answer);
                    Some(answer)
                }
            },
            _ => {
                let answer = act.end().await;
                self.left_as_it_was(before, &answer).await;
                Some(answer)
            }
        };
        match &answer {
            Some(answer) if !nobody_knows(answer) => self.heard(node, &deed, answer),
            Some(answer) => {
                self.rests(node, &deed, answer);
                self.look_and_ask_again(&deed).await;
            }
            None => {
                self.tally.counts("crashed in its midst", true);
                self.restart(node).await;
                self.look_and_ask_again(&deed).await;
            }
        }
        answer
    }

    /// A job that fails gives up the turns beside the one that did, and does not wait for them.
    fn rests(&mut self, node: usize, deed: &Deed, answer: &Answer) {
        let gave_up = matches!(deed, Deed::WorkJob) && answer.failure().is_some();
        self.restless[node] |= gave_up;
    }

    /// A node whose line is cut goes on by itself, or says that nobody knows.
    fn cut_is_clear(&mut self, deed: &Deed, answer: &Answer) {
        if let Some(Failure::Broken(fault)) = answer.failure() {
            let clear = fault.uncertain() || (self.disk_is_full() && fault.full_disk());
            assert!(clear, "{deed:?} on a line that was cut: {}", fault.chain());
        }
        let unknown = nobody_knows(answer);
        self.tally.counts("the line was cut, and nobody knows", unknown);
        self.tally.counts("the line was cut, and it went on", !unknown);
    }

    /// What an act finds, if it is done by one node in one go.
    async fn before(&self, deed: &Deed) -> Option<Case> {
        let Deed::Order(Order { command: Command::Act(act), .. }) = deed else { return None };
        if !self.nobody_interferes() || self.restless.contains(&true) {
            return None;
        }
        Some(self.seen(&act.case).await)
    }

    /// An act that was not done changed nothing.
    async fn left_as_it_was(&self, before: Option<Case>, answer: &Answer) {
        if let (Some(before), Some(_)) = (before, answer.failure()) {
            assert_eq!(before, self.seen(&before.id).await, "half done: {answer:?}");
        }
    }

    /// What nobody can be held to any more once this was asked.
    pub fn forgets(&mut self, deed: &Deed) {
        let now = self.world.desk.now();
        match deed {
            Deed::Keep(Chore::OldNonces) => {
                self.nonces_from = self.nonces_from.max(now.minute() - NONCE_MINUTES);
            }
            Deed::Keep(Chore::OldMemory) => {
                let from = now.plus(Millis(-desk::sweep::KEY_MEMORY.0));
                self.keys_from = self.keys_from.max(from.plus(ANSWER_MAX));
            }
            _ => {}
        }
    }

    /// A node has answered.
    pub fn heard(&mut self, node: usize, deed: &Deed, answer: &Answer) {
        let now = self.world.desk.now();
        self.rests(node, deed, answer);
        if let Some(Failure::Broken(fault)) = answer.failure() {
            let clear = fault.full_disk() && fault.retryable() && !fault.uncertain();
            assert!(self.disk_is_full() && clear, "{deed:?} is broken: {}", fault.chain());
            self.tally.counts("turned away by a full disk", true);
            if let Deed::Order(order) = deed {
                self.turned_away.push(order.clone());
            }
        } else if self.disk_is_full() {
            self.tally.counts("taken, since it fits on a full disk", true);
        }
        self.ledger.answered(deed, answer, now);
        match (deed, answer) {
            (Deed::Order(order), Answer::Done(done)) => self.spends(order, done),
            (Deed::Claim, Answer::Claimed(Ok(claimed))) => self.holds(node, claimed),
            _ => {}
        }
    }

    fn spends(&mut self, order: &Order, done: &Result<Done, Failure>) {
        let not_now = matches!(done, Err(Failure::Broken(_)));
        if order.nonce.is_some() && !not_now {
            self.ledger.spent.push(order.clone());
        }
    }

    /// Nobody heard an answer. What was asked under a key is asked again.
    async fn look_and_ask_again(&mut self, deed: &Deed) {
        let more = self.take_up().await;
        assert!(more <= usize::from(opens(deed)), "{more} cases that nobody asked for: {deed:?}");
        self.tally.counts("a crash left a case that nobody heard of", more > 0);
        let again = match deed {
            Deed::Order(order) if order.key.is_some() => {
                let nonce = order.nonce.is_some().then(|| self.nonce());
                Deed::Order(Order { nonce, ..order.clone() })
            }
            Deed::AskJob(job) if job.once.is_some() => deed.clone(),
            _ => return,
        };
        let node = self.a_node();
        let answer = carry_out(self.nodes[node].desk.clone(), again.clone()).await;
        if let Some(Failure::Broken(fault)) = answer.failure() {
            assert!(self.disk_is_full() && fault.full_disk(), "{}", fault.chain());
            return; // nobody knows yet
        }
        let repeated = matches!(&answer, Answer::Done(Ok(done)) if done.repeated);
        self.tally.counts("asked again after a crash: it was kept", repeated);
        self.tally.counts("asked again after a crash: it was not kept", !repeated);
        self.heard(node, &again, &answer);
    }

    /// Ends a node and starts another in its place, when what the database was given is done.
    pub async fn restart(&mut self, node: usize) {
        self.lets_go(node);
        self.restless[node] = false;
        self.nodes.remove(node).end().await;
        let next = self.new_node().await;
        self.nodes.insert(node, next);
        if self.kind == EngineKind::Sqlite {
            self.fill().await;
        }
    }

    /// Looks which cases there are; how many nobody had heard of.
    pub async fn take_up(&mut self) -> usize {
        let known = self.ledger.cases.len();
        for case in self.all_cases().await {
            self.ledger.cases.entry(case.id).or_insert(case.refid);
        }
        self.ledger.cases.len() - known
    }

    /// Every case there is.
    pub async fn all_cases(&self) -> Vec<Case> {
        let by = self.world.actor(Role::Auditor, "aud");
        let (mut cases, mut behind) = (Vec::new(), None);
        loop {
            let (filter, behind_now) = (CaseFilter::default(), behind.as_ref());
            let page = self.world.desk.list_cases(&by, &filter, Sort::Oldest, behind_now, 100);
            let page = page.await.expect("a list");
            cases.extend(page.cases);
            behind = page.next;
            if behind.is_none() {
                return cases;
            }
        }
    }

    /// The witness looks at a case.
    pub async fn seen(&self, case: &CaseId) -> Case {
        let auditor = self.world.actor(Role::Auditor, "aud");
        self.world.desk.case(&auditor, case).await.expect("every case is there").case
    }

    async fn act(&mut self, node: usize) {
        let (Some(case), Some(other)) = (self.some_case(), self.some_case()) else { return };
        let order = self.an_act(case.clone(), other.clone());
        self.perform(node, Deed::Order(order)).await;
        for case in [case, other] {
            let seen = self.seen(&case).await;
            lawful(&seen);
            self.no_parents_parent(&seen).await;
        }
    }

    async fn job(&mut self, node: usize) {
        let Some(job) = self.a_job() else { return };
        let (says, by) = (job.says.clone(), job.by.clone());
        self.perform(node, Deed::AskJob(job)).await;
        if let (0, Some(JobFate::Kept(id))) = (self.dice.below(4), self.ledger.jobs.get(&says)) {
            let id = id.clone();
            self.perform(node, Deed::CancelJob(by, id)).await;
        }
    }

    /// A case is never the parent of its own parent.
    pub async fn no_parents_parent(&self, case: &Case) {
        let auditor = self.world.actor(Role::Auditor, "aud");
        let links = self.world.desk.links(&auditor, &case.id).await.expect("links");
        let of = |tie: Tie| links.iter().filter(move |link| link.tie == tie).map(|link| &link.case);
        let parents: BTreeSet<&CaseId> = of(Tie::Parent).collect();
        assert!(!parents.contains(&case.id), "{} is its own parent", case.id);
        assert!(!of(Tie::Child).any(|child| parents.contains(child)), "{}: {links:?}", case.id);
    }

    /// Nothing is in the way any more, and everything that waits is done.
    pub async fn heal_and_settle(&mut self) {
        self.room_again().await;
        (self.deaf, self.fault) = (0, None);
        self.held.clear();
        self.take_up().await;
        self.everything_is_sent().await;
        self.jobs_end().await;
        self.everything_is_sent().await;
        for chore in [Chore::Seal, Chore::Index, Chore::Feed] {
            self.until_nothing_is_left(chore).await;
        }
    }

    /// Jobs end, at the latest when their leases have.
    async fn jobs_end(&mut self) {
        let patience = (self.set_back.0 + Millis::hours(1).0) / Millis::minutes(1).0;
        for _ in 0..patience {
            while let Some(Answer::Noted(Ok(true))) = self.perform(0, Deed::WorkJob).await {}
            let by = self.world.actor(Role::Auditor, "aud");
            let running = Some(domain::job::JobState::Running);
            let (jobs, _) = self.world.desk.list_jobs(&by, running, None, 1).await.expect("jobs");
            if jobs.is_empty() {
                return;
            }
            self.world.clock.tick(Millis::minutes(1));
        }
        panic!("jobs are stuck");
    }

    async fn until_nothing_is_left(&self, chore: Chore) {
        let desk = &self.nodes[0].desk;
        loop {
            let more = match chore {
                Chore::Seal => desk.seal_once().await.expect("a seal").is_some(),
                Chore::Index => desk.index_once().await.expect("a step") > 0,
                _ => desk.number_feed_once().await.expect("numbers") > 0,
            };
            if !more {
                return;
            }
        }
    }
}

/// Whether a case may come of it.
fn opens(deed: &Deed) -> bool {
    let Deed::Order(order) = deed else { return false };
    match &order.command {
        Command::Report(_) | Command::Open(_) => true,
        Command::Act(act) => matches!(act.ask, Ask::Split { .. }),
        _ => false,
    }
}

/// Whether it may have been done although it is answered with a fault.
fn nobody_knows(answer: &Answer) -> bool {
    matches!(answer.failure(), Some(Failure::Broken(fault)) if fault.uncertain())
}

/// What holds of every case at any time.
fn lawful(case: &Case) {
    match case.stage {
        Stage::Closed { .. } => assert!(!case.stage.fact().is_empty(), "closed for no reason"),
        Stage::Resolved { .. } => assert!(case.outcome.is_some(), "resolved without an outcome"),
        _ => {}
    }
    assert!(case.received_at <= case.opened_at, "{case:?}");
}
