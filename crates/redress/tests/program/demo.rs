//! `demo`: everything in one command, and the same again on the next start.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use teststand::receivers::HttpReceiver;

use super::support::{Place, case_of, client, mails, until};

fn demo_json(dir: &Path) -> Value {
    let text = std::fs::read(dir.join("demo.json")).expect("demo.json");
    serde_json::from_slice(&text).expect("JSON")
}

/// What must stay the same from one start to the next.
fn lasting(mut demo: Value) -> Value {
    demo["base_url"].take();
    demo["console"]["url"].take();
    demo
}

fn check_fields(demo: &Value, url: &str) {
    assert_eq!(demo["base_url"], url);
    let texts = [
        "/iimmpact/api_key",
        "/iimmpact/secret",
        "/iimmpact/staging_api_key",
        "/iimmpact/staging_secret",
        "/iimmpact/username",
        "/iimmpact/password",
        "/iimmpact/staging_username",
        "/iimmpact/staging_password",
        "/iimmpact/email",
        "/native/token",
        "/webhook/secret",
        "/console/url",
        "/mail_dir",
    ];
    for place in texts {
        let text = demo.pointer(place).and_then(Value::as_str);
        assert!(text.is_some_and(|text| !text.is_empty()), "{place}");
    }
    for role in domain::Role::ALL {
        assert!(demo["native"]["tokens"][role.word()].is_string(), "{role:?}");
    }
    let users = demo["console"]["users"].as_array().expect("users");
    let roles: Vec<_> = users.iter().map(|user| user["role"].as_str().unwrap_or("")).collect();
    assert_eq!(roles, ["agent", "compliance", "merchant"]);
    for of in ["transactions", "staging_transactions"] {
        for status in ["successful", "failed", "refunded", "processing"] {
            let list = demo[of][status].as_array().expect("a list");
            assert!(list.len() >= 50, "{of} {status}");
            assert!(list[0]["refid"].is_string() && list[0]["trxid"].is_string());
        }
    }
}

fn refid(demo: &Value, place: usize) -> String {
    demo["transactions"]["successful"][place]["refid"].as_str().expect("a payment").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sets_everything_up_once_and_goes_on_from_there() {
    let place = Place::new();
    let running = place.start(&["demo"]);
    let path = place.dir().join("demo.json");
    let mode = std::fs::metadata(&path).expect("demo.json").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!place.dir().join("demo.unfinished.json").exists());
    let first = demo_json(&place.dir());
    check_fields(&first, &running.url);

    let (refid, staging) = (refid(&first, 0), &first["staging_transactions"]["successful"][0]);
    let args = ["report", "--refid", &refid, "--email", "buyer@example.test"];
    let said = place.ok(&args);
    let case = case_of(&said);
    let dir = place.dir();
    until("a mail", Duration::from_secs(20), || mails(&dir).iter().any(|m| m.contains(&case)));
    let staging = staging["refid"].as_str().expect("a payment");
    place.ok(&["report", "--staging", "--refid", staging, "--email", "buyer@example.test"]);
    let (name, password) = (&first["iimmpact"]["username"], &first["iimmpact"]["password"]);
    let login = serde_json::json!({ "username": name, "password": password });
    let answer = client(None).post(format!("{}/v2/token", running.url)).json(&login).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    assert_eq!(running.stop(), 0);

    let running = place.start(&["demo"]);
    assert_eq!(lasting(demo_json(&place.dir())), lasting(first));
    place.ends(3, &args, &["Failed"]);
    assert_eq!(running.stop(), 0);
    place.ends(0, &["doctor"], &["made by `redress demo`", "to loopback"]);
    place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &["made by `redress demo`", "--dir"]);
}

#[test]
fn it_refuses_to_be_reached_by_others_unless_told() {
    let place = Place::new();
    let refused = ["demo", "--listen", "0.0.0.0:0"];
    place.ends(1, &refused, &["--allow-public", "127.0.0.1"]);
    assert!(!place.dir().exists(), "nothing was made");
}

#[test]
fn a_first_start_that_was_cut_short_goes_on_with_the_same_secrets() {
    let place = Place::new();
    assert_eq!(place.start(&["demo"]).stop(), 0);
    let first = demo_json(&place.dir());
    let (done, draft) = (place.dir().join("demo.json"), place.dir().join("demo.unfinished.json"));
    std::fs::rename(&done, &draft).expect("renamed");
    assert_eq!(place.start(&["demo"]).stop(), 0);
    assert_eq!(lasting(demo_json(&place.dir())), lasting(first));
    assert!(!draft.exists());
}

#[test]
fn a_file_of_another_database_is_noticed() {
    let place = Place::new();
    assert_eq!(place.start(&["demo"]).stop(), 0);
    for name in ["redress.db", "redress.db-wal", "redress.db-shm"] {
        std::fs::remove_file(place.dir().join(name)).ok();
    }
    // What was set up is sealed already, so the seal is the first to tell.
    place.ends(1, &["demo", "--listen", "127.0.0.1:0"], &["redress.db is empty", "last-seal.json"]);
    std::fs::remove_file(place.dir().join("last-seal.json")).expect("the seal goes too");
    place.ends(1, &["demo", "--listen", "127.0.0.1:0"], &["demo.json", "not in the database"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_go_to_this_machine_under_the_secret_of_the_file() {
    let receiver = HttpReceiver::always(200).await;
    let place = Place::new();
    let url = receiver.url("/hook");
    let running = place.start(&["demo", "--webhook-url", &url]);
    let demo = demo_json(&place.dir());
    let add = ["webhook", "add", "--tenant", "demo", "--env", "production", "--json"];
    let other = receiver.url("/other");
    let added = place.json(&[&add[..], &["--url", &other]].concat());
    assert_eq!(added["secret"], demo["webhook"]["secret"]);
    assert!(added["id"].as_str().expect("an id").starts_with("ep_"));
    let third = receiver.url("/third");
    let own = place.json(&[&add[..], &["--url", &third, "--new-secret"]].concat());
    assert_ne!(own["secret"], demo["webhook"]["secret"]);

    place.ok(&["report", "--refid", &refid(&demo, 0), "--email", "buyer@example.test"]);
    until("both are told", Duration::from_secs(20), || {
        let requests = receiver.requests();
        let to = |path: &str| requests.iter().filter(|one| one.path == path).count();
        ["/hook", "/other", "/third"].iter().all(|path| to(path) == 1)
    });
    assert_eq!(running.stop(), 0);
    // The same flag again adds nothing.
    let running = place.start(&["demo", "--webhook-url", &url]);
    place.ok(&["report", "--refid", &refid(&demo, 1), "--email", "buyer@example.test"]);
    until("told again", Duration::from_secs(20), || {
        receiver.requests().iter().filter(|one| one.path == "/other").count() == 2
    });
    let hook = receiver.requests().iter().filter(|one| one.path == "/hook").count();
    assert_eq!((hook, running.stop()), (2, 0));
}
