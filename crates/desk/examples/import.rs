//! How many payments an import takes durably a second, over many rows, with all indexes on:
//! `cargo run --release -p desk --example import -- [sqlite|postgres] ROWS [ordered|random|payer]
//! [CHUNK] [again]`. It makes the rows itself, in chunks, while the database takes the one before.
//! `ordered`: references rise, as a payment system gives them out; `payer`: the payer's reference
//! is random, the system's own rises; `random`: both are random, the worst there is. With `again`
//! the same rows come a second time, as after an import that was killed. PostgreSQL is the server
//! that `REDRESS_TEST_POSTGRES` names; SQLite's file stands in the folder for temporary files.

use std::time::Instant;

use desk::import::ROWS_AT_ONCE_MAX;
use domain::payment::{Payment, PaymentStatus, RowEffect};
use domain::{Millis, Role};
use store::engine::EngineKind;
use teststand::world::{BEGINNING, World};

/// Payments a second in the stream that the rows come from.
const PAYMENTS_PER_SECOND: usize = 50;

/// Rows between two lines of figures.
const ROWS_PER_LINE: usize = 1_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum References {
    Ordered,
    Payer,
    Random,
}

/// A number that looks random and is the same each time: the finisher of SplitMix64.
const fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn row(number: usize, references: References) -> Payment {
    let n = number as u64;
    let status_at = BEGINNING.plus(Millis((number * 1_000 / PAYMENTS_PER_SECOND) as i64));
    Payment {
        refid: match references {
            References::Ordered => format!("INV-2026-{n:010}"),
            _ => format!("{:016x}{:016x}", mixed(n), mixed(!n)),
        },
        trxid: match references {
            References::Random => format!("T{:015}", mixed(n ^ 0x5555) % 1_000_000_000_000_000),
            _ => format!("T{n:015}"),
        },
        product: ["TNB", "MAXIS", "UNIFI", "TNG", "SYABAS"][number % 5].into(),
        account: format!("{:012}", mixed(n % 400_000) % 1_000_000_000_000),
        amount_minor: 100 + (mixed(n) % 50_000) as i64,
        currency: "MYR".into(),
        status: PaymentStatus::Successful,
        status_at,
        created_at: status_at.plus(Millis(-10_000)),
        provider: "Tenaga Nasional".into(),
        payer_ref: format!("cust-{}", mixed(n) % 400_000),
    }
}

/// The most memory this process ever held, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or(0) / 1_024
}

async fn run(world: &World, rows: usize, chunk: usize, references: References) {
    let (give, mut chunks) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for begin in (0..rows).step_by(chunk) {
            let end = rows.min(begin + chunk);
            let made: Vec<_> = (begin..end).map(|number| row(number, references)).collect();
            if give.blocking_send(made).is_err() {
                return;
            }
        }
    });
    let by = world.actor(Role::Developer, "import");
    let mut importer = world.desk.importer(&by).expect("a developer may");
    let began = Instant::now();
    let (mut line, mut taken, mut new) = (Instant::now(), 0, 0);
    while let Some(chunk) = chunks.recv().await {
        let results = importer.take(&chunk).await.expect("an import");
        new += results.iter().filter(|one| matches!(one, Ok(RowEffect::New))).count();
        let before = taken;
        taken += chunk.len();
        if taken / ROWS_PER_LINE > before / ROWS_PER_LINE {
            let rate = ROWS_PER_LINE as f64 / line.elapsed().as_secs_f64();
            println!("  {taken:9} rows, {rate:7.0} rows/s, peak {} MB", peak_mb());
            line = Instant::now();
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{taken} rows in {seconds:.1} s: {:.0} rows/s, {new} new, peak memory {} MB",
        taken as f64 / seconds,
        peak_mb()
    );
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let said = |word: &str| args.iter().any(|arg| arg == word);
    let mut numbers = args.iter().filter_map(|arg| arg.parse::<usize>().ok());
    let rows = numbers.next().unwrap_or(1_000_000);
    let chunk = numbers.next().unwrap_or(ROWS_AT_ONCE_MAX);
    let kind = if said("postgres") { EngineKind::Postgres } else { EngineKind::Sqlite };
    let references = match (said("random"), said("payer")) {
        (true, _) => References::Random,
        (_, true) => References::Payer,
        _ => References::Ordered,
    };
    let world = World::new(kind, 1).await;
    for setting in world.db.durability().await.expect("the settings") {
        println!("{} = {}{}", setting.name, setting.value, if setting.sound { "" } else { " !" });
    }
    println!("{kind:?}, {rows} rows, {chunk} a commit");
    run(&world, rows, chunk, references).await;
    if said("again") {
        println!("the same rows again");
        run(&world, rows, chunk, references).await;
    }
}
