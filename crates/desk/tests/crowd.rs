//! Many at once: who takes the next case, who merges first, and a job whose node dies.

use std::collections::HashSet;

use desk::Failure;
use desk::execute::Order;
use desk::jobs::JobCases;
use domain::case::{
    ActOrder, Ask, ByHand, CaseFilter, CloseReason, Command, Outcome as Verdict, Party, Stage,
};
use domain::changes::Outcome;
use domain::ids::{CaseId, JobId};
use domain::job::{JobState, RowEnd};
use domain::{Actor, Millis, Refusal, Role};
use store::engine::EngineKind;
use teststand::engines::BOTH;
use teststand::world::World;

/// Opens so many cases, each a second after the one before.
async fn opened(world: &World, count: usize) -> Vec<CaseId> {
    let mut cases = Vec::new();
    for _ in 0..count {
        world.clock.tick(Millis::seconds(1));
        let by = world.actor(Role::Agent, "clerk");
        let command = Command::Open(ByHand { says: "gone".into(), ..ByHand::empty() });
        let order = Order { by, command, key: None, nonce: None };
        match world.desk.execute(&order).await.expect("a case").outcome {
            Outcome::Reported { case, .. } => cases.push(case),
            other => panic!("{other:?}"),
        }
    }
    cases
}

fn order(by: Actor, case: &CaseId, ask: Ask) -> Order {
    let act = ActOrder { case: case.clone(), ask, says: String::new(), version: None };
    Order { by, command: Command::Act(act), key: None, nonce: None }
}

async fn stage(world: &World, case: &CaseId) -> (Stage, i64) {
    let by = world.actor(Role::Auditor, "aud");
    let case = world.desk.case(&by, case).await.expect("the case is there").case;
    (case.stage, case.version)
}

async fn audited(world: &World) {
    let found = world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
    assert!(found.clean(), "{:?}", found.listed);
}

const AGENTS: usize = 24;
const CASES: usize = 40;

/// Everybody asks until nothing is left: each case goes to exactly one of them.
#[tokio::test(flavor = "multi_thread")]
async fn two_people_never_get_the_same_case() {
    for kind in BOTH {
        let world = World::new(kind, 5).await;
        let cases = opened(&world, CASES).await;
        let mut agents = tokio::task::JoinSet::new();
        for agent in 0..AGENTS {
            let (desk, by) = (world.desk.clone(), world.actor(Role::Agent, &format!("a{agent}")));
            agents.spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let command = Command::TakeNext { queue: "intake".into() };
                    let order = Order { by: by.clone(), command, key: None, nonce: None };
                    match desk.execute(&order).await {
                        Ok(done) => match done.outcome {
                            Outcome::Acted { case, .. } => taken.push(case),
                            other => panic!("{other:?}"),
                        },
                        Err(Failure::Refused(Refusal::QueueEmpty)) => return taken,
                        Err(other) => panic!("{other:?}"),
                    }
                }
            });
        }
        let taken: Vec<CaseId> = agents.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken.len(), CASES, "{kind:?}");
        let different: HashSet<&CaseId> = taken.iter().collect();
        assert_eq!(different, cases.iter().collect(), "{kind:?}");
        audited(&world).await;
    }
}

/// Two cases merged into each other at once: one goes on, whoever was first.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_merges_one_is_done() {
    for kind in BOTH {
        let world = World::new(kind, 6).await;
        for _ in 0..5 {
            let cases = opened(&world, 3).await;
            let [one, two, three] = cases.as_slice() else { panic!("three cases") };
            let into = |case: &CaseId| Ask::Merge { into: case.clone(), carry_addresses: false };
            let by = || world.actor(Role::Agent, "ann");
            let (first, second, third) = (
                order(by(), one, into(two)),
                order(by(), two, into(one)),
                order(by(), three, into(two)),
            );
            let desk = &world.desk;
            let done =
                tokio::join!(desk.execute(&first), desk.execute(&second), desk.execute(&third));
            assert!(done.0.is_ok() != done.1.is_ok(), "{kind:?}: {done:?}");
            let closed = Stage::Closed { reason: CloseReason::Duplicate };
            let mut open = 0;
            for case in &cases {
                open += usize::from(stage(&world, case).await.0 != closed);
            }
            // The third may have found its target closed: then it goes on as well.
            assert_eq!(open, if done.2.is_ok() { 1 } else { 2 }, "{kind:?}: {done:?}");
        }
        audited(&world).await;
    }
}

