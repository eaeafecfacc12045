//! The world test: commands, jobs, sweeps, crashes and deaf receivers drawn from a seed, under a
//! clock that is set by hand; what each act leaves is looked at after it, and the great laws at
//! the end. A seed that breaks one is named, and repeats it. `REDRESS_LONG=1` draws many more.

use std::collections::{BTreeSet, HashMap, HashSet};

use desk::Failure;
use desk::execute::{Done, Order};
use desk::jobs::JobCases;
use desk::outbox::Parcel;
use desk::search::SearchAsk;
use domain::case::{
    ActOrder, Ask, ByHand, Case, CloseReason, Command, INTAKE, Outcome as Verdict, Party,
    PaymentRef, Remedy, Report, Stage, StageName, Tie,
};
use domain::changes::{Nonce, Outcome, Try, TryEnd};
use domain::ids::{CaseId, JobId};
use domain::job::JobState;
use domain::payment::PaymentStatus;
use domain::search::Field;
use domain::{Millis, Refusal, Role};
use store::engine::EngineKind;
use teststand::dice::Seeded;
use teststand::engines::BOTH;
use teststand::world::World;

const STEPS: usize = 120;
const PAYMENTS: usize = 12;
const SEEDS: u64 = 4;
const SEEDS_LONG: u64 = 2_000;

/// How long a claimed message is held.
const LEASE: Millis = Millis::minutes(5);

struct Run {
    world: World,
    dice: Seeded,
    reported: HashMap<CaseId, String>,
    received: HashMap<String, u32>,
    nonces: u64,
    jobs: Vec<JobId>,
}

impl Run {
    fn nonce(&mut self) -> Nonce {
        self.nonces += 1;
        let mut digest = [0; 16];
        digest[..8].copy_from_slice(&self.nonces.to_be_bytes());
        Nonce { minute: self.world.desk.now().minute(), digest }
    }

    async fn step(&mut self) {
        match self.dice.below(16) {
            0..=2 => self.report().await,
            3 => self.report_twice_at_once().await,
            4..=8 => self.act().await,
            9 => self.open_or_take().await,
            10 => self.ask_job().await,
            11 => drop(self.world.desk.work_a_job().await.expect("a job is worked")),
            12 => self.sweep(true).await,
            13 => self.world.clock.tick(Millis::minutes(7)),
            14 => {
                self.world.desk.seal_once().await.expect("a seal");
                self.world.desk.drop_old_nonces().await.expect("old nonces go");
            }
            _ => self.world.restart().await,
        }
    }

    fn order(&mut self, key: Option<String>) -> Order {
        let refid = format!("P-{}", self.dice.below(PAYMENTS));
        let report = Report {
            payment: PaymentRef::Refid(refid),
            addresses: vec!["buyer@example.test".into()],
            says: format!("word {}", self.nonces),
            category: String::new(),
        };
        let by = self.world.actor(Role::Client, "app");
        Order { by, command: Command::Report(report), key, nonce: Some(self.nonce()) }
    }

    /// A report; some under a key, and then the answer may be lost by a crash and asked for again.
    async fn report(&mut self) {
        let key = (self.dice.below(3) == 0).then(|| format!("k{}", self.nonces));
        let order = self.order(key);
        let first = self.world.desk.execute(&order).await;
        self.remember(&first);
        if order.key.is_some() && self.dice.below(2) == 0 {
            self.world.restart().await;
            let again = Order { nonce: Some(self.nonce()), ..order };
            let second = self.world.desk.execute(&again).await;
            if let (Ok(first), Ok(second)) = (&first, &second) {
                assert_eq!(first.outcome, second.outcome, "a key says the same again");
            }
            assert_eq!(first.is_ok(), second.is_ok(), "{first:?} then {second:?}");
        }
    }

