//! What answers tell people: which right is missing and who took it, which words there are, where
//! to look. A refusal that cannot be acted upon is half of one.

use domain::admin::AdminAct;
use domain::admin::acts::NewToken;
use domain::payment::PaymentStatus;
use domain::{Right, Rights, Role};
use http::StatusCode;
use serde_json::{Value, json};
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::support::House;

async fn narrowed(house: &House, role: Role, right: Right) -> String {
    let token = NewToken {
        name: "narrow".into(),
        role,
        rights: Some(Rights::NONE.with(right)),
        days: 1,
        member: None,
        installation: false,
    };
    house.operate(house.world.scope, AdminAct::TokenAdd { token }).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named_with_who_took_it() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    let auditor = house.token(scope, Role::Auditor, "aud").await;
    let narrow = narrowed(&house, Role::Administrator, Right::ReadCases).await;
    let developer = house.token(scope, Role::Developer, "dev").await;
    for (token, path, words) in [
        (&auditor, "/api/v1/admin/tenants", ["`manage-tenants`", "of the installation"]),
        (&auditor, "/api/v1/admin/tokens", ["", ""]),
        (&narrow, "/api/v1/admin/tokens", ["`read-admin`", "narrowed"]),
        (&developer, "/api/v1/admin/reads", ["`read-audit`", "the role `developer` does not"]),
        (&developer, "/api/v1/search?address=a", ["`read-personal`", "`developer`"]),
        (&developer, "/api/v1/cases?customer=C-1", ["`read-personal`", "`developer`"]),
    ] {
        let answer = house.ask(token, "GET", path, &[], None).await;
        if words[0].is_empty() {
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            continue;
        }
        assert_eq!(answer.code(), "not-allowed", "{path}");
        let detail = answer.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(words.iter().all(|word| detail.contains(word)), "{path}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_from_what_is_empty() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let root = house.token(house.world.scope, Role::Administrator, "root").await;
        let post = async |path: &str, body: &str| {
            house.ask(&root, "POST", &format!("/api/v1/{path}"), &[], Some(body)).await
        };
        let added = post("admin/queues", r#"{"name":"vouchers"}"#).await;
        assert_eq!(added.status, StatusCode::OK);
        for (path, code) in [
            ("queues/vouchers/take", "queue-empty"),
            ("queues/intake/take", "queue-empty"),
            ("queues/vuchers/take", "thing-unknown"),
            ("admin/queues/intake/retire", "always-there"),
            ("admin/queues/nobodys/retire", "thing-unknown"),
        ] {
            assert_eq!(post(path, "{}").await.code(), code, "{path} on {kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_words_are_answered_with_those_there_are() {
    let house = House::new(EngineKind::Sqlite).await;
    let token = house.token(house.world.scope, Role::Agent, "ann").await;
    for (path, field, known) in [
        ("search?channel=fax", "channel", "letter"),
        ("cases?channel=fax", "channel", "letter"),
        ("search?stage=gone", "stage", "received"),
        ("cases?stage=gone", "stage", "received"),
        ("search?outcome=gone", "outcome", "upheld"),
        ("cases?outcome=gone", "outcome", "upheld"),
        ("jobs?state=gone", "state", "cancelled"),
        ("cases?colour=red", "colour", "stage, queue"),
        ("cases?colour=red", "colour", ", fields"),
        ("cases/cs_00000000000000000000000000/timeline?system=no", "system", "true or false"),
    ] {
        let answer = house.ask(&token, "GET", &format!("/api/v1/{path}"), &[], None).await;
        assert_eq!(answer.code(), "wrong-field", "{path}");
        let error = &answer.json()["errors"][0];
        let message = error["message"].as_str().expect("a message");
        assert!(error["field"] == field && message.contains(known), "{path}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_could_never_be_called_is_not_added() {
    let house = House::new(EngineKind::Sqlite).await;
    let root = house.token(house.world.scope, Role::Administrator, "root").await;
    house.world.desk.judge_endpoints_by(Box::new(|url| match url.contains("10.0.0.1") {
        true => Err("10.0.0.1 is a private address".to_owned()),
        false => Ok(()),
    }));
    let add = async |url: &str| {
        let body = json!({ "url": url }).to_string();
        house.ask(&root, "POST", "/api/v1/admin/endpoints", &[], Some(&body)).await
    };
    let refused = add("http://10.0.0.1/hook").await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::BAD_REQUEST, "endpoint-barred".into())
    );
    let error = &refused.json()["errors"][0];
    assert_eq!(error, &json!({ "field": "url", "message": "10.0.0.1 is a private address" }));
    assert_eq!(add("https://acme.example/hook").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_by_the_page_and_by_their_state() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        let agent = house.token(scope, Role::Agent, "ann").await;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        let case = house.report(scope, "A-1", "gone").await;
        let body = json!({ "act": "comment", "cases": [case.as_str()], "with": { "says": "a" } });
        let mut asked = Vec::new();
        for _ in 0..3 {
            let body = Some(body.to_string());
            let job = house.ask(&agent, "POST", "/api/v1/jobs", &[], body.as_deref()).await;
            asked.push(job.json()["id"].clone());
            house.world.clock.tick(domain::Millis::seconds(1));
        }
        let cancel = format!("/api/v1/jobs/{}/cancel", asked[1].as_str().expect("an id"));
        let other = house.token(scope, Role::Supervisor, "sue").await;
        for token in [&other, &agent] {
            house.ask(token, "POST", &cancel, &[], Some("{}")).await;
        }
        asked.reverse();
        let (mut listed, mut path): (Vec<Value>, _) = (vec![], "/api/v1/jobs?limit=2".to_owned());
        loop {
            let page = house.ask(&agent, "GET", &path, &[], None).await.json();
            let jobs = page["jobs"].as_array().expect("jobs");
            listed.extend(jobs.iter().map(|job| job["id"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/api/v1/jobs?limit=2&cursor={next}");
        }
        assert_eq!(listed, asked, "{kind:?}");
        let stopped = house.ask(&agent, "GET", "/api/v1/jobs?state=cancelled", &[], None).await;
        let stopped = stopped.json();
        assert_eq!(
            (stopped["jobs"].as_array().map(Vec::len), &stopped["jobs"][0]["id"]),
            (Some(1), &asked[1])
        );
        // By whom, which is nobody for those that go on.
        assert_eq!(stopped["jobs"][0]["cancelled_by"], "sue", "{kind:?}");
        let others = house.ask(&agent, "GET", "/api/v1/jobs?state=running", &[], None).await;
        assert_eq!(others.json()["jobs"][0]["cancelled_by"], Value::Null, "{kind:?}");
        let stranger = house.token(house.other, Role::Agent, "eve").await;
        let theirs = house.ask(&stranger, "GET", "/api/v1/jobs", &[], None).await;
        assert_eq!(theirs.json(), json!({ "jobs": [], "next": null }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_for_people_leaves_out_what_machines_are_told() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    let agent = house.token(scope, Role::Agent, "ann").await;
    house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
    let case = house.report(scope, "A-1", "gone").await;
    let path = format!("/api/v1/cases/{case}/timeline");
    let kinds = async |path: &str| {
        let answer = house.ask(&agent, "GET", path, &[], None).await.json();
        let entries = answer["entries"].as_array().expect("entries").clone();
        let said = |entry: &Value| format!("{} {}", entry["kind"], entry["system"]);
        entries.iter().map(said).collect::<Vec<_>>()
    };
    let whole = kinds(&path).await;
    assert_eq!(whole, [r#""note" null"#, r#""mail" false"#, r#""event" true"#]);
    assert_eq!(kinds(&format!("{path}?system=false")).await, whole[..2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_says_where_what_is() {
    let house = House::new(EngineKind::Sqlite).await;
    let answer = house.ask("", "GET", "/", &[], None).await;
    assert_eq!(answer.status, StatusCode::OK);
    for place in ["docs", "openapi", "health"] {
        let path = answer.json()[place].as_str().expect("a path").to_owned();
        let there = house.ask("", "GET", &path, &[], None).await;
        assert_eq!(there.status, StatusCode::OK, "{path}");
    }
    let head = house.ask("", "HEAD", "/", &[], None).await;
    assert!(head.status == StatusCode::OK && head.bytes.is_empty(), "{head:?}");
}
