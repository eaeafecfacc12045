//! Cases of another system on both engines: each once, with its own times, in histories that
//! verify, and without a word to anybody unless that was asked for.

use desk::Failure;
use desk::admin::AdminOrder;
use desk::archive::TakenOver;
use domain::admin::{AdminAct, Kind};
use domain::case::{Archived, Channel, Entry, PaymentRef, Stage, Standing};
use domain::ids::CaseId;
use domain::payment::PaymentStatus;
use domain::{Actor, Instant, Millis, Refusal, Role};
use teststand::engines::BOTH;
use teststand::world::{BEGINNING, World};

/// A year before the world begins: older than anything that is opened by hand.
const THEN: Instant = BEGINNING.plus(Millis::days(-400));

fn archived(id: &str, standing: &str) -> Archived {
    let entry = |hours: i64, public, text: &str| Entry {
        at: THEN.plus(Millis::hours(hours)),
        public,
        text: text.into(),
    };
    Archived {
        source: "old-desk".into(),
        external_id: id.into(),
        payment: None,
        channel: Channel::Letter,
        received_at: THEN,
        addresses: vec!["bob@example.test".into(), "eve@example.test".into()],
        customer: "C-1".into(),
        language: "ms".into(),
        says: "It never came.".into(),
        category: "voucher".into(),
        queue: "vouchers".into(),
        assignee: "asha".into(),
        standing: Standing::parse(standing).expect(standing),
        moved_at: Some(THEN.plus(Millis::hours(9))),
        history: vec![entry(30, true, "asha:\nSorry."), entry(2, false, "asha:\nOdd.")],
        tell: false,
    }
}

async fn new(world: &World, by: &Actor, case: &Archived) -> CaseId {
    match world.desk.take_over(by, case, false).await.expect("it is taken over") {
        TakenOver::New(id) => id,
        TakenOver::Known(id) => panic!("{id} was known"),
    }
}

async fn refusal(world: &World, by: &Actor, case: &Archived) -> Refusal {
    match world.desk.take_over(by, case, false).await {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("it should be refused: {other:?}"),
    }
}