    async fn report_twice_at_once(&mut self) {
        let one = self.order(None);
        let other = Order { nonce: Some(self.nonce()), ..one.clone() };
        let desk = self.world.desk.clone();
        let (first, second) = tokio::join!(desk.execute(&one), desk.execute(&other));
        assert!(first.is_err() || second.is_err(), "two cases of one payment");
        self.remember(&first);
        self.remember(&second);
        let replayed = self.world.desk.execute(&one).await;
        let spent = matches!(replayed, Err(Failure::Refused(Refusal::NonceSpent)));
        assert!(spent, "a nonce is good once: {replayed:?}");
    }

    fn remember(&mut self, done: &Result<Done, Failure>) {
        match done {
            Ok(done) => match &done.outcome {
                Outcome::Reported { case, refid } => {
                    self.reported.insert(case.clone(), refid.clone());
                }
                Outcome::Acted { .. } => {}
                other => panic!("{other:?}"),
            },
            Err(Failure::Refused(_)) => {}
            Err(Failure::Broken(fault)) => panic!("broken: {}", fault.chain()),
        }
    }

    /// One of the cases there are.
    fn some_case(&mut self) -> Option<CaseId> {
        let mut cases: Vec<&CaseId> = self.reported.keys().collect();
        cases.sort();
        let place = (!cases.is_empty()).then(|| self.dice.below(cases.len()))?;
        Some(cases[place].clone())
    }

