//! How many reports the desk takes durably per second, without HTTP: the road of `execute` alone.
//! `cargo run --release -p desk --example reports -- [sqlite|postgres] [CLIENTS] [REPORTS]`;
//! PostgreSQL is the server that `REDRESS_TEST_POSTGRES` names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use desk::execute::Order;
use domain::Role;
use domain::case::{Command, PaymentRef, Report};
use domain::changes::Nonce;
use domain::payment::PaymentStatus;
use store::engine::EngineKind;
use teststand::world::{World, payment};

/// How fast the world's clock goes. Ids sort by time, so a clock that stands still would spread new
/// rows over the whole file as no real load does.
const REPORTS_PER_MILLISECOND: usize = 20;

fn order(world: &World, number: usize) -> Order {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let report = Report {
        payment: PaymentRef::Refid(format!("R-{number}")),
        addresses: vec!["buyer@example.test".into()],
        says: "The bill is paid and still shows as unpaid.".into(),
        category: String::new(),
    };
    Order {
        by: world.actor(Role::Client, "bench"),
        command: Command::Report(report),
        key: None,
        nonce: Some(Nonce { minute: world.desk.now().minute(), digest }),
    }
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let kind = match args.get(1).map(String::as_str) {
        Some("postgres") => EngineKind::Postgres,
        _ => EngineKind::Sqlite,
    };
    let number =
        |place: usize, usual| args.get(place).map_or(usual, |n| n.parse().expect("a number"));
    let (clients, reports) = (number(2, 256), number(3, 100_000));
    let world = Arc::new(World::new(kind, 1).await);
    let rows: Vec<_> = (0..reports)
        .map(|n| payment(&format!("R-{n}"), PaymentStatus::Successful, world.desk.now()))
        .collect();
    let began = Instant::now();
    let by = world.actor(Role::Developer, "import");
    world.desk.import(&by, &rows).await.expect("an import");
    println!("{:.0} payments/s imported", reports as f64 / began.elapsed().as_secs_f64());
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (world, next) = (Arc::clone(&world), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= reports {
                        return;
                    }
                    if number % REPORTS_PER_MILLISECOND == 0 {
                        world.clock.tick(domain::Millis(1));
                    }
                    world.desk.execute(&order(&world, number)).await.expect("a case");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a client");
    }
    let stats = world.desk.stats();
    println!(
        "{:.0} reports/s on {kind:?} with {clients} clients; {:?}",
        reports as f64 / began.elapsed().as_secs_f64(),
        stats
    );
}
