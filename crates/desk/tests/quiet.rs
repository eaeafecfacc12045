//! What calls nobody is ended with the report that caused it, and says why; what calls somebody
//! waits for the courier. On both engines.

use desk::execute::Order;
use domain::case::{Command, PaymentRef, Report};
use domain::changes::Outcome;
use domain::ids::CaseId;
use domain::message::Telling;
use domain::payment::PaymentStatus;
use domain::{Actor, Millis, Role};
use store::read::outbox::{Parcel, Told};
use teststand::engines::BOTH;
use teststand::world::World;

async fn report(world: &World, refid: &str) -> CaseId {
    world.pay(world.scope, refid, PaymentStatus::Successful).await;
    let report = Report {
        payment: PaymentRef::Refid(refid.into()),
        addresses: vec!["ann@b.example".into()],
        says: "Nothing came.".into(),
        category: String::new(),
    };
    let by = Actor::new(world.scope, Role::Client, "key-1");
    let order = Order { by, command: Command::Report(report), key: None, nonce: None };
    match world.desk.execute(&order).await.expect("a case").outcome {
        Outcome::Reported { case, .. } => case,
        other => panic!("{other:?}"),
    }
}

async fn told(world: &World, case: &CaseId) -> Vec<Told> {
    let mut told =
        store::read::outbox::told(&world.db, world.scope, case).await.expect("what was told");
    told.sort_by(|a, b| a.channel.cmp(&b.channel));
    told
}

/// How a message stands: its channel, state, tries, and what the tries say.
type Standing<'t> = (&'t str, i64, i64, Vec<(&'t str, &'t str)>);

fn standing(told: &[Told]) -> Vec<Standing<'_>> {
    let mut list = Vec::new();
    for one in told {
        let tries = one.tries.iter().map(|one| (one.result.as_str(), one.detail.as_str()));
        list.push((one.channel.as_str(), one.state, one.attempts, tries.collect()));
    }
    list
}

async fn claimed(world: &World) -> Vec<&'static str> {
    let claimed = world.desk.claim(10, Millis::seconds(90)).await.expect("a claim");
    let mut kinds: Vec<&str> = claimed
        .iter()
        .map(|one| match &one.parcel {
            Parcel::Telling(Telling::Acknowledge) => "mail",
            Parcel::Telling(Telling::Event(_)) => "event",
            other => panic!("{other:?}"),
        })
        .collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test]
async fn what_calls_nobody_is_ended_with_its_report_and_the_rest_waits() {
    for kind in BOTH {
        let world = World::new(kind, 1).await;
        let case = report(&world, "A-1").await;
        let all = told(&world, &case).await;
        let waits = ("mail", 0, 0, vec![]);
        assert_eq!(standing(&all), [("event", 1, 1, vec![]), waits], "nobody listens");
        assert_eq!(claimed(&world).await, ["mail"]);

        let hook = "https://receiver.example/hook";
        let (endpoint, _) = world.desk.add_endpoint(world.scope, hook, None).await.expect("one");
        world.desk.send_no_mail();
        let case = report(&world, "A-2").await;
        let all = told(&world, &case).await;
        let off = ("mail", 2, 1, vec![("given-up", "mail is switched off")]);
        assert_eq!(standing(&all), [("event", 0, 0, vec![]), off], "heard from the first commit");
        assert_eq!(claimed(&world).await, ["event"]);

        world.desk.disable_endpoint(world.scope, endpoint).await.expect("it ends");
        let case = report(&world, "A-3").await;
        assert_eq!(standing(&told(&world, &case).await)[0], ("event", 1, 1, vec![]));
        assert_eq!(claimed(&world).await, [""; 0]);
    }
}
