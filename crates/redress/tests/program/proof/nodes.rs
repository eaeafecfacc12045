//! Three nodes on one PostgreSQL, under load: one is killed, the server is crashed or restarted,
//! one node is stopped (SIGSTOP) for longer than a lease and goes on. Nothing acknowledged is lost,
//! nothing happens twice, and what went out twice is no more than nobody could have known.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use store::engine::{Db, Place as Storage};
use teststand::dice::Seeded;
use teststand::receivers::{HttpReceiver, Reply};

use super::super::support::{Place, Running};
use super::cluster::{Cluster, Stop};
use super::load::{Outsider, install};
use super::shim;
use super::witness::{Repeats, Seen, drained, look, settle};

/// Nodes.
const NODES: usize = 3;
/// Rounds of kill, crash and pause: one in every run, a hundred in a long one.
const ROUNDS_LONG: u32 = 100;
/// Payments for each round; one that lasts too long only finds no more to report.
const PAYMENTS: u32 = 6_000;
/// How long an answer is waited for: the client of a node that is stopped goes elsewhere.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Longer than a lease (`LEASE` in `courier::sweep`), in seconds.
const AHEAD_S: i64 = 100;
/// A real pause of the long run: longer than a lease by the clock on the wall.
const PAUSE_LONG: Duration = Duration::from_secs(95);
/// How long a receiver takes, so that some deliveries are always under way.
const RECEIVER_TAKES: Duration = Duration::from_millis(30);
/// Deliveries to one endpoint that a node has under way at once (`LANE_RUNNING_MAX` in
/// `courier::sweep::lanes`): as many can be repeated when it dies, or goes on after a pause.
const UNDER_WAY_MAX: usize = 16;
/// How long a node that goes on is watched.
const WATCHED: Duration = Duration::from_secs(1);
/// How long other nodes may take to send what a lost one had claimed.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(20);

/// One node with its own clocks.
struct Node {
    place: Place,
    running: Option<Running>,
    clocks: PathBuf,
    monotonic: i64,
}

impl Node {
    fn new(place: Place) -> Self {
        let clocks = PathBuf::from(place.file("clocks", ""));
        let node = Self { place, running: None, clocks, monotonic: 0 };
        node.set_clocks(0);
        node
    }

    /// The seconds added to the time of day, and to what only counts.
    fn set_clocks(&self, realtime: i64) {
        let bytes = [realtime.to_ne_bytes(), self.monotonic.to_ne_bytes()].concat();
        // Written over: the program has it mapped.
        let file = std::fs::File::options().write(true).open(&self.clocks).expect("the clocks");
        std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 0).expect("set");
    }

    fn start(&mut self) {
        let library = shim::library();
        let clocks = self.clocks.to_str().expect("a path");
        let variables = [("LD_PRELOAD", library.as_str()), ("SHIM_CLOCKS", clocks)];
        self.running = Some(self.place.start_with(&["serve"], &variables));
    }

    fn signal(&self, signal: Signal) {
        self.running.as_ref().expect("it runs").signal(signal);
    }
}

/// Three nodes, their server and who looks on.
struct Herd {
    nodes: Vec<Node>,
    cluster: Cluster,
    db: Db,
    outside: Outsider,
    receiver: HttpReceiver,
    ahead: i64,
    began: Instant,
    /// Which requests the receiver saw in the moments after a stopped node went on.
    went_on: Vec<Range<usize>>,
}

impl Herd {
    async fn new(rounds: u32, mark: u64) -> Self {
        let cluster = Cluster::start();
        let late = Reply::Late(RECEIVER_TAKES, 200);
        let receiver = HttpReceiver::start(Vec::new(), late).await;
        let place = Place::new()
            .set("REDRESS_STORAGE_ENGINE", "postgres")
            .set("REDRESS_STORAGE_URL", &cluster.url())
            .set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1")
            .set("REDRESS_AUDIT_SEAL_PERIOD_S", "1");
        let payments = PAYMENTS * rounds;
        let credentials = install(&place, &receiver.url("/hook"), payments, |_| {});
        let outside = Outsider::new(&credentials, mark, payments).rough(ANSWER_MAX);
        let others: Vec<Place> = (1..NODES).map(|_| place.beside()).collect();
        let mut nodes: Vec<Node> = others.into_iter().map(Node::new).collect();
        nodes.push(Node::new(place));
        nodes.iter_mut().for_each(Node::start);
        let db = Db::open(&Storage::postgres(cluster.url())).await.expect("the server");
        let (began, went_on) = (Instant::now(), Vec::new());
        let herd = Self { nodes, cluster, db, outside, receiver, ahead: 0, began, went_on };
        herd.tell();
        herd
    }

