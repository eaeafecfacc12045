//! Nodes of two versions at once: the schema moves on under those that run, they are replaced one
//! by one under a load that notices nothing, and a step that they cannot work beside ends them.
//! The version before is the program itself with a step less, or the binary that
//! `REDRESS_TEST_PREVIOUS` names.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Instant;
use store::engine::{Db, Place as Storage};
use store::migrate::{MIGRATIONS, Migration};
use teststand::receivers::HttpReceiver;

use super::super::support::{Place, Running};
use super::super::upgrade;
use super::load::{Outsider, install};
use super::witness::{Seen, drained, look};

/// Payments for the load.
const PAYMENTS: u32 = 6_000;

/// How long a node serves between two changes.
const MEANWHILE: Duration = Duration::from_millis(400);

/// How long an outgrown node may take to end: one look at the schema (`LOOKED_AT_EVERY` in
/// `server::schema`), and what was under way.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// The binary of another version.
const PREVIOUS: &str = "REDRESS_TEST_PREVIOUS";

/// The steps of this program, and these.
fn steps(more: &[Migration]) -> &'static [Migration] {
    MIGRATIONS.iter().chain(more).copied().collect::<Vec<_>>().leak()
}

/// A step that only adds: programs of before work beside it.
fn adding() -> Migration {
    let known = u32::try_from(MIGRATIONS.len()).expect("a few");
    let sql = "ALTER TABLE payments ADD COLUMN colour TEXT;
     ALTER TABLE cases ADD COLUMN mood INTEGER NOT NULL DEFAULT 7;
     CREATE INDEX outbox_by_mood ON outbox (endpoint, state);
     CREATE TABLE moods (name TEXT PRIMARY KEY) STRICT;";
    Migration { oldest: known, ..Migration::new(known + 1, "adding", sql) }
}

/// A step that programs of before cannot work beside.
fn breaking() -> Migration {
    let known = u32::try_from(MIGRATIONS.len()).expect("a few");
    Migration::new(known + 2, "breaking", "CREATE TABLE manners (name TEXT PRIMARY KEY) STRICT;")
}

async fn migrate(place: &Place, steps: &'static [Migration]) {
    let url = place.variable("REDRESS_STORAGE_URL").expect("an address");
    let db = Db::open(&Storage::postgres(url)).await.expect("the server");
    let done = db.migrate(steps, Instant::from_millis(1_800_000_000_000)).await;
    assert_eq!(done.expect("the step").applied, [steps.last().expect("one").number]);
}

/// Three nodes, each with its log.
struct Fleet {
    places: Vec<Place>,
    running: Vec<Option<Running>>,
    logs: Vec<PathBuf>,
    outside: Outsider,
}

impl Fleet {
    fn new(place: Place, outside: Outsider) -> Self {
        let places = vec![place.beside(), place.beside(), place];
        let logs: Vec<_> = places.iter().map(|one| PathBuf::from(one.file("log", ""))).collect();
        let start = |(place, log): (&Place, &PathBuf)| Some(place.start_logging(&[], log));
        let running = places.iter().zip(&logs).map(start).collect();
        let fleet = Self { places, running, logs, outside };
        fleet.tell();
        fleet
    }

    fn tell(&self) {
        let running = self.running.iter().flatten();
        self.outside.ask(running.map(|one| one.url.clone()).collect());
    }

    /// Takes a node out of the way of requests, ends it, and starts this program in its place.
    async fn replace(&mut self, node: usize) {
        let old = self.running[node].take().expect("it runs");
        self.tell();
        tokio::time::sleep(MEANWHILE).await;
        assert_eq!(old.stop(), 0);
        let place = std::mem::replace(&mut self.places[node], Place::new());
        self.places[node] = place.by(None);
        self.running[node] = Some(self.places[node].start_logging(&[], &self.logs[node]));
        self.tell();
        tokio::time::sleep(MEANWHILE).await;
    }
}

