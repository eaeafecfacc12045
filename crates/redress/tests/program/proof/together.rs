//! What one node did, seen from the others on the same PostgreSQL: a nonce that was used, the case
//! that was opened, a credential that was revoked, a word that was set. How soon is part of it.

use std::time::{Duration, Instant};

use serde_json::Value;
use teststand::receivers::HttpReceiver;
use tokio::task::JoinSet;

use super::super::support::{Place, Running, client};
use super::load::{Credentials, Outsider, install};

/// Payments in the installation.
const PAYMENTS: u32 = 60;

/// Reports of one payment at once.
const IDENTICAL: u32 = 50;

/// How long a node may believe what another changed (`BELIEVED` in `desk::accounts`), and one look.
const BELIEVED: Duration = Duration::from_millis(5_500);

/// How long a token may be believed: it is looked up for every request.
const TOKEN_BELIEVED: Duration = Duration::from_millis(500);

/// Three nodes on one database.
struct Three {
    places: Vec<Place>,
    running: Vec<Running>,
    outside: Outsider,
    credentials: Credentials,
    receiver: HttpReceiver,
}

async fn three(mark: u64) -> Three {
    let receiver = HttpReceiver::always(200).await;
    let place = Place::on_postgres().await.set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
    let credentials = install(&place, &receiver.url("/hook"), PAYMENTS, |_| {});
    let places = vec![place.beside(), place.beside(), place];
    let running: Vec<Running> = places.iter().map(|place| place.start(&["serve"])).collect();
    let outside = Outsider::new(&credentials, mark, PAYMENTS).at(&running[0].url);
    outside.ask(running.iter().map(|one| one.url.clone()).collect());
    Three { places, running, outside, credentials, receiver }
}

impl Three {
    /// How long node `turn` goes on answering as before, once another changed something.
    async fn until(&self, what: &str, most: Duration, changed: impl AsyncFn() -> bool) {
        let since = Instant::now();
        while !changed().await {
            assert!(since.elapsed() < most, "{what}: not after {most:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        eprintln!("{what}: seen on another node after {} ms", since.elapsed().as_millis());
    }

    async fn status_of_cases(&self, node: usize) -> u16 {
        let url = format!("{}/api/v1/cases?limit=1", self.running[node].url);
        let asked = client(None).get(url).bearer_auth(&self.credentials.token);
        asked.send().await.expect("an answer").status().as_u16()
    }

    async fn report(&self, node: u32, number: u32, nonce: &str) -> (u16, String) {
        let key = format!("key-of-{nonce}");
        let said = self.outside.send(node, number, nonce, &key).await.expect("an answer");
        (said.status, said.text)
    }
}

/// One installation for all three looks: the last takes its credentials away.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_did_the_others_know() {
    let three = three(1).await;
    a_used_nonce_is_refused_everywhere(&three).await;
    identical_reports_make_one_case(&three).await;
    what_one_revokes_and_sets_the_others_heed(three).await;
}

async fn a_used_nonce_is_refused_everywhere(three: &Three) {
    for (number, first) in [(0, 0), (1, 2)] {
        let nonce = format!("nonce-of-many-nodes-{number}");
        assert_eq!(three.report(first, number, &nonce).await.0, 200);
        for node in 0..3 {
            // Another payment, so that nothing but the nonce can refuse it.
            let (status, text) = three.report(node, number + 10, &nonce).await;
            assert_eq!(status, 401, "node {node}: {text}");
            assert!(text.contains("nonce_reused"), "node {node}: {text}");
        }
    }
}

async fn identical_reports_make_one_case(three: &Three) {
    // Without one key each is a report of its own; with one key all are the same.
    for (number, keyed) in [(20, false), (21, true), (22, false), (23, true)] {
        let mut tasks = JoinSet::new();
        for turn in 0..IDENTICAL {
            let outside = three.outside.clone();
            tasks.spawn(async move {
                let nonce = format!("nonce-{number}-{turn:03}-of-many");
                let key = if keyed { "the-same".to_owned() } else { format!("key-{turn}") };
                outside.send(turn, number, &nonce, &format!("{number}-{key}")).await
            });
        }
        let (mut taken, mut refused) = (Vec::new(), 0);
        while let Some(said) = tasks.join_next().await {
            let said = said.expect("a client").expect("an answer");
            let (status, case, text) = (said.status, said.case, said.text);
            let said: Value = serde_json::from_str(&text).expect("JSON");
            match (status, said["data"]["status"].as_str()) {
                (200, Some("Success")) => taken.push(case.expect("a case")),
                (200, Some("Failed")) => refused += 1,
                // Decided three times anew, and others were faster each time: ask again.
                (503, _) => assert!(text.contains("busy"), "{text}"),
                _ => panic!("R-{number}: {status}: {text}"),
            }
        }
        let cases = three.outside.cases_of(number).await;
        assert_eq!(cases.len(), 1, "R-{number}: {cases:?}");
        assert!(taken.iter().all(|case| cases[0]["id"] == case.as_str()), "R-{number}: {taken:?}");
        match keyed {
            false => assert_eq!(taken.len(), 1, "{refused} were told that there is one"),
            true => assert!(refused == 0 && taken.len() > 1, "{taken:?}, {refused} refused"),
        }
    }
}

async fn what_one_revokes_and_sets_the_others_heed(three: Three) {
    let here = &three.places[0];
    let scope = ["--tenant", "acme", "--env", "production"];

    // An endpoint that is added on one node gets what another spreads.
    let second = HttpReceiver::always(200).await;
    here.ok(&[&["webhook", "add", "--url", &second.url("/more")], &scope[..]].concat());
    let since = Instant::now();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(three.report(2, 30, "nonce-for-two-endpoints").await.0, 200);
    second.wait_for(1).await;
    three.receiver.wait_for(1).await;
    eprintln!("a new endpoint: told after {} ms", since.elapsed().as_millis());

    // What callers read.
    assert_eq!(three.report(1, 31, "nonce-before-the-words").await.0, 200);
    let wording = ["message", "set", "iimmpact.received", "Thank you from acme."];
    here.ok(&[&wording[..], &scope[..]].concat());
    let count = std::sync::atomic::AtomicU32::new(32);
    three
        .until("a wording", BELIEVED, async || {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed).min(59);
            tokio::time::sleep(Duration::from_millis(250)).await;
            let nonce = format!("nonce-for-the-words-{number}");
            three.report(1, number, &nonce).await.1.contains("Thank you from acme.")
        })
        .await;

    // A token, which is looked up each time, and a key, which is believed for seconds.
    assert_eq!(three.status_of_cases(1).await, 200);
    let id = three.credentials.token_id.as_str();
    here.ok(&["token", "revoke", id, "--tenant", "acme"]);
    let gone = async || three.status_of_cases(1).await == 401;
    three.until("a revoked token", TOKEN_BELIEVED, gone).await;
    let key = three.credentials.key.as_str();
    here.ok(&["key", "revoke", key, "--tenant", "acme"]);
    let count = std::sync::atomic::AtomicU32::new(0);
    let gone = async || {
        let turn = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let nonce = format!("nonce-of-a-revoked-key-{turn}");
        three.report(1, 0, &nonce).await.0 == 401
    };
    three.until("a revoked key", BELIEVED, gone).await;
    for running in three.running {
        assert_eq!(running.stop(), 0);
    }
}