    /// Tells whoever watches how far it is.
    fn say(&self, what: &str) {
        eprintln!("{:6.1} s  {what}", self.began.elapsed().as_secs_f32());
    }

    /// Tells the clients where the nodes are.
    fn tell(&self) {
        let running = self.nodes.iter().filter_map(|node| node.running.as_ref());
        self.outside.ask(running.map(|running| running.url.clone()).collect());
    }

    /// A node is killed, and starts again after a while.
    async fn kill(&mut self, victim: usize, dice: &mut Seeded) {
        self.nodes[victim].running = None;
        pause(dice, 200, 400).await;
        self.nodes[victim].start();
        self.tell();
    }

    /// The server goes away under load, and comes back.
    async fn without_server(&self, how: Stop, dice: &mut Seeded) {
        self.cluster.end(how);
        pause(dice, 100, 500).await;
        self.cluster.begin();
    }

    /// All clocks go forward by more than a lease; a node that is stopped had counted it, too.
    fn time_passes(&mut self, stopped: Option<usize>) {
        self.ahead += AHEAD_S;
        if let Some(stopped) = stopped {
            self.nodes[stopped].monotonic += AHEAD_S;
        }
        self.nodes.iter().for_each(|node| node.set_clocks(self.ahead));
        self.outside.set_ahead(self.ahead);
    }

    /// A node is stopped for longer than a lease, others take over, and it goes on.
    async fn stop(&mut self, victim: usize, dice: &mut Seeded) {
        self.nodes[victim].signal(Signal::STOP);
        pause(dice, 100, 200).await;
        self.time_passes(Some(victim));
        self.taken_over().await;
        self.goes_on(victim).await;
    }

    /// A stopped node goes on, and is watched while what it had under way ends.
    async fn goes_on(&mut self, victim: usize) {
        let before = self.receiver.requests().len();
        self.nodes[victim].signal(Signal::CONT);
        tokio::time::sleep(WATCHED).await;
        self.went_on.push(before..self.receiver.requests().len());
    }

