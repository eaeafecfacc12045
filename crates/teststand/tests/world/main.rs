//! The world test: commands, jobs and sweeps of two nodes over one database, drawn from a seed,
//! under a clock that is set by hand, with faults by plan: crashes in the midst of an act, a full
//! disk, a slow one, nodes that stand still, a clock that is set, deaf receivers. What each act
//! leaves is looked at after it, and the great laws at the end. `docs/proof.md` tells more.

mod courier;
mod deeds;
mod doctored;
mod doors;
mod laws;
mod ledger;
mod run;
mod tally;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::engine::{EngineKind, Place};
use tempfile::TempDir;
use teststand::engines::Lane;
use teststand::world::World;
use tokio::task::JoinSet;

use crate::run::Run;
use crate::tally::Tally;

/// Nodes that act.
pub const NODES: usize = 2;

/// Payments that can be complained about: few, so that commands meet.
pub const PAYMENTS: usize = 12;

/// Steps of one world.
const STEPS: u64 = 100;

/// Worlds of each engine in every run, and in a long one.
const SEEDS: u64 = 50;
const SEEDS_LONG: u64 = 10_000;

/// Worlds at the same time: they mostly wait for a disk.
const AT_ONCE: usize = 6;

/// A world that takes longer stands still.
const PATIENCE: Duration = Duration::from_secs(120);

/// Repeats one seed.
const ONE: &str = "REDRESS_WORLD_SEED";
/// Where the seeds begin, and how many are drawn.
const FROM: &str = "REDRESS_WORLD_FROM";
const COUNT: &str = "REDRESS_WORLD_COUNT";

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

fn seeds() -> std::ops::Range<u64> {
    let long = std::env::var("REDRESS_LONG").is_ok_and(|value| value == "1");
    let from = number(ONE).or_else(|| number(FROM)).unwrap_or(0);
    let usual = if long { SEEDS_LONG } else { SEEDS };
    let count = if number(ONE).is_some() { 1 } else { number(COUNT).unwrap_or(usual) };
    from..from + count
}

/// Where the databases of the worlds of one worker are: on SQLite a new file each, in memory if the
/// system has it, since nothing here is about the disk.
async fn ground(lane: Option<&Lane>) -> (Place, TempDir) {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let dir = dir.expect("a directory for the test");
    match lane {
        Some(lane) => (lane.emptied().await, dir),
        None => (Place::sqlite(dir.path().join("redress.db")), dir),
    }
}

async fn world(place: Place, dir: TempDir, seed: u64) -> Tally {
    let mut run = Run::new(World::over(place, dir, seed).await, seed).await;
    for number in 0..STEPS {
        run.step(number).await;
    }
    run.heal_and_settle().await;
    let breaches = run.breaches().await;
    assert!(breaches.is_empty(), "{breaches:#?}");
    run.tally
}

/// Runs the worlds that wait, until none does; what happened in them, or which broke.
async fn work(kind: EngineKind, waiting: Arc<Mutex<VecDeque<u64>>>) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let lane = match kind {
        EngineKind::Sqlite => None,
        EngineKind::Postgres => Some(Lane::new().await),
    };
    loop {
        let (next, left) = {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            (waiting.pop_front(), waiting.len())
        };
        let Some(seed) = next else { return Ok(tally) };
        let (place, dir) = ground(lane.as_ref()).await;
        let one = tokio::spawn(tokio::time::timeout(PATIENCE, world(place, dir, seed)));
        let why = match one.await {
            Ok(Ok(happened)) => {
                tally.add(&happened);
                if left % 100 == 0 {
                    eprintln!("{kind:?}: {left} worlds left");
                }
                continue;
            }
            Ok(Err(_)) => "it stands still".to_owned(),
            Err(broken) => said(broken),
        };
        let again = format!("{ONE}={seed} repeats it");
        return Err(format!("seed {seed} on {kind:?} ({again}): {why}"));
    }
}

fn said(broken: tokio::task::JoinError) -> String {
    let Ok(panic) = broken.try_into_panic() else { return "it was broken off".to_owned() };
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (None, Some(text)) => (*text).to_owned(),
        (None, None) => "it says nothing".to_owned(),
    }
}

async fn the_great_laws_hold(kind: EngineKind) {
    let seeds = seeds();
    let many = seeds.end - seeds.start;
    let waiting: Arc<Mutex<VecDeque<u64>>> = Arc::new(Mutex::new(seeds.collect()));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        workers.spawn(work(kind, Arc::clone(&waiting)));
    }
    let (mut tally, mut broken) = (Tally::default(), Vec::new());
    while let Some(worker) = workers.join_next().await {
        match worker.expect("a worker") {
            Ok(happened) => tally.add(&happened),
            Err(why) => broken.push(why),
        }
    }
    eprintln!("{many} worlds on {kind:?}\n{tally}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let never = tally.never(kind);
    assert!(many < SEEDS || never.is_empty(), "this never happened: {never:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_great_laws_hold_whatever_happens_on_sqlite() {
    the_great_laws_hold(EngineKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_great_laws_hold_whatever_happens_on_postgres() {
    the_great_laws_hold(EngineKind::Postgres).await;
}
