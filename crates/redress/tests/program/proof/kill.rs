//! The program is killed (SIGKILL) at a random moment under load, five times in every run and a
//! thousand times in a long one, on both engines. After each kill all that was acknowledged is
//! there, once; at the end every committed message has arrived under its own id.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use teststand::dice::Seeded;
use teststand::receivers::HttpReceiver;

use super::super::support::{Place, Running};
use super::load::{Outsider, install};
use super::shim;
use super::witness::{Seen, drained, look, settle};

/// Kills of one installation; its history grows with each.
const KILLS: u32 = 5;
/// Installations in a long run: a thousand kills on each engine.
const INSTALLATIONS_LONG: u32 = 200;

/// Payments of one installation: more than five rounds report.
const PAYMENTS: u32 = 6_000;

/// Between the first acknowledged report of a round and the kill, in milliseconds.
const KILL_AFTER_MS: usize = 250;

/// Longer than a message is leased, in seconds (`LEASE` in `courier::sweep`): what a killed program
/// had claimed is sent by the next one after that. The last start's clock stands so far ahead.
const AHEAD_S: &str = "100";

/// How long a server may take to answer its first report.
const PATIENCE: Duration = Duration::from_secs(60);

/// One installation that is killed again and again.
struct Victim {
    place: Place,
    outside: Outsider,
    receiver: HttpReceiver,
    /// What was looked at after an earlier kill.
    seen: Seen,
}

impl Victim {
    async fn new(place: Place, mark: u64) -> Self {
        let receiver = HttpReceiver::always(200).await;
        let place = place.set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
        let place = place.set("REDRESS_AUDIT_SEAL_PERIOD_S", "1");
        let credentials = install(&place, &receiver.url("/hook"), PAYMENTS, |_| {});
        let outside = Outsider::new(&credentials, mark, PAYMENTS);
        Self { place, outside, receiver, seen: Seen::default() }
    }

    /// Loads the server, and kills it within a moment of its first answer.
    async fn kill(&self, running: Running, dice: &mut Seeded) {
        let outside = self.outside.at(&running.url);
        let before = outside.ledger().taken.len();
        let dead = Arc::new(AtomicBool::new(false));
        let load = tokio::spawn({
            let (outside, dead) = (outside.clone(), Arc::clone(&dead));
            async move { outside.load(&dead).await }
        });
        let since = Instant::now();
        while outside.ledger().taken.len() == before {
            assert!(since.elapsed() < PATIENCE, "nothing is taken");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let wait = u64::try_from(dice.below(KILL_AFTER_MS)).expect("milliseconds");
        tokio::time::sleep(Duration::from_millis(wait)).await;
        // Nobody begins anything new, so that whoever gets no answer was cut off.
        dead.store(true, Ordering::Relaxed);
        drop(running);
        load.await.expect("the load");
    }
}

async fn killed(place: Place, dice: &mut Seeded) {
    let mut victim = Victim::new(place, dice.next()).await;
    let mut running = victim.place.start(&["serve"]);
    let mut cut_off = 0;
    for kill in 1..=KILLS {
        victim.kill(running, dice).await;
        victim.place.ends(0, &["audit", "verify"], &["nothing is wrong"]);
        cut_off += victim.outside.ledger().unknown.len();
        let last = kill == KILLS;
        running = match last {
            false => victim.place.start(&["serve"]),
            true => {
                let library = shim::library();
                let ahead = [("LD_PRELOAD", library.as_str()), ("SHIM_AHEAD_S", AHEAD_S)];
                victim.place.start_with(&["serve"], &ahead)
            }
        };
        let outside = victim.outside.at(&running.url);
        settle(&outside).await;
        look(&outside, &mut victim.seen).await;
    }
    assert!(cut_off > 0, "no kill met a request under way: it was no load");
    let mail = victim.place.dir().join("mail");
    drained(&victim.outside.at(&running.url), &victim.receiver, &[mail]).await;
    assert_eq!(running.stop(), 0);
    victim.place.ends(0, &["audit", "verify"], &["nothing is wrong", "0 notes not yet sealed"]);
    let (cases, acts) = (victim.seen.payments.len(), victim.seen.acts);
    eprintln!("{KILLS} kills: {cases} reports, {acts} acts, {cut_off} requests cut off");
}

fn installations() -> u32 {
    if super::long() { INSTALLATIONS_LONG } else { 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_nothing_is_lost_on_sqlite() {
    let mut dice = super::dice("kills on SQLite");
    for _ in 0..installations() {
        killed(Place::new(), &mut dice).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_nothing_is_lost_on_postgres() {
    let mut dice = super::dice("kills on PostgreSQL");
    for _ in 0..installations() {
        killed(Place::on_postgres().await, &mut dice).await;
    }
}
