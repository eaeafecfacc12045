//! No case stands above itself: not over two, not over many, not when two people close a circle at
//! the same time; and merges end at a case that goes on.

use desk::Failure;
use desk::execute::Order;
use domain::case::{ABOVE_MAX, ActOrder, Ask, ByHand, Command, Stage, Tie};
use domain::changes::Outcome;
use domain::ids::CaseId;
use domain::{Millis, Refusal, Role};
use teststand::engines::BOTH;
use teststand::world::World;

async fn opened(world: &World, count: usize) -> Vec<CaseId> {
    let mut cases = Vec::new();
    for _ in 0..count {
        world.clock.tick(Millis::seconds(1));
        let command = Command::Open(ByHand { says: "gone".into(), ..ByHand::empty() });
        match done(world, command).await.expect("a case") {
            Outcome::Reported { case, .. } => cases.push(case),
            other => panic!("{other:?}"),
        }
    }
    cases
}

async fn done(world: &World, command: Command) -> Result<Outcome, Failure> {
    let order = Order { by: world.actor(Role::Agent, "ann"), command, key: None, nonce: None };
    world.desk.execute(&order).await.map(|done| done.outcome)
}

async fn act(world: &World, case: &CaseId, ask: Ask) -> Result<Outcome, Failure> {
    let act = ActOrder { case: case.clone(), ask, says: String::new(), version: None };
    done(world, Command::Act(act)).await
}

async fn link(world: &World, case: &CaseId, tie: Tie, other: &CaseId) -> Result<Outcome, Failure> {
    act(world, case, Ask::Link { tie, other: other.clone() }).await
}

fn is_refused(done: &Result<Outcome, Failure>, code: &str) -> bool {
    matches!(done, Err(Failure::Refused(refusal)) if refusal.code() == code)
}

async fn audited(world: &World) {
    let found = world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
    assert!(found.clean(), "{:?}", found.listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_round_over_other_cases() {
    for kind in BOTH {
        let world = World::new(kind, 21).await;
        for tie in [Tie::Parent, Tie::DuplicateOf, Tie::SplitFrom] {
            let cases = opened(&world, 4).await;
            let [one, two, three, four] = cases.as_slice() else { panic!("four cases") };
            // Two upper ends: what is above stands on a branch.
            for (case, other) in [(one, four), (one, two), (two, three)] {
                link(&world, case, tie, other).await.expect("a link");
            }
            for (case, tie, other) in [
                (three, tie, one),
                (one, tie.turned(), three),
                (two, tie, one),
                (four, tie, one),
                (one, tie.turned(), four),
            ] {
                let again = link(&world, case, tie, other).await;
                assert!(is_refused(&again, "linked-otherwise"), "{kind:?} {tie:?}: {again:?}");
            }
            // The long way and the short one may both lead up, and `related` leads nowhere.
            link(&world, one, tie, three).await.expect("a short way");
            link(&world, three, Tie::Related, one).await.expect("related");
            let untie = Ask::Unlink { tie, other: three.clone() };
            act(&world, two, untie).await.expect("untied");
            act(&world, one, Ask::Unlink { tie, other: three.clone() }).await.expect("untied");
            link(&world, three, tie, one).await.expect("nothing is above any more");
        }
        audited(&world).await;
    }
}

/// Four cases, two links, and two people who would close the circle from both sides: neither
/// touches a case that the other one changes.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_close_a_circle_at_once_one_is_refused() {
    for kind in BOTH {
        let world = World::new(kind, 22).await;
        for round in 0..12 {
            let cases = opened(&world, 4).await;
            let [a, b, c, d] = cases.as_slice() else { panic!("four cases") };
            link(&world, a, Tie::Parent, b).await.expect("a link");
            link(&world, c, Tie::Parent, d).await.expect("a link");
            let (first, second) =
                tokio::join!(link(&world, b, Tie::Parent, c), link(&world, a, Tie::Child, d));
            assert!(first.is_ok() != second.is_ok(), "{kind:?} {round}: {first:?} {second:?}");
            let late = if first.is_ok() { second } else { first };
            assert!(is_refused(&late, "linked-otherwise"), "{kind:?} {round}: {late:?}");
        }
        audited(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_cases_above_than_are_looked_at_are_refused() {
    for kind in BOTH {
        let world = World::new(kind, 23).await;
        let cases = opened(&world, ABOVE_MAX + 3).await;
        // From the top down: the last one that is allowed has as many above its parent as may be.
        let (refused, allowed) = cases.split_last().expect("cases");
        for pair in allowed.windows(2) {
            link(&world, &pair[1], Tie::Parent, &pair[0]).await.expect("a link");
        }
        let lowest = allowed.last().expect("a case");
        let late = link(&world, refused, Tie::Parent, lowest).await;
        assert!(is_refused(&late, "too-many-above"), "{kind:?}: {late:?}");
        // A circle over more than are looked at is refused as well.
        let top = &allowed[0];
        let late = link(&world, top, Tie::Parent, lowest).await;
        assert!(late.is_err(), "{kind:?}: {late:?}");
        link(&world, refused, Tie::Parent, &allowed[1]).await.expect("further up");
        audited(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_end_at_a_case_that_goes_on() {
    for kind in BOTH {
        let world = World::new(kind, 24).await;
        let into = |case: &CaseId| Ask::Merge { into: case.clone(), carry_addresses: false };
        for round in 0..6 {
            let cases = opened(&world, 3).await;
            let [one, two, three] = cases.as_slice() else { panic!("three cases") };
            let ends = tokio::join!(
                act(&world, one, into(two)),
                act(&world, two, into(three)),
                act(&world, three, into(one))
            );
            let ends = [ends.0, ends.1, ends.2];
            assert!(ends.iter().any(Result::is_ok), "{kind:?} {round}: {ends:?}");
            for end in &ends {
                let fine = match end {
                    Ok(_) => true,
                    Err(Failure::Refused(Refusal::OtherCaseClosed { .. })) => true,
                    Err(_) => is_refused(end, "wrong-stage") || is_refused(end, "busy"),
                };
                assert!(fine, "{kind:?} {round}: {end:?}");
            }
            leads_to_open(&world, &cases).await;
            // A case that goes on again ends the way to it, also when the next is merged into it.
            let by = world.actor(Role::Agent, "ann");
            let first = world.desk.case(&by, one).await.expect("a case").case;
            if let Stage::Closed { .. } = first.stage {
                act(&world, one, Ask::Reopen).await.expect("reopened");
            }
            for case in [two, three] {
                act(&world, case, into(one)).await.ok();
            }
            leads_to_open(&world, &cases).await;
        }
        audited(&world).await;
    }
}

/// Every closed one says which case goes on, and that one is not closed.
async fn leads_to_open(world: &World, cases: &[CaseId]) {
    let by = world.actor(Role::Agent, "ann");
    for case in cases {
        let seen = world.desk.case(&by, case).await.expect("a case");
        if let Stage::Closed { .. } = seen.case.stage {
            let goes_on = seen.merged_into.expect("the case that goes on");
            let goes_on = world.desk.case(&by, &goes_on).await.expect("a case").case;
            assert!(!matches!(goes_on.stage, Stage::Closed { .. }), "{goes_on:?}");
        }
    }
}
