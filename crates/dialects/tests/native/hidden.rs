//! What a right hides is not told by a question either: no filter confirms it; what looks like
//! another name is not taken; and what is refused says for what.

use dialects::native::all_routes;
use domain::Role;
use domain::payment::PaymentStatus;
use http::StatusCode;
use serde_json::{Value, json};
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::support::{Answer, House};

async fn get(house: &House, token: &str, path: &str) -> Answer {
    house.ask(token, "GET", &format!("/api/v1/{path}"), &[], None).await
}

async fn post(house: &House, token: &str, path: &str, body: Value) -> Answer {
    let path = format!("/api/v1/{path}");
    house.ask(token, "POST", &path, &[], Some(&body.to_string())).await
}

/// The first field that is wrong, and why.
fn wrong(answer: &Answer) -> (String, String) {
    let error = &answer.json()["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or("").to_owned();
    (text("field"), text("message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_filter_confirms_what_is_not_shown() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        for (role, path, shown) in [
            (Role::Developer, "transactions?account=220001234513", false),
            (Role::Developer, "transactions?account=1", false),
            (Role::Compliance, "transactions?account=220001234513", true),
            (Role::Merchant, "transactions?account=220001234513", true),
            (Role::Client, "transactions?account=220001234513", true),
            (Role::Developer, "search?category=voucher", false),
            (Role::Merchant, "search?category=voucher", false),
            (Role::Agent, "search?category=voucher", true),
        ] {
            let token = house.token(scope, role, &format!("{} {path}", role.word())).await;
            let answer = get(&house, &token, path).await;
            match shown {
                true => assert_eq!(answer.status, StatusCode::OK, "{role:?} {path}: {answer:?}"),
                false => assert_eq!(answer.code(), "not-allowed", "{role:?} {path}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_seen_as_it_is() {
    let house = House::new(EngineKind::Sqlite).await;
    let root = house.token(house.world.scope, Role::Administrator, "root").await;
    let case = |field: &str, text: &str| {
        let mut body = json!({ "channel": "phone", "says": "a" });
        body[field] = text.into();
        ("cases", body, field.to_owned())
    };
    let token =
        |name: &str| ("tokens", json!({ "name": name, "role": "agent" }), "name".to_owned());
    let member = json!({ "email": "s@shop.example", "name": "Staff", "role": "agent" });
    let both = json!({ "name": "ann", "member": "s@shop.example", "role": "agent" });
    for (path, body, field) in [
        case("category", "vou\u{202e}cher"),
        case("customer", "C\u{200b}1"),
        case("taken_by", "ann\u{2066}"),
        token("command\u{a0}line"),
        token("\u{455}taff"),
        token("\u{ff53}taff"),
        ("admin/settings/sender-name", json!({ "value": "Ac\u{202e}me" }), "value".to_owned()),
        ("members", member, "name".to_owned()),
        ("tokens", both, "name".to_owned()),
    ] {
        let path = match path {
            "tokens" | "members" => format!("admin/{path}"),
            path => path.to_owned(),
        };
        let answer = post(&house, &root, &path, body.clone()).await;
        assert_eq!((answer.code(), wrong(&answer).0), ("wrong-field".into(), field), "{body}");
    }
    for (name, taken) in
        [("coco", false), ("\u{421}\u{43e}\u{441}\u{43e}", true), ("\u{411}\u{41e}\u{411}", false)]
    {
        let body = json!({ "name": name, "role": "agent" });
        let answer = post(&house, &root, "admin/tokens", body).await;
        match taken {
            true => assert_eq!(answer.code(), "name-taken", "{name}"),
            false => assert_eq!(answer.status, StatusCode::OK, "{name}: {answer:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_is_wrong() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    let root = house.token(scope, Role::Administrator, "root").await;
    let login = |name: &str| json!({ "username": name });
    let foreign = house.token(house.other, Role::Administrator, "eve").await;
    assert_eq!(post(&house, &foreign, "admin/logins", login("shop")).await.status, 200);
    let taken = post(&house, &root, "admin/logins", login("shop")).await;
    let said = taken.json()["detail"].to_string();
    assert!(said.contains("unique over the installation"), "{said}");
    let queue = json!({ "name": "level-2" });
    assert_eq!(post(&house, &root, "admin/queues", queue.clone()).await.status, 200);
    let taken = post(&house, &root, "admin/queues", queue).await.json()["detail"].to_string();
    assert!(taken.contains("a queue with this name already"), "{taken}");
    let installer = house.installation_token(scope).await;
    let nobody = post(&house, &installer, "admin/tenants/nobody", json!({ "name": "A" })).await;
    let said = nobody.json()["detail"].to_string();
    assert!(said.contains("this installation has no tenant") && !said.contains("environment"));
    for (received_at, why) in [
        ("2026-01-05T10:11:12", "no zone"),
        ("2026-02-30T10:11:12Z", "no time of the calendar"),
        ("yesterday", "not a time"),
    ] {
        let body = json!({ "channel": "phone", "says": "a", "received_at": received_at });
        let answer = post(&house, &root, "cases", body).await;
        let (field, said) = wrong(&answer);
        assert!(field == "received_at" && said.contains(why), "{field}: {said}");
    }
    let marked = "\u{feff}{\"channel\": \"phone\"}";
    let answer = house.ask(&root, "POST", "/api/v1/cases", &[], Some(marked)).await;
    assert!(answer.json()["detail"].to_string().contains("byte order mark"), "{answer:?}");
    let endpoint = post(&house, &root, "admin/endpoints", json!({ "url": "https://a.example/" }));
    let id = endpoint.await.json()["id"].as_str().expect("an id").to_owned();
    let disable = format!("admin/endpoints/{id}/disable");
    assert_eq!(post(&house, &root, &disable, json!({})).await.status, 200);
    let test = post(&house, &root, &format!("admin/endpoints/{id}/test"), json!({})).await;
    assert_eq!((test.status.as_u16(), test.code()), (409, "disabled".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_no_case_could_do_is_refused_at_once() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        let case = house.report(scope, "A-1", "gone").await;
        let root = house.token(scope, Role::Administrator, "root").await;
        let other = "cs_01jd3v5k8h0000000000000000";
        for (act, with, field) in [
            ("assign", json!({ "queue": "nowhere" }), "with.queue"),
            ("assign", json!({ "person": "nobody" }), "with.person"),
            ("merge", json!({ "into": other }), "with.into"),
            ("link", json!({ "case": other, "kind": "related" }), "with.case"),
        ] {
            let body = json!({ "act": act, "with": with, "cases": [case.as_str()] });
            let answer = post(&house, &root, "jobs", body).await;
            assert_eq!((answer.status.as_u16(), wrong(&answer).0), (404, field.into()), "{act}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_and_not_there_is_null() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    let root = house.token(scope, Role::Administrator, "root").await;
    let body = json!({ "channel": "phone", "says": "a" });
    let id = post(&house, &root, "cases", body).await.json()["id"].clone();
    let id = id.as_str().expect("an id");
    let path = format!("cases/{id}?fields=stage,merged_into,transaction");
    let seen = get(&house, &root, &path).await.json();
    assert_eq!(seen, json!({ "stage": "received", "merged_into": null, "transaction": null }));
}

/// Whoever insists on another version asks something else.
#[tokio::test(flavor = "multi_thread")]
async fn if_match_is_a_part_of_the_request() {
    let house = House::new(EngineKind::Sqlite).await;
    let root = house.token(house.world.scope, Role::Administrator, "root").await;
    let path = "/api/v1/admin/queues/level-2";
    let queue = json!({ "name": "level-2" });
    assert_eq!(post(&house, &root, "admin/queues", queue).await.status, 200);
    let body = json!({ "label": "Second" }).to_string();
    for (version, expected) in [("\"1\"", 200), ("\"1\"", 200), ("\"2\"", 422), ("*", 422)] {
        let headers = [("idempotency-key", "k-1"), ("if-match", version)];
        let answer = house.ask(&root, "POST", path, &headers, Some(&body)).await;
        assert_eq!(answer.status, expected, "{version}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_pages_answer_in_problems() {
    let house = House::new(EngineKind::Sqlite).await;
    for path in ["/problems/nope", "/problems/", "/docs/", "/favicon.ico", "/docs/none"] {
        let answer = house.ask("", "GET", path, &[], None).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (404, "no-such-path".into()), "{path}");
    }
    assert_eq!(house.ask("", "POST", "/docs", &[], None).await.code(), "method-not-allowed");
    let index = house.ask("", "GET", "/problems", &[], None).await;
    let text = String::from_utf8(index.bytes).expect("text");
    assert!(text.contains("<code>stale</code></a> It moved on</li>"), "{text}");
}

/// Who looked at the people of the account stands in the log.
#[tokio::test(flavor = "multi_thread")]
async fn reading_members_is_logged() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    let reader = house.token(scope, Role::Developer, "dora").await;
    let auditor = house.token(scope, Role::Auditor, "otto").await;
    assert_eq!(get(&house, &reader, "admin/members").await.status, StatusCode::OK);
    while house.world.desk.write_reads_behind().await.expect("written") > 0 {}
    let rows = get(&house, &auditor, "admin/reads?by=dora&view=members").await.json();
    assert_eq!(rows["reads"][0]["subject"], "all", "{rows}");
}

/// Nothing is sent to an endpoint that is disabled, so nothing is sent there once more.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_replayed_to_a_disabled_endpoint() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        let root = house.token(scope, Role::Administrator, "root").await;
        let seeds = house.seed(scope, 1).await;
        let ask = async |path: &str| {
            let path = format!("/api/v1/admin/{path}");
            let route = all_routes().find(|route| route.path == path).expect("a route");
            house.ask(&root, route.method, &seeds.filled(route), &[], Some("{}")).await
        };
        assert_eq!(ask("endpoints/{endpoint}/disable").await.status, StatusCode::OK);
        assert_eq!(ask("deliveries/{delivery}/replay").await.code(), "disabled", "{kind:?}");
    }
}