/// What a job asks of these cases, not yet begun.
async fn asked(world: &World, ask: &Ask, cases: JobCases) -> JobId {
    let by = world.actor(Role::Agent, "ann");
    let done = world.desk.ask_job(&by, (ask, "said"), cases, None).await.expect("a job");
    match done.outcome {
        Outcome::Job { job, .. } => job,
        other => panic!("{other:?}"),
    }
}

async fn ends(world: &World, job: &JobId) -> (JobState, Vec<Option<RowEnd>>) {
    let by = world.actor(Role::Auditor, "aud");
    let (job, rows) = world.desk.job_rows(&by, job, 0, 100).await.expect("rows");
    let ended = rows.iter().filter(|row| row.end.is_some()).count();
    assert_eq!(usize::try_from(job.done + job.refused).expect("few"), ended);
    (job.state, rows.into_iter().map(|row| row.end).collect())
}

/// A node dies over a job: some cases had their turn and it is noted, one had its turn and it is
/// not. The next node goes on when the lease ends, and no case has its turn twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_on_after_a_crash() {
    for kind in BOTH {
        let mut world = World::new(kind, 8).await;
        let cases = opened(&world, 30).await;
        let ask = Ask::Comment { to_customer: false };
        let job = asked(&world, &ask, JobCases::These(cases.clone())).await;
        // The node had claimed the job and carried these two out when it died.
        store::read::jobs::claim(
            &world.db,
            world.desk.now(),
            world.desk.now().plus(Millis::minutes(1)),
        )
        .await
        .expect("a claim")
        .expect("the job");
        for number in [1, 20] {
            let mut order = order(world.actor(Role::Agent, "ann"), &cases[number - 1], ask.clone());
            order.key = Some(format!("job:{job}:{number}"));
            if let Command::Act(act) = &mut order.command {
                act.says = "said".into();
            }
            world.desk.execute(&order).await.expect("a turn");
        }
        world.restart().await;
        assert!(!world.desk.work_a_job().await.expect("a look"), "the lease still holds");
        world.clock.tick(Millis::minutes(1));
        while world.desk.work_a_job().await.expect("a job is worked") {}
        let done = Some(RowEnd::Done { version: 2 });
        assert_eq!(ends(&world, &job).await, (JobState::Done, vec![done; 30]), "{kind:?}");
        for case in &cases {
            assert_eq!(stage(&world, case).await.1, 2, "{kind:?}: a turn came twice");
        }
        audited(&world).await;
    }
}

/// Nodes that work at the same time take different jobs, or give no case two turns.
#[tokio::test(flavor = "multi_thread")]
async fn several_nodes_work_jobs() {
    for kind in BOTH {
        let world = World::new(kind, 9).await;
        let cases = opened(&world, 60).await;
        let filter = CaseFilter { queue: Some("intake".into()), ..CaseFilter::default() };
        let started = asked(&world, &Ask::Start, JobCases::Filter(filter)).await;
        let into = Ask::Merge { into: cases[0].clone(), carry_addresses: false };
        let merged = asked(&world, &into, JobCases::These(cases[..20].to_vec())).await;
        let work = || async {
            let desk = world.desk.clone();
            tokio::spawn(async move { while desk.work_a_job().await.expect("worked") {} }).await
        };
        let done = tokio::join!(work(), work(), work());
        assert!(done.0.is_ok() && done.1.is_ok() && done.2.is_ok());
        let (state, rows) = ends(&world, &started).await;
        assert_eq!((state, rows.len()), (JobState::Done, 60), "{kind:?}");
        let (state, rows) = ends(&world, &merged).await;
        assert_eq!(state, JobState::Done);
        let itself = Some(RowEnd::Refused { code: "same-case".into() });
        assert_eq!(rows[0], itself, "{kind:?}");
        assert!(rows[1..].iter().all(|row| matches!(row, Some(RowEnd::Done { .. }))), "{rows:?}");
        audited(&world).await;
    }
}

