//! Who looks whether what was acknowledged is there, once, and whether all of it was told outside.
//! It believes the clients that were told so, and never the program about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use teststand::receivers::HttpReceiver;
use tokio::task::JoinSet;

use super::load::{Outsider, Said};

/// Cases looked at at once.
const AT_ONCE: usize = 16;

/// How long messages may take to arrive once a server is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was looked at before, so that nothing is looked at twice.
#[derive(Default)]
pub struct Seen {
    /// Payments whose case was found.
    pub payments: BTreeSet<u32>,
    /// Acts of the ledger.
    pub acts: usize,
}

/// Asks again, under the same key, for each report that got no answer: it is settled once.
pub async fn settle(outside: &Outsider) {
    let unknown = std::mem::take(&mut outside.ledger().unknown);
    for (number, key) in unknown {
        let since = Instant::now();
        loop {
            match outside.report(number, &key).await {
                Said::Taken(case) => {
                    let before = outside.ledger().taken.insert(number, case.clone());
                    assert!(before.is_none_or(|known| known == case), "R-{number} twice");
                    break;
                }
                Said::Duplicate => break,
                // Where servers come and go, one that is well may still wait for another.
                Said::Nothing => {
                    let patient = outside.is_rough() && since.elapsed() < PATIENCE;
                    assert!(patient, "R-{number}: no answer from a server that is well");
                }
            }
        }
    }
}

/// Looks for what was acknowledged since the last look: each report is the only case of its
/// payment, each act stands in its timeline.
pub async fn look(outside: &Outsider, seen: &mut Seen) {
    let (taken, acts) = {
        let ledger = outside.ledger();
        (ledger.taken.clone(), ledger.acts[seen.acts..].to_vec())
    };
    seen.acts += acts.len();
    let mut tasks = JoinSet::new();
    for (number, case) in taken {
        if !seen.payments.insert(number) {
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

/// What went out more than once.
#[derive(Debug, Default)]
pub struct Repeats {
    /// For each event that came more than once: the places of its arrivals among all.
    pub events: BTreeMap<String, Vec<usize>>,
    /// Mails that more than one node wrote.
    pub mails: usize,
}

/// Every message of every case: taken outside, under its own id, and no other was sent. Gives what
/// was repeated.
pub async fn drained(outside: &Outsider, receiver: &HttpReceiver, mail: &[PathBuf]) -> Repeats {
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
    let mut repeats = Repeats::default();
    for id in mails {
        let written = mail.iter().filter(|dir| dir.join(format!("{id}.eml")).exists()).count();
        assert!(written > 0, "{id} counts as sent");
        repeats.mails += usize::from(written > 1);
    }
    let mut received: BTreeMap<String, (Vec<u8>, Vec<usize>)> = BTreeMap::new();
    for (at, request) in receiver.requests().into_iter().enumerate() {
        let id = request.header("webhook-id").expect("an id").to_owned();
        let first = || (request.body.clone(), Vec::new());
        let (known, arrivals) = received.entry(id.clone()).or_insert_with(first);
        assert_eq!(*known, request.body, "{id} is one event, however often it is sent");
        arrivals.push(at);
    }
    let missing: Vec<_> = events.iter().filter(|id| !received.contains_key(*id)).collect();
    assert!(missing.is_empty(), "committed and never sent: {missing:?}");
    let invented: Vec<_> = received.keys().filter(|id| !events.contains(*id)).collect();
    assert!(invented.is_empty(), "sent and not committed: {invented:?}");
    let repeated = received.into_iter().filter(|(_, (_, arrivals))| arrivals.len() > 1);
    repeats.events = repeated.map(|(id, (_, arrivals))| (id, arrivals)).collect();
    repeats
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
