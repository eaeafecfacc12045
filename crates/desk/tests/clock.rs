//! A clock that was set back: what was done under it still fits together.

use desk::execute::Order;
use domain::case::{ActOrder, Ask, ByHand, Command};
use domain::changes::Outcome;
use domain::ids::CaseId;
use domain::{Millis, Role};
use teststand::engines::BOTH;
use teststand::world::World;

async fn done(world: &World, command: Command) -> Outcome {
    let order = Order { by: world.actor(Role::Agent, "ann"), command, key: None, nonce: None };
    world.desk.execute(&order).await.expect("it is done").outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_never_received_after_it_was_opened() {
    for kind in BOTH {
        let world = World::new(kind, 31).await;
        let by_hand = ByHand { says: "two things".into(), ..ByHand::empty() };
        let Outcome::Reported { case, .. } = done(&world, Command::Open(by_hand)).await else {
            panic!("a case")
        };
        for hours in [1, -2] {
            world.clock.tick(Millis::hours(hours));
            let ask = Ask::Split { payment: None, category: String::new() };
            let act = ActOrder { case: case.clone(), ask, says: "one".into(), version: None };
            let Outcome::Split { part, .. } = done(&world, Command::Act(act)).await else {
                panic!("a part")
            };
            let (case, part) = (seen(&world, &case).await, seen(&world, &part).await);
            assert_eq!(part.received_at, case.received_at.min(part.opened_at), "{kind:?} {hours}");
        }
        let found = world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
        assert!(found.clean(), "{kind:?}: {:?}", found.listed);
    }
}

async fn seen(world: &World, case: &CaseId) -> domain::case::Case {
    world.desk.case(&world.actor(Role::Auditor, "aud"), case).await.expect("a case").case
}
