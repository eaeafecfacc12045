//! What callers claim: times by clocks that run fast, zones that nobody has, languages in any
//! capitals, the same place twice. What can be meant is taken in one spelling; the rest is refused
//! by the name of its field.

use domain::payment::PaymentStatus;
use domain::{Millis, Role, Scope};
use http::StatusCode;
use serde_json::{Value, json};
use store::engine::{EngineKind, Stmt};
use teststand::engines::BOTH;

use crate::support::{Answer, House};

async fn post(house: &House, token: &str, path: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/{path}");
    house.ask(token, "POST", &path, &[], Some(&body.to_string())).await
}

async fn get(house: &House, token: &str, path: &str) -> Answer {
    house.ask(token, "GET", &format!("/api/v1/{path}"), &[], None).await
}

fn field(answer: &Answer) -> Value {
    answer.json()["errors"][0]["field"].clone()
}

/// The world's clock stands at ten o'clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_times_to_come_is_rejected() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let token = house.token(house.world.scope, Role::Administrator, "erp").await;
        for (refid, created, status, reason) in [
            ("F-1", "2026-03-01T10:05:00.001Z", "2026-03-01T10:05:00.001Z", "created_at: "),
            ("F-2", "2027-03-01T10:00:00Z", "2027-03-01T10:00:00Z", "created_at: "),
            ("F-3", "2026-03-01T10:00:00Z", "2026-03-01T18:05:01+08:00", "status_at: "),
            ("F-4", "2026-03-01T18:05:00+08:00", "2026-03-01T10:05:00Z", ""),
        ] {
            let row = json!({
                "refid": refid, "product": "TNB", "account": "1", "amount_minor": 100,
                "currency": "MYR", "status": "successful", "status_at": status,
                "created_at": created,
            });
            let body = json!({ "transactions": [row] });
            let told = post(&house, &token, "transactions", &body).await.json();
            let said = told["results"][0]["reason"].as_str().unwrap_or("");
            let fits = if reason.is_empty() { said.is_empty() } else { said.starts_with(reason) };
            assert!(fits, "{refid} on {kind:?}: {told}");
            let there = get(&house, &token, &format!("transactions/{refid}")).await.status;
            assert_eq!(there == StatusCode::OK, reason.is_empty(), "{refid} on {kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_by_a_fast_clock_is_one_of_now() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let token = house.token(house.world.scope, Role::Agent, "ann").await;
        for (said, kept) in [
            ("2026-03-01T10:05:00Z", Some("2026-03-01T10:00:00.000Z")),
            ("2026-03-01T10:00:00.001Z", Some("2026-03-01T10:00:00.000Z")),
            ("2026-03-01T09:59:59Z", Some("2026-03-01T09:59:59.000Z")),
            ("2026-03-01T10:05:00.001Z", None),
        ] {
            let body = json!({ "channel": "phone", "says": "gone", "received_at": said });
            let answer = post(&house, &token, "cases", &body).await;
            let Some(kept) = kept else {
                assert_eq!(answer.code(), "receipt-time", "{said}");
                assert_eq!(field(&answer), "received_at");
                continue;
            };
            let id = answer.json()["id"].as_str().expect("an id").to_owned();
            let case = get(&house, &token, &format!("cases/{id}")).await.json();
            assert_eq!(case["received_at"], kept, "{said} on {kind:?}");
            let line = get(&house, &token, &format!("cases/{id}/timeline")).await.json();
            assert_eq!(line["entries"][0]["received_at"], kept, "{said} on {kind:?}: {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_no_clock_shows_is_refused_everywhere() {
    let house = House::new(EngineKind::Sqlite).await;
    let token = house.token(house.world.scope, Role::Administrator, "ann").await;
    for (time, why) in [
        ("2026-02-01T10:00:00+25:00", "-14:00 to +14:00"),
        ("2026-02-01T10:00:00-14:01", "-14:00 to +14:00"),
        ("2026-02-01T10:00:60Z", "leap second"),
    ] {
        let body = json!({ "channel": "phone", "says": "gone", "received_at": time });
        let mut refused = vec![("received_at", post(&house, &token, "cases", &body).await)];
        let filter = json!({ "received_to": time });
        let body = json!({ "act": "start", "filter": filter });
        refused.push(("filter.received_to", post(&house, &token, "jobs", &body).await));
        let asked = time.replace('+', "%2B");
        for (path, name) in
            [("cases", "opened_to"), ("transactions", "created_to"), ("search", "to")]
        {
            let answer = get(&house, &token, &format!("{path}?{name}={asked}")).await;
            refused.push((name, answer));
        }
        for (name, answer) in refused {
            assert_eq!(field(&answer), name, "{time}");
            assert!(answer.json()["detail"].as_str().is_some_and(|said| said.contains(why)));
        }
        let row = json!({
            "refid": "F-1", "product": "TNB", "account": "1", "amount_minor": 100,
            "currency": "MYR", "status": "successful", "status_at": "2026-02-28T10:00:00Z",
            "created_at": time,
        });
        let told = post(&house, &token, "transactions", &json!({ "transactions": [row] })).await;
        let said = told.json()["results"][0]["reason"].to_string();
        assert!(said.contains("created_at: ") && said.contains(why), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_has_one_spelling() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let token = house.token(house.world.scope, Role::Agent, "ann").await;
        for (said, kept) in [("EN", "en"), ("EN-my", "en-MY"), ("ZH-HANT", "zh-Hant")] {
            let body = json!({ "channel": "phone", "says": "gone", "language": said });
            let id = post(&house, &token, "cases", &body).await.json()["id"].clone();
            let case = get(&house, &token, &format!("cases/{}", id.as_str().expect("an id"))).await;
            assert_eq!(case.json()["language"], kept, "{kind:?}");
            for asked in [said, kept] {
                let found = get(&house, &token, &format!("cases?language={asked}")).await.json();
                assert_eq!(found["cases"][0]["id"], id, "{asked} on {kind:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_counted_as_they_were_sent() {
    let house = House::new(EngineKind::Sqlite).await;
    let token = house.token(house.world.scope, Role::Agent, "ann").await;
    for (many, status) in [(11, StatusCode::BAD_REQUEST), (10, StatusCode::CREATED)] {
        let addresses = vec!["a@b.example"; many];
        let body = json!({ "channel": "phone", "addresses": addresses });
        let answer = post(&house, &token, "cases", &body).await;
        assert_eq!(answer.status, status, "{many}");
        if status == StatusCode::BAD_REQUEST {
            assert_eq!(field(&answer), "addresses");
        }
    }
}

/// Where two endpoints have one address, every event would come there twice.
#[tokio::test(flavor = "multi_thread")]
async fn events_go_to_a_place_once() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        let root = house.token(scope, Role::Administrator, "root").await;
        let staging = Scope::new(scope.tenant(), domain::Env::Staging);
        let tester = house.token(staging, Role::Administrator, "root").await;
        let add = async |token: &str, url: &str| {
            post(&house, token, "admin/endpoints", &json!({ "url": url })).await
        };
        let first = add(&root, "https://hooks.example.com/a").await;
        assert_eq!(first.status, StatusCode::OK, "{first:?}");
        for same in ["https://hooks.example.com/a", "https://HOOKS.example.com:443/%61"] {
            let again = add(&root, same).await;
            assert_eq!((again.code(), field(&again)), ("name-taken".into(), json!("url")));
        }
        assert_eq!(add(&tester, "https://hooks.example.com/a").await.status, StatusCode::OK);
        assert_eq!(add(&root, "https://hooks.example.com/b").await.status, StatusCode::OK);
        // One that was switched off does not count, until it is to be switched on again.
        let id = first.json()["id"].as_str().expect("an id").to_owned();
        let switch = async |way: &str| {
            post(&house, &root, &format!("admin/endpoints/{id}/{way}"), &json!({})).await
        };
        assert_eq!(switch("enable").await.code(), "already-so");
        assert_eq!(switch("disable").await.status, StatusCode::OK);
        let second = add(&root, "https://hooks.example.com/a").await;
        assert_eq!(second.status, StatusCode::OK, "{second:?}");
        assert_eq!(switch("enable").await.code(), "name-taken", "{kind:?}");
        let other = second.json()["id"].as_str().expect("an id").to_owned();
        let path = format!("admin/endpoints/{other}/disable");
        assert_eq!(post(&house, &root, &path, &json!({})).await.status, StatusCode::OK);
        assert_eq!(switch("enable").await.status, StatusCode::OK, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_team_says_that_it_is() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let root = house.token(house.world.scope, Role::Administrator, "root").await;
        let body = json!({ "email": "ann@shop.example", "name": "Ann", "role": "agent" });
        let ann = post(&house, &root, "admin/members", &body).await.json()["id"].clone();
        post(&house, &root, "admin/teams", &json!({ "name": "front" })).await;
        let member = json!({ "member": ann });
        let label = json!({ "label": "Desk" });
        let nothing = json!({});
        for (path, body, code) in [
            ("join", &member, ""),
            ("retire", &nothing, ""),
            ("retire", &nothing, "already-so"),
            ("join", &member, "retired"),
            ("leave", &member, "retired"),
            ("", &label, "retired"),
        ] {
            let path = format!("admin/teams/front/{path}");
            let answer = post(&house, &root, path.trim_end_matches('/'), body).await;
            if code.is_empty() {
                assert_eq!(answer.status, StatusCode::OK, "{path} on {kind:?}: {answer:?}");
                continue;
            }
            assert_eq!(answer.code(), code, "{path} on {kind:?}");
            let said = answer.json()["detail"].to_string();
            assert_eq!(code == "retired", said.contains("add another team"), "{said}");
        }
    }
}

const QUEUE: &str = "INSERT INTO queues (scope, name, label, team, version, created_at)
 VALUES (?1, ?2, ?2, '', 1, 1)";

const MOVE: &str = "UPDATE cases SET queue = ?2 WHERE scope = ?1";

/// Whoever takes from a queue and whoever asks for a job on it name it by one rule, also one that
/// another system's cases stood in.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_named_alike_wherever_it_is_named() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        let token = house.token(scope, Role::Agent, "ann").await;
        let named = |name: &str| vec![scope.number().into(), name.into()];
        for (n, queue, written) in [
            (1, "vouchers", "VOUCHERS"),
            (2, "Credit card", "credit  CARD"),
            (3, "Cards/Loans", "cards/loans"),
            (4, "intake", "Intake"),
            (5, "50% off?", "50% OFF?"),
        ] {
            let refid = format!("A-{n}");
            house.world.pay(scope, &refid, PaymentStatus::Successful).await;
            house.report(scope, &refid, "gone").await;
            let mut batch = vec![Stmt::any(MOVE, named(queue))];
            if queue != "intake" {
                batch.push(Stmt::any(QUEUE, named(queue)));
            }
            house.world.db.commit(batch).await.expect("a queue");
            let filter = json!({ "queue": written });
            let job = json!({ "act": "comment", "with": { "says": "a" }, "filter": filter });
            let job = post(&house, &token, "jobs", &job).await.json();
            assert_eq!(job["total"], n, "{written} on {kind:?}: {job}");
            let escaped = written.replace('%', "%25").replace(' ', "%20").replace('?', "%3F");
            let path = format!("queues/{}/take", escaped.replace('/', "%2F"));
            let taken = post(&house, &token, &path, &json!({})).await;
            assert_eq!(taken.status, StatusCode::OK, "{written} on {kind:?}: {taken:?}");
            house.world.clock.tick(Millis::seconds(1));
        }
        for wrong in ["%20a", "a%00b", "a%E2%80%AEb"] {
            let taken = post(&house, &token, &format!("queues/{wrong}/take"), &json!({})).await;
            assert_eq!(taken.code(), "thing-unknown", "{wrong} on {kind:?}");
            let listed = get(&house, &token, &format!("cases?queue={wrong}")).await;
            assert_eq!(field(&listed), "queue", "{wrong} on {kind:?}");
        }
    }
}