    fn ask(&mut self, other: CaseId) -> Ask {
        let tie = [Tie::Parent, Tie::Related, Tie::DuplicateOf][self.dice.below(3)];
        let queue = Some(["level-2", INTAKE][self.dice.below(2)].to_owned());
        let payment = PaymentRef::Refid(format!("P-{}", self.dice.below(PAYMENTS)));
        let payment = (self.dice.below(2) == 0).then_some(payment);
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

    /// Any act on any case; then the cases it was about are looked at.
    async fn act(&mut self) {
        let (Some(case), Some(other)) = (self.some_case(), self.some_case()) else { return };
        let ask = self.ask(other.clone());
        let act = ActOrder { case: case.clone(), ask, says: "done".into(), version: None };
        let (role, name) = [(Role::Agent, "ann"), (Role::Supervisor, "bob")][self.dice.below(2)];
        let by = self.world.actor(role, name);
        let order = Order { by, command: Command::Act(act), key: None, nonce: None };
        match self.world.desk.execute(&order).await {
            Ok(Done { outcome: Outcome::Split { part, .. }, .. }) => {
                let refid = self.seen(&part).await.refid;
                self.reported.insert(part.clone(), refid);
            }
            Err(Failure::Broken(fault)) => panic!("broken: {}", fault.chain()),
            _ => {}
        }
        for case in [case, other] {
            let seen = self.seen(&case).await;
            lawful(&seen);
            self.no_parents_parent(&seen).await;
        }
    }

    /// A case by hand, or the next one of a queue.
    async fn open_or_take(&mut self) {
        let by = self.world.actor(Role::Agent, "ann");
        let command = if self.dice.below(2) == 0 {
            let payment = PaymentRef::Refid(format!("P-{}", self.dice.below(PAYMENTS)));
            let payment = (self.dice.below(2) == 0).then_some(payment);
            Command::Open(ByHand { payment, says: "She called.".into(), ..ByHand::empty() })
        } else {
            Command::TakeNext { queue: INTAKE.to_owned() }
        };
        let order = Order { by, command, key: None, nonce: None };
        let done = self.world.desk.execute(&order).await;
        self.remember(&done);
    }

    /// One act on some cases; sometimes it is stopped again.
    async fn ask_job(&mut self) {
        let Some(other) = self.some_case() else { return };
        let cases: BTreeSet<CaseId> = (0..4).filter_map(|_| self.some_case()).collect();
        let asks = [
            Ask::Comment { to_customer: false },
            Ask::Assign { queue: Some("level-2".into()), person: None },
            Ask::Close { reason: CloseReason::Withdrawn },
            Ask::Link { tie: Tie::Related, other },
        ];
        let ask = asks[self.dice.below(asks.len())].clone();
        let by = self.world.actor(Role::Agent, "ann");
        let cases = JobCases::These(cases.into_iter().collect());
        let desk = self.world.desk.clone();
        match desk.ask_job(&by, (&ask, "done"), cases, None).await {
            Ok(Done { outcome: Outcome::Job { job, .. }, .. }) => {
                if self.dice.below(4) == 0 {
                    desk.cancel_job(&by, &job, None).await.expect("it is stopped");
                }
                self.jobs.push(job);
            }
            Err(Failure::Broken(fault)) => panic!("broken: {}", fault.chain()),
            _ => {}
        }
    }

    async fn seen(&self, case: &CaseId) -> Case {
        let auditor = self.world.actor(Role::Auditor, "aud");
        self.world.desk.case(&auditor, case).await.expect("every case is there").case
    }

    /// A case is never the parent of its own parent.
    async fn no_parents_parent(&self, case: &Case) {
        let auditor = self.world.actor(Role::Auditor, "aud");
        let links = self.world.desk.links(&auditor, &case.id).await.expect("links");
        let of = |tie: Tie| links.iter().filter(move |link| link.tie == tie).map(|link| &link.case);
        let parents: HashSet<&CaseId> = of(Tie::Parent).collect();
        assert!(!parents.contains(&case.id), "{} is its own parent", case.id);
        assert!(!of(Tie::Child).any(|child| parents.contains(child)), "{}: {links:?}", case.id);
    }

    /// Sends what is due. While `faulty`, a receiver may be deaf, and the program may stop before
    /// sending or between sending and recording.
    async fn sweep(&mut self, faulty: bool) {
        for message in self.world.desk.claim(5, LEASE).await.expect("a claim") {
            assert!(matches!(message.parcel, Parcel::Telling(_)));
            let (heard, recorded) = match if faulty { self.dice.below(4) } else { 0 } {
                0 => (true, true),
                1 => (false, true),
                2 => (true, false),
                _ => (false, false),
            };
            if heard {
                *self.received.entry(message.id.as_str().to_owned()).or_default() += 1;
            }
            if !recorded {
                continue; // the lease ends, and it is sent again with the same id
            }
            let due = self.world.desk.now().plus(Millis::minutes(1));
            let tried = Try {
                message: message.id.clone(),
                leased_until: message.leased_until,
                number: message.attempts + 1,
                end: if heard { TryEnd::Done } else { TryEnd::Again { due } },
                detail: String::new(),
            };
            assert!(self.world.desk.record(message.scope, tried).await.expect("a record"));
        }
    }

    async fn heal_and_settle(&mut self) {
        self.world.restart().await;
        while self.world.desk.waiting_messages().await.expect("a count") > 0 {
            self.world.clock.tick(LEASE);
            self.sweep(false).await;
        }
        while self.world.desk.work_a_job().await.expect("a job is worked") {}
        // What jobs did is told, too.
        while self.world.desk.waiting_messages().await.expect("a count") > 0 {
            self.world.clock.tick(LEASE);
            self.sweep(false).await;
        }
        while self.world.desk.seal_once().await.expect("a seal").is_some() {}
        while self.world.desk.index_once().await.expect("a step") > 0 {}
    }

    /// Every case had its turn in every job that was not stopped, and the counts are of the rows.
    async fn jobs_add_up(&self, name: &str) {
        let auditor = self.world.actor(Role::Auditor, "aud");
        for id in &self.jobs {
            let rows = self.world.desk.job_rows(&auditor, id, 0, 100).await;
            let (job, rows) = rows.expect("the job");
            let ended = rows.iter().filter(|row| row.end.is_some()).count();
            let ended = i64::try_from(ended).expect("few");
            assert_eq!(job.done + job.refused, ended, "{name}: {job:?}");
            assert_ne!(job.state, JobState::Running, "{name}: {job:?}");
            assert!(job.state == JobState::Cancelled || ended == job.total, "{name}: {job:?}");
        }
    }

    /// The index finds of each stage and of a payment what a plain scan finds, and counts it.
    async fn the_index_is_a_plain_scan(&self, name: &str) {
        let mut cases = Vec::new();
        for case in self.reported.keys() {
            cases.push(self.seen(case).await);
        }
        let stages = StageName::ALL.iter().map(|stage| (Field::Stage, stage.word().to_owned()));
        let refid = (Field::Refid, "P-1".to_owned());
        for (field, value) in stages.into_iter().chain([refid]) {
            let has = |case: &&Case| match field {
                Field::Stage => case.stage.name().word() == value,
                _ => case.refid == value,
            };
            let scanned: BTreeSet<CaseId> =
                cases.iter().filter(has).map(|case| case.id.clone()).collect();
            let (mut found, mut after) = (BTreeSet::new(), None);
            loop {
                let fields = vec![(field, value.clone())];
                let (text, from, to, limit, facets) = (None, None, None, 7, true);
                let ask = SearchAsk { text, fields, from, to, after, limit, facets };
                let by = self.world.actor(Role::Agent, "ann");
                let page = self.world.desk.search(&by, &ask).await.expect("an answer");
                if found.is_empty() {
                    let count = page.counts.expect("counts").count;
                    assert_eq!(count, scanned.len(), "{name}: {value}");
                }
                found.extend(page.found.into_iter().map(|one| one.case.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, scanned, "{name}: {value}");
        }
    }

    async fn great_laws(&self, name: &str) {
        let auditor = self.world.actor(Role::Auditor, "aud");
        let mut open: HashSet<String> = HashSet::new();
        let mut messages = 0;
        for (case, refid) in &self.reported {
            let view = self.world.desk.case(&auditor, case).await.expect("every case is there");
            assert_eq!(&view.case.refid, refid, "{name}");
            lawful(&view.case);
            self.no_parents_parent(&view.case).await;
            if !refid.is_empty() && !matches!(view.case.stage, Stage::Closed { .. }) {
                assert!(open.insert(refid.clone()), "{name}: two open cases of {refid}");
            }
            let timeline = self.world.desk.timeline(&auditor, case).await.expect("a timeline");
            for told in timeline.told {
                messages += 1;
                let count = self.received.get(&told.id).copied().unwrap_or(0);
                assert!(count >= 1, "{name}: message {} never arrived", told.id);
            }
        }
        assert_eq!(self.received.len(), messages, "{name}: nobody was told of anything else");
        let found = self.world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
        assert!(found.clean(), "{name}: {:?}", found.listed);
        assert_eq!(found.cases, u64::try_from(self.reported.len()).expect("few"), "{name}");
    }
}

/// What holds of every case at any time.
fn lawful(case: &Case) {
    match case.stage {
        Stage::Closed { .. } => assert!(!case.stage.fact().is_empty(), "closed for no reason"),
        Stage::Resolved { .. } => assert!(case.outcome.is_some(), "resolved without an outcome"),
        _ => {}
    }
    assert!(case.received_at <= case.opened_at && case.opened_at <= case.stage_at, "{case:?}");
}

async fn world(kind: EngineKind, seed: u64) {
    let world = World::new(kind, seed).await;
    for number in 0..PAYMENTS {
        world.pay(world.scope, &format!("P-{number}"), PaymentStatus::Successful).await;
    }
    let mut run = Run {
        world,
        dice: Seeded::new(seed),
        reported: HashMap::new(),
        received: HashMap::new(),
        nonces: seed << 32,
        jobs: Vec::new(),
    };
    for _ in 0..STEPS {
        run.step().await;
    }
    run.heal_and_settle().await;
    let name = format!("seed {seed} on {kind:?}");
    run.great_laws(&name).await;
    run.jobs_add_up(&name).await;
    run.the_index_is_a_plain_scan(&name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_great_laws_hold_whatever_happens() {
    let long = std::env::var("REDRESS_LONG").is_ok_and(|value| value == "1");
    for seed in 0..if long { SEEDS_LONG } else { SEEDS } {
        for kind in BOTH {
            world(kind, seed).await;
        }
    }
}