/// The binary of the version before, where one is named and can work beside this one: a step of the
/// schema between the two may have ended that, and then there is nothing to roll.
async fn previous() -> Option<PathBuf> {
    let previous = std::env::var_os(PREVIOUS).map(PathBuf::from)?;
    let place = Place::on_postgres().await;
    place.ok(&["migrate"]);
    let said = place.by(Some(previous.clone())).run(&["migrate"]);
    if said.code == 0 {
        return Some(previous);
    }
    assert!(said.err.contains("start the newer version"), "{said:?}");
    eprintln!("the version before cannot work beside this one: {}", said.err.trim());
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_updated_one_by_one_under_load() {
    let previous = previous().await;
    eprintln!("the version before: {previous:?}");
    let receiver = HttpReceiver::always(200).await;
    let place = Place::on_postgres().await.set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
    let place = place.by(previous.clone());
    let credentials = install(&place, &receiver.url("/hook"), PAYMENTS, |_| {});
    let outside = Outsider::new(&credentials, 1, PAYMENTS).slowly();
    let mut fleet = Fleet::new(place, outside);
    let over = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (outside, over) = (fleet.outside.clone(), Arc::clone(&over));
        async move { outside.load(&over).await }
    });
    tokio::time::sleep(MEANWHILE).await;
    if previous.is_none() {
        migrate(&fleet.places[0], steps(&[adding()])).await;
    }
    for node in 0..fleet.places.len() {
        fleet.replace(node).await;
    }
    if previous.is_some() {
        migrate(&fleet.places[0], steps(&[adding()])).await;
    }
    tokio::time::sleep(MEANWHILE).await;
    over.store(true, Ordering::Relaxed);
    load.await.expect("a load that notices nothing");
    assert!(fleet.outside.ledger().unknown.is_empty(), "each request was answered");
    let mut seen = Seen::default();
    look(&fleet.outside, &mut seen).await;
    let mail: Vec<_> = fleet.places.iter().map(|place| place.dir().join("mail")).collect();
    let repeats = drained(&fleet.outside, &receiver, &mail).await;
    assert!(repeats.events.is_empty() && repeats.mails == 0, "{repeats:?}");
    fleet.places[0].ends(0, &["audit", "verify"], &["nothing is wrong"]);
    eprintln!("{} reports, {} acts, no error", seen.payments.len(), seen.acts);
    outgrown(fleet).await;
}

/// The schema moves on to where the nodes cannot follow: they end by themselves, and none starts.
async fn outgrown(fleet: Fleet) {
    migrate(&fleet.places[0], steps(&[adding(), breaking()])).await;
    for (running, log) in fleet.running.into_iter().flatten().zip(&fleet.logs) {
        assert_eq!(running.ended(ENDS_WITHIN), 1);
        let log = std::fs::read_to_string(log).expect("its log");
        assert!(log.contains("start the newer version here"), "{log}");
    }
    for place in &fleet.places {
        let words = ["the schema needs a program that knows step", "start the newer version"];
        place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_start_at_once_on_what_an_old_release_left() {
    let release = upgrade::releases().remove(0);
    let installed = upgrade::on_postgres(&release).await;
    let others = [installed.place.beside(), installed.place.beside()];
    let [first, second] = std::thread::scope(|scope| {
        let starts = others.each_ref().map(|place| scope.spawn(|| place.start(&["serve"])));
        let third = installed.place.start(&["serve"]);
        assert_eq!(third.stop(), 0);
        starts.map(|start| start.join().expect("it serves"))
    });
    // The clients of the last release know its credentials.
    assert_eq!(installed.report(&first, "R-3").code, 0);
    assert_eq!(installed.report(&second, "R-3").code, 3, "the other node's case is open");
    for running in [first, second] {
        assert_eq!(running.stop(), 0);
    }
    installed.place.ends(0, &["audit", "verify"], &["2 histories", "nothing is wrong"]);
}
