//! The program is killed (SIGKILL) at a random moment under load, five times in every run and a
//! thousand times in a long one, on both engines. After each kill all that was acknowledged is
//! there, once; at the end every committed message has arrived under its own id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use teststand::dice::Seeded;
use teststand::receivers::HttpReceiver;
use tokio::task::JoinSet;

use super::super::support::{Place, Running};
use super::load::{Outsider, Said, install};
use super::shim;

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

/// Cases looked at at once.
const AT_ONCE: usize = 16;

/// How long messages may take to arrive, and a killed server to serve again.
const PATIENCE: Duration = Duration::from_secs(60);

/// One installation that is killed again and again.
struct Victim {
    place: Place,
    outside: Outsider,
    receiver: HttpReceiver,
    /// Payments and acts looked at after an earlier kill.
    seen_acts: usize,
    seen: BTreeSet<u32>,
}

impl Victim {
    async fn new(place: Place, mark: u64) -> Self {
        let receiver = HttpReceiver::always(200).await;
        let place = place.set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
        let place = place.set("REDRESS_AUDIT_SEAL_PERIOD_S", "1");
        let credentials = install(&place, &receiver.url("/hook"), PAYMENTS, |_| {});
        let outside = Outsider::new(&credentials, mark, PAYMENTS);
        Self { place, outside, receiver, seen_acts: 0, seen: BTreeSet::new() }
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

    /// Looks for what was acknowledged since the last look, and settles what was not answered.
    async fn check(&mut self, running: &Running) {
        let outside = self.outside.at(&running.url);
        let unknown = std::mem::take(&mut outside.ledger().unknown);
        for (number, key) in unknown {
            match outside.report(number, &key).await {
                Said::Taken(case) => {
                    let before = outside.ledger().taken.insert(number, case.clone());
                    assert!(before.is_none_or(|known| known == case), "R-{number} twice");
                }
                Said::Duplicate => {}
                Said::Nothing => panic!("R-{number}: no answer from a server that is well"),
            }
        }
        let (taken, acts) = {
            let ledger = outside.ledger();
            (ledger.taken.clone(), ledger.acts[self.seen_acts..].to_vec())
        };
        self.seen_acts += acts.len();
        let mut tasks = JoinSet::new();
        for (number, case) in taken {
            if !self.seen.insert(number) {
                continue;
            }
            if tasks.len() >= AT_ONCE {
                tasks.join_next().await.expect("a task").expect("a case is there");
            }
            let outside = outside.clone();
            tasks.spawn(async move {
                let cases = outside.cases_of(number).await;
                assert_eq!(cases.len(), 1, "R-{number} has one case: {cases:?}");
                assert_eq!(cases[0]["id"], case.as_str(), "R-{number}");
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.expect("a case is there");
        }
        let mut by_case: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (case, _, says) in acts {
            by_case.entry(case).or_default().push(says);
        }
        for (case, said) in by_case {
            let kept = outside.timeline(&case).await;
            for says in said {
                assert!(kept.iter().any(|one| one["says"] == says.as_str()), "{case}: {says}");
            }
        }
    }

    /// Every message of every case: taken outside, under its own id, and no other was sent.
    async fn drained(&self, running: &Running) {
        let outside = self.outside.at(&running.url);
        let cases: Vec<String> = outside.ledger().taken.values().cloned().collect();
        let (mut mails, mut events) = (BTreeSet::new(), BTreeSet::new());
        let since = Instant::now();
        for chunk in cases.chunks(AT_ONCE) {
            let mut tasks = JoinSet::new();
            for case in chunk {
                let (outside, case) = (outside.clone(), case.clone());
                tasks.spawn(async move { told(&outside, &case, since).await });
            }
            while let Some(told) = tasks.join_next().await {
                let told = told.expect("a timeline");
                mails.extend(told.mails);
                events.extend(told.events);
            }
        }
        assert!(mails.len() >= cases.len() && events.len() >= cases.len(), "each case was told");
        for mail in mails {
            let file = self.place.dir().join("mail").join(format!("{mail}.eml"));
            assert!(file.exists(), "{mail} counts as sent");
        }
        let mut received: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for request in self.receiver.requests() {
            let id = request.header("webhook-id").expect("an id").to_owned();
            let known = received.entry(id.clone()).or_insert_with(|| request.body.clone());
            assert_eq!(*known, request.body, "{id} is one event, however often it is sent");
        }
        let received: BTreeSet<String> = received.into_keys().collect();
        let missing: Vec<_> = events.difference(&received).collect();
        assert!(missing.is_empty(), "committed and never sent: {missing:?}");
        let invented: Vec<_> = received.difference(&events).collect();
        assert!(invented.is_empty(), "sent and not committed: {invented:?}");
    }
}

/// What was told of a case.
struct Told {
    mails: Vec<String>,
    events: Vec<String>,
}

/// Waits until nothing of a case waits to be told.
async fn told(outside: &Outsider, case: &str, since: Instant) -> Told {
    loop {
        let entries = outside.timeline(case).await;
        let of = |kind: &'static str| entries.iter().filter(move |one| one["kind"] == kind);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let all_done =
            ["mail", "event", "webhook"].into_iter().flat_map(of).all(|one| one["state"] == "done");
        let hooks: Vec<String> = of("webhook").map(|one| text(&one["event"])).collect();
        let events: Vec<String> = of("event").map(|one| text(&one["id"])).collect();
        let spread = events.iter().all(|event| hooks.contains(event));
        if all_done && spread {
            return Told { mails: of("mail").map(|one| text(&one["id"])).collect(), events };
        }
        assert!(since.elapsed() < PATIENCE, "{case} is not told: {entries:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
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
        victim.check(&running).await;
    }
    assert!(cut_off > 0, "no kill met a request under way: it was no load");
    victim.drained(&running).await;
    assert_eq!(running.stop(), 0);
    victim.place.ends(0, &["audit", "verify"], &["nothing is wrong", "0 notes not yet sealed"]);
    let (cases, acts) = (victim.seen.len(), victim.seen_acts);
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