    /// Waits until no lease is over whose message still waits.
    async fn taken_over(&self) {
        let since = Instant::now();
        loop {
            let sql = "SELECT count(*) FROM outbox
             WHERE state = 0 AND leased_until > 0 AND leased_until <= ?1";
            let now = now_ms() + self.ahead * 1_000;
            let row = self.db.one(sql, vec![now.into()]).await.expect("a count").expect("a row");
            if row.int(0).expect("a number") == 0 {
                return;
            }
            assert!(since.elapsed() < TAKEN_OVER_WITHIN, "{row:?} are left to nobody");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// One round of trouble under load, and then everything acknowledged is there.
    async fn round(&mut self, how: Stop, dice: &mut Seeded, seen: &mut Seen) {
        let over = Arc::new(AtomicBool::new(false));
        let load = tokio::spawn({
            let (outside, over) = (self.outside.clone(), Arc::clone(&over));
            async move { outside.load(&over).await }
        });
        pause(dice, 600, 600).await;
        self.kill(dice.below(NODES), dice).await;
        self.say("a node was killed");
        pause(dice, 300, 300).await;
        self.without_server(how, dice).await;
        self.say("the server was away");
        pause(dice, 700, 300).await;
        self.stop(dice.below(NODES), dice).await;
        self.say("a node was stopped");
        over.store(true, Ordering::Relaxed);
        load.await.expect("the load");
        self.say("the load ended");
        settle(&self.outside).await;
        self.say("what was cut off is settled");
        look(&self.outside, seen).await;
        self.nodes[0].place.ends(0, &["audit", "verify"], &["nothing is wrong"]);
        self.say("all of it is there");
    }

    /// Everything was told outside; then all nodes stop. Gives what was told twice.
    async fn told(&mut self) -> Repeats {
        self.time_passes(None);
        let mails: Vec<PathBuf> =
            self.nodes.iter().map(|node| node.place.dir().join("mail")).collect();
        let repeats = drained(&self.outside, &self.receiver, &mails).await;
        self.say("all of it was told");
        for node in &mut self.nodes {
            assert_eq!(node.running.take().expect("it runs").stop(), 0);
        }
        self.say("all ended");
        let words = ["nothing is wrong", "0 notes not yet sealed"];
        self.nodes[0].place.ends(0, &["audit", "verify"], &words);
        repeats
    }

    /// Of the repeated events, those that came again after a stopped node went on.
    fn after_a_pause(&self, repeats: &Repeats) -> usize {
        let soon = |at: usize| self.went_on.iter().any(|range| range.contains(&at));
        repeats.events.values().filter(|arrivals| arrivals[1..].iter().any(|at| soon(*at))).count()
    }

    async fn report(&self, seen: &Seen, repeats: &Repeats) {
        let sql = "SELECT CAST(SUM(deadlocks) AS BIGINT) FROM pg_stat_database";
        let row = self.db.one(sql, vec![]).await.expect("figures").expect("a row");
        let deadlocks = row.opt_int(0).expect("a number").unwrap_or(0);
        let events = self.receiver.requests().len();
        eprintln!(
            "three nodes: {} reports, {} acts; {events} deliveries, {} events repeated, {} of \
             them after a pause; {} mails repeated; {deadlocks} deadlocks since the last crash",
            seen.payments.len(),
            seen.acts,
            repeats.events.len(),
            self.after_a_pause(repeats),
            repeats.mails,
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "leases are held against the time of day")]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("milliseconds")
}

async fn pause(dice: &mut Seeded, least_ms: u64, more_ms: usize) {
    let more = u64::try_from(dice.below(more_ms)).expect("milliseconds");
    tokio::time::sleep(Duration::from_millis(least_ms + more)).await;
}

/// What nobody could have known: what was under way when a node or the server went away, and when a
/// stopped node went on.
fn no_more_than_unavoidable(herd: &Herd, repeats: &Repeats, rounds: usize) {
    let after = herd.after_a_pause(repeats);
    assert!(after <= UNDER_WAY_MAX * rounds, "sent again by a node whose lease was over: {after}");
    // A kill and a pause take one node each, and the server's crash all.
    let most = UNDER_WAY_MAX * (2 + NODES) * rounds;
    assert!(repeats.events.len() <= most + after, "{} repeated", repeats.events.len());
    assert!(repeats.mails <= most, "{} mails repeated", repeats.mails);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_lose_nothing_when_any_of_them_goes() {
    let mut dice = super::dice("three nodes");
    let rounds = if super::long() { ROUNDS_LONG } else { 1 };
    let mut herd = Herd::new(rounds, dice.next()).await;
    let mut seen = Seen::default();
    for round in 0..rounds {
        let how = if round % 2 == 0 { Stop::Crash } else { Stop::Orderly };
        herd.round(how, &mut dice, &mut seen).await;
    }
    let repeats = herd.told().await;
    herd.report(&seen, &repeats).await;
    no_more_than_unavoidable(&herd, &repeats, usize::try_from(rounds).expect("few"));
}

/// The same pause by the clock on the wall, which takes longer than a lease: only in a long run.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_stopped_for_longer_than_a_lease_goes_on() {
    if !super::long() {
        eprintln!("95 seconds of pause: REDRESS_LONG=1");
        return;
    }
    let mut dice = super::dice("a real pause");
    let mut herd = Herd::new(1, dice.next()).await;
    let over = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (outside, over) = (herd.outside.clone(), Arc::clone(&over));
        async move { outside.load(&over).await }
    });
    pause(&mut dice, 1_000, 500).await;
    herd.nodes[1].signal(Signal::STOP);
    pause(&mut dice, 2_000, 500).await;
    over.store(true, Ordering::Relaxed);
    load.await.expect("the load");
    tokio::time::sleep(PAUSE_LONG).await;
    herd.taken_over().await;
    herd.goes_on(1).await;
    let mut seen = Seen::default();
    settle(&herd.outside).await;
    look(&herd.outside, &mut seen).await;
    let repeats = herd.told().await;
    herd.report(&seen, &repeats).await;
    no_more_than_unavoidable(&herd, &repeats, 1);
}