/// Under the rights of whoever asked, also when they would be more today; and stopped half-way.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_has_no_rights_of_its_own_and_stops_when_told() {
    let world = World::new(EngineKind::Sqlite, 10).await;
    let cases = opened(&world, 300).await;
    let auditor = world.actor(Role::Auditor, "aud");
    let agent = world.actor(Role::Agent, "ann");
    let these = || JobCases::These(cases.clone());
    for (by, ask) in [(&auditor, Ask::Start), (&agent, Ask::Approve)] {
        let refused = world.desk.ask_job(by, (&ask, ""), these(), None).await;
        assert!(matches!(refused, Err(Failure::Refused(Refusal::NotAllowed { .. }))), "{ask:?}");
    }
    let too_many = vec![cases[0].clone(); 10_001];
    let refused = world.desk.ask_job(&agent, (&Ask::Start, ""), JobCases::These(too_many), None);
    assert!(matches!(refused.await, Err(Failure::Refused(Refusal::JobTooLarge))));
    let job = asked(&world, &Ask::Wait { on: Party::Network }, these()).await;
    assert!(world.desk.work_a_job().await.expect("worked"));
    world.desk.cancel_job(&agent, &job, None).await.expect("stopped");
    while world.desk.work_a_job().await.expect("worked") {}
    let stopped = world.desk.job(&auditor, &job).await.expect("the job");
    assert_eq!((stopped.state, stopped.done), (JobState::Cancelled, 256));
    // What a resolved case refuses stands in its row.
    let resolve = Ask::Resolve { outcome: Verdict::Upheld };
    let job = asked(&world, &resolve, JobCases::These(cases[..2].to_vec())).await;
    world.desk.work_a_job().await.expect("worked");
    let again = asked(&world, &resolve, JobCases::These(cases[..2].to_vec())).await;
    world.desk.work_a_job().await.expect("worked");
    let done = Some(RowEnd::Done { version: 3 });
    assert_eq!(ends(&world, &job).await.1, [done.clone(), done]);
    let refused = Some(RowEnd::Refused { code: "wrong-stage".into() });
    assert_eq!(ends(&world, &again).await.1, [refused.clone(), refused]);
}

/// What a key remembers is said again to whoever used it, as long as he may ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_says_nothing_again_to_who_lost_the_right() {
    for kind in BOTH {
        let world = World::new(kind, 9).await;
        let cases = opened(&world, 1).await;
        let keyed = |role: Role, credential: &str| {
            let by = Actor { credential: credential.into(), ..world.actor(role, "ann") };
            Order { key: Some("k-1".into()), ..order(by, &cases[0], Ask::Start) }
        };
        assert!(!world.desk.execute(&keyed(Role::Agent, "tk_1")).await.expect("done").repeated);
        assert!(world.desk.execute(&keyed(Role::Agent, "tk_1")).await.expect("again").repeated);
        let lost = world.desk.execute(&keyed(Role::Auditor, "tk_1")).await;
        assert!(matches!(lost, Err(Failure::Refused(Refusal::NotAllowed { .. }))), "{kind:?}");
        let other = world.desk.execute(&keyed(Role::Agent, "tk_2")).await;
        assert!(matches!(other, Err(Failure::Refused(Refusal::WrongStage { .. }))), "{kind:?}");
    }
}