async fn count(world: &World, sql: &'static str) -> i64 {
    world.db.one(sql, vec![]).await.expect("a count").expect("a row").int(0).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_keep_their_past_and_their_histories_verify() {
    for kind in BOTH {
        let world = World::new(kind, 51).await;
        let by = world.actor(Role::Administrator, "import");
        for (number, standing) in [
            "received",
            "open",
            "waiting network",
            "resolved rejected",
            "closed settled upheld",
            "closed withdrawn",
            "closed duplicate partly-upheld",
        ]
        .into_iter()
        .enumerate()
        {
            let case = archived(&format!("T {number}"), standing);
            let id = new(&world, &by, &case).await;
            let seen = world.desk.case(&by, &id).await.expect("it is there").case;
            assert_eq!(seen.stage, case.standing.stage, "{standing} on {kind:?}");
            assert_eq!(seen.outcome, case.standing.outcome, "{standing}");
            assert_eq!((seen.received_at, seen.opened_at), (THEN, THEN));
            let since = if standing == "received" { 0 } else { 9 };
            assert_eq!(seen.stage_at, THEN.plus(Millis::hours(since)), "{standing}");
            assert_eq!((seen.queue.as_str(), seen.assignee.as_str()), ("vouchers", ""));
            assert_eq!((seen.channel, seen.language.as_str()), (Channel::Letter, "ms"));
            assert_eq!(
                world.desk.take_over(&by, &case, false).await.ok(),
                Some(TakenOver::Known(id))
            );
        }
        assert_eq!(count(&world, "SELECT COUNT(*) FROM cases").await, 7);
        assert_eq!(count(&world, "SELECT COUNT(*) FROM outbox").await, 0, "nobody is told");
        world.desk.seal_once().await.expect("a seal");
        let findings = world.desk.verify_audit(None, &mut |_| {}).await.expect("a walk");
        assert_eq!((findings.flaws, findings.cases), (0, 7), "{kind:?}: {findings:?}");
        for (sql, words) in [
            (
                "UPDATE imported_cases SET external_id = 'T 99' WHERE external_id = 'T 3'",
                &["is kept as another system's case", "and is not kept as that"][..],
            ),
            (
                "DELETE FROM imported_cases WHERE external_id = 'T 99'",
                &["came from another system by its history"],
            ),
        ] {
            let forged = store::engine::Stmt::any(sql, vec![]);
            world.db.commit(vec![forged]).await.expect("changed behind the desk");
            let findings = world.desk.verify_audit(None, &mut |_| {}).await.expect("a walk");
            let said = findings.listed.join("; ");
            assert!(words.iter().all(|word| said.contains(word)), "{sql} {kind:?}: {said}");
            assert_eq!(findings.flaws, words.len() as u64, "{sql} {kind:?}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_says_what_happened_when_and_where_it_came_from() {
    for kind in BOTH {
        let world = World::new(kind, 52).await;
        let by = world.actor(Role::Administrator, "import");
        let id = new(&world, &by, &archived("T-1", "closed settled upheld")).await;
        let timeline = world.desk.timeline(&by, &id).await.expect("a timeline");
        let told: Vec<_> = timeline
            .happenings
            .iter()
            .map(|one| {
                (one.at.since(THEN).0 / 3_600_000, one.act.as_str(), one.facts.word.as_str())
            })
            .collect();
        let wanted = [
            (0, "open", "letter"),
            (0, "assign", "vouchers"),
            (2, "comment", "internal"),
            (9, "resolve", "upheld"),
            (9, "close", "settled"),
            (30, "comment", "to-customer"),
            (9_600, "import", "old-desk"),
        ];
        assert_eq!(told, wanted, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_for_archives_too() {
    for kind in BOTH {
        let world = World::new(kind, 53).await;
        let by = world.actor(Role::Administrator, "import");
        world.pay(world.scope, "R-1", PaymentStatus::Successful).await;
        let about = |refid: &str, id: &str, standing: &str| Archived {
            payment: Some(PaymentRef::Refid(refid.into())),
            ..archived(id, standing)
        };
        let open = new(&world, &by, &about("R-1", "T-1", "open")).await;
        let second = refusal(&world, &by, &about("R-1", "T-2", "received")).await;
        assert!(matches!(second, Refusal::AlreadyReported { case, .. } if case == open));
        new(&world, &by, &about("R-1", "T-3", "closed settled rejected")).await;
        let unknown = refusal(&world, &by, &about("R-9", "T-4", "open")).await;
        assert_eq!(unknown, Refusal::PaymentUnknown);
        let late = Entry { at: world.desk.now().plus(Millis(1)), public: true, text: "x".into() };
        let future = Archived { history: vec![late], ..archived("T-5", "open") };
        assert_eq!(refusal(&world, &by, &future).await, Refusal::ReceiptTime);
        for role in [Role::Agent, Role::Developer, Role::Merchant] {
            let who = world.actor(role, "ann");
            let refused = refusal(&world, &who, &archived("T-6", "open")).await;
            assert_eq!(refused.code(), "not-allowed", "{role:?}");
        }
        let rehearsed = world.desk.take_over(&by, &archived("T-7", "open"), true).await;
        assert!(matches!(rehearsed, Ok(TakenOver::New(_))));
        assert_eq!(count(&world, "SELECT COUNT(*) FROM cases").await, 2, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_come_at_once_make_one_case_and_only_the_told_are_told() {
    for kind in BOTH {
        let world = World::new(kind, 54).await;
        let by = world.actor(Role::Administrator, "import");
        let case = Archived { tell: true, ..archived("T-1", "open") };
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (desk, by, case) = (world.desk.clone(), by.clone(), case.clone());
                tokio::spawn(async move { desk.take_over(&by, &case, false).await })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            let taken = task.await.expect("it ends").expect("it is taken over");
            made += usize::from(matches!(taken, TakenOver::New(_)));
        }
        assert_eq!(made, 1, "{kind:?}");
        assert_eq!(count(&world, "SELECT COUNT(*) FROM outbox").await, 2, "an event and a mail");
        let ended = Archived { tell: true, ..archived("T-2", "closed withdrawn") };
        let id = new(&world, &by, &ended).await;
        assert_eq!(count(&world, "SELECT COUNT(*) FROM outbox").await, 3, "an event, no mail");
        let seen = world.desk.case(&by, &id).await.expect("it is there").case;
        assert!(matches!(seen.stage, Stage::Closed { .. }));
    }
}

/// Queues come along and are ours from then on; people do not: nobody is given a case who is not
/// known here, and the name stays in the history.
#[tokio::test(flavor = "multi_thread")]
async fn queues_come_along_and_people_only_when_they_are_known() {
    for kind in BOTH {
        let world = World::new(kind, 57).await;
        let by = world.actor(Role::Administrator, "import");
        let there = Archived { queue: "Credit card".into(), ..archived("T-1", "open") };
        world.desk.take_over(&by, &there, true).await.expect("a rehearsal");
        assert!(world.desk.see_queues(&by).await.expect("queues").is_empty(), "nothing written");
        let id = new(&world, &by, &there).await;
        let queues = world.desk.see_queues(&by).await.expect("queues");
        let names: Vec<&str> = queues.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!(names, ["credit-card"], "{kind:?}");
        assert_eq!(queues[0].label, "Credit card");
        let again = Archived { queue: "CREDIT CARD".into(), ..archived("T-0", "open") };
        let other = new(&world, &by, &again).await;
        let other = world.desk.case(&by, &other).await.expect("it is there").case;
        assert_eq!(other.queue, "credit-card", "{kind:?}");
        let history = world.desk.see_history(&by, None, 10).await.expect("a history");
        assert_eq!((history[0].act.as_str(), history[0].actor.as_str()), ("queue-add", "import"));
        let timeline = world.desk.timeline(&by, &id).await.expect("a timeline");
        let last = timeline.happenings.last().expect("the import");
        assert_eq!(last.says.as_deref(), Some("assignee: asha"), "{kind:?}");
        let member = AdminAct::MemberAdd {
            email: "Asha@example.test".into(),
            name: "Asha".into(),
            role: Role::Agent,
        };
        let order = |act| AdminOrder::new(Actor::operator(world.scope), act);
        world.desk.administer(&order(member)).await.map(drop).expect("a member");
        let assignee = String::from("asha@example.test");
        let known = Archived { assignee, ..archived("T-2", "open") };
        let id = new(&world, &by, &known).await;
        let seen = world.desk.case(&by, &id).await.expect("it is there").case;
        assert_eq!(seen.assignee, "Asha@example.test");
        let name = String::from("vouchers");
        world
            .desk
            .administer(&order(AdminAct::QueueRetire { name }))
            .await
            .map(drop)
            .expect("done");
        let late = archived("T-3", "open");
        assert_eq!(refusal(&world, &by, &late).await, Refusal::ThingUnknown { kind: Kind::Queue });
        queue_names_are_one_in_any_capitals(&world).await;
    }
}

async fn queue_names_are_one_in_any_capitals(world: &World) {
    let order = |act| AdminOrder::new(Actor::operator(world.scope), act);
    let add = |name: &str| AdminAct::QueueAdd { name: name.into(), label: name.into(), team: None };
    let retire = AdminAct::QueueRetire { name: "Credit-Card".into() };
    world.desk.administer(&order(retire)).await.map(drop).expect("retired");
    for name in ["CREDIT-card", "credit-card", "Intake"] {
        let taken = world.desk.administer(&order(add(name))).await.map(|done| done.id);
        let refused = matches!(taken, Err(Failure::Refused(Refusal::NameTaken { .. })));
        assert!(refused, "{name}: {taken:?}");
    }
    let reopen = AdminAct::QueueReopen { name: "CREDIT-CARD".into() };
    world.desk.administer(&order(reopen)).await.map(drop).expect("open again");
}
