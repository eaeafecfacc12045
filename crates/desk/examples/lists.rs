//! How long a page of 50 takes out of many cases, for each filter and direction.
//! `cargo run --release -p desk --example lists -- [sqlite|postgres] [CASES]`; PostgreSQL is the
//! server that `REDRESS_TEST_POSTGRES` names.

use std::time::{Duration, Instant as Clock};

use domain::case::{
    Case, CaseFilter, Channel, CloseReason, Outcome, Party, Sort, Span, Stage, StageName,
};
use domain::chain::Head;
use domain::changes::{Change, Changes};
use domain::ids::CaseId;
use domain::{Instant, Millis, Role};
use store::engine::EngineKind;
use teststand::dice::Seeded;
use teststand::world::World;

/// Cases written at once.
const BATCH: usize = 2_000;

/// Times each page is read.
const READS: usize = 50;

/// Times between two cases: a year and more of a large institution.
const GAP: Millis = Millis::seconds(20);

fn case(world: &World, dice: &mut Seeded, at: Instant) -> Case {
    let some = |dice: &mut Seeded, of: usize| dice.below(of);
    let outcome = Outcome::ALL[some(dice, 3)];
    // Nearly all that ever came is closed.
    let (stage, outcome) = match some(dice, 100) {
        0 => (Stage::Received, None),
        1 => (Stage::Open, None),
        2 => (Stage::Waiting { on: Party::ALL[some(dice, 3)] }, None),
        3 => (Stage::Resolved { outcome }, Some(outcome)),
        _ => (Stage::Closed { reason: CloseReason::Settled }, Some(outcome)),
    };
    let languages = ["", "", "ms", "en", "zh-Hant", "ta"];
    Case {
        id: CaseId::new(at, dice),
        scope: world.scope,
        version: 1,
        stage,
        stage_at: at,
        opened_at: at,
        channel: Channel::ALL[some(dice, 10)],
        received_at: at
            .plus(Millis(-Millis::days(1).0 * i64::try_from(some(dice, 9)).unwrap_or(0))),
        taken_by: String::new(),
        customer: format!("C-{}", some(dice, 400_000)),
        language: languages[some(dice, 6)].to_owned(),
        outcome,
        refid: String::new(),
        earlier: None,
        addresses: Vec::new(),
        through: "bench".to_owned(),
        queue: format!("q{}", some(dice, 12)),
        assignee: match some(dice, 4) {
            0 => String::new(),
            _ => format!("agent{}", some(dice, 200)),
        },
        proposal: None,
        head: Head::START,
    }
}

fn filters(middle: Instant) -> Vec<(&'static str, CaseFilter)> {
    let none = CaseFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let span = Span { from: Some(middle), to: Some(middle.plus(Millis::days(3))) };
    vec![
        ("nothing", none()),
        ("stage open", CaseFilter { stage: Some(StageName::Open), ..none() }),
        ("stage closed", CaseFilter { stage: Some(StageName::Closed), ..none() }),
        ("queue", CaseFilter { queue: text("q3"), ..none() }),
        ("no such queue", CaseFilter { queue: text("none"), ..none() }),
        ("queue, open", CaseFilter { queue: text("q3"), stage: Some(StageName::Open), ..none() }),
        ("assignee", CaseFilter { assignee: text("agent7"), ..none() }),
        (
            "assignee, open",
            CaseFilter { assignee: text("agent7"), stage: Some(StageName::Open), ..none() },
        ),
        ("nobody's", CaseFilter { assignee: text(""), ..none() }),
        ("channel", CaseFilter { channel: Some(Channel::Regulator), ..none() }),
        ("customer", CaseFilter { customer: text("C-77"), ..none() }),
        ("language", CaseFilter { language: text("ta"), ..none() }),
        ("no such language", CaseFilter { language: text("fr"), ..none() }),
        ("waiting on", CaseFilter { waiting_on: Some(Party::Network), ..none() }),
        ("outcome", CaseFilter { outcome: Some(Outcome::Rejected), ..none() }),
        ("opened", CaseFilter { opened: span, ..none() }),
        ("received", CaseFilter { received: span, ..none() }),
        ("customer, received", CaseFilter { customer: text("C-77"), received: span, ..none() }),
    ]
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let kind = match args.get(1).map(String::as_str) {
        Some("postgres") => EngineKind::Postgres,
        _ => EngineKind::Sqlite,
    };
    let many = args.get(2).map_or(2_000_000, |n| n.parse().expect("a number"));
    let world = World::new(kind, 3).await;
    let mut dice = Seeded::new(4);
    let begun = Clock::now();
    let mut at = world.desk.now();
    let first = at;
    for batch in 0..many / BATCH {
        let mut changes = Changes::none(world.scope, at);
        for _ in 0..BATCH {
            at = at.plus(GAP);
            changes.list.push(Change::CaseOpened(Box::new(case(&world, &mut dice, at))));
        }
        store::bulk::commit(&world.db, changes).await.expect("cases are written");
        if batch % 100 == 99 {
            println!("{} cases", (batch + 1) * BATCH);
        }
    }
    println!("{:.0} cases/s written on {kind:?}", many as f64 / begun.elapsed().as_secs_f64());
    world.clock.tick(at.since(world.desk.now()));
    let middle = first.plus(Millis(at.since(first).0 / 2));
    let by = world.actor(Role::Auditor, "aud");
    for (name, filter) in filters(middle) {
        for sort in [Sort::Newest, Sort::Oldest] {
            let mut waits: Vec<Duration> = Vec::new();
            let mut cases = 0;
            for _ in 0..READS {
                let begun = Clock::now();
                let page = world.desk.list_cases(&by, &filter, sort, None, 50).await;
                waits.push(begun.elapsed());
                cases = page.expect("a page").cases.len();
            }
            waits.sort_unstable();
            let (middle, last) = (waits[READS / 2], waits[READS - 1]);
            println!("{name:20} {:7} {cases:3} cases, 50% {middle:?} most {last:?}", sort.word());
        }
    }
}
