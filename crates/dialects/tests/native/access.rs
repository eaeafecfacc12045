//! Who may what: every route without a credential, with a bad one, in every role, and from another
//! tenant or environment. The tables name every route; the table of routes is the code's own, so a
//! new one cannot be forgotten.

use axum::body::Body;
use dialects::native::{Route, all_routes, document};
use dialects::who::Hosts;
use dialects::{App, Settings, router};
use domain::admin::AdminAct;
use domain::admin::acts::NewToken;
use domain::payment::PaymentStatus;
use domain::{Env, Millis, Right, Rights, Role};
use http::{Request, StatusCode};
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::seeds::Seeds;
use crate::support::{Answer, House};

/// The case that the document's examples name.
pub const EXAMPLE_CASE: &str = "cs_01jd3v5k8h0000000000000000";

/// The other case, in examples about two.
pub const EXAMPLE_OTHER: &str = "cs_01jd3v5k8h0000000000000001";

/// A body that the route takes: the document's example.
pub fn body(route: &Route) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(document()).expect("JSON");
    let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
    let body = operation.get("requestBody")?;
    if let Some(form) = body["content"]["multipart/form-data"]["example"].as_str() {
        return Some(form.to_owned());
    }
    let example = &body["content"]["application/json"]["example"];
    assert!(!example.is_null(), "{} {} has no example", route.method, route.path);
    Some(example.to_string())
}

async fn ask(house: &House, token: &str, route: &Route, seeds: &Seeds) -> Answer {
    house.ask(token, route.method, &seeds.filled(route), &[], seeds.body(route).as_deref()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_who_calls() {
    let house = House::new(EngineKind::Sqlite).await;
    let open: Vec<&str> = all_routes().filter(|route| route.open).map(|route| route.path).collect();
    let wanted = ["/api/v1/openapi.json", "/api/v1/invitations/accept"];
    assert_eq!(open, wanted, "this list may only shrink");
    for route in all_routes() {
        let answer = ask(&house, "", route, &Seeds::nobodys()).await;
        if route.open {
            // The example's invitation is nobody's.
            let status = match route.method {
                "GET" => StatusCode::OK,
                _ => StatusCode::NOT_FOUND,
            };
            assert_eq!(answer.status, status, "{}", route.path);
            continue;
        }
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {}", route.method, route.path);
        assert_eq!(answer.code(), "no-credential");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"redress\"");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_one_good_token_in_one_header() {
    let house = House::new(EngineKind::Sqlite).await;
    let token = house.token(house.world.scope, Role::Auditor, "aud").await;
    let last = if token.ends_with('2') { '3' } else { '2' };
    let wrong = format!("{}{last}", &token[..token.len() - 1]);
    for (headers, code) in [
        (vec![format!("Bearer {token}")], ""),
        (vec![format!("bearer {token}")], ""),
        (vec![format!("Bearer  {token} ")], ""),
        (vec![format!("Bearer {wrong}")], "token-not-valid"),
        (vec![token.clone()], "no-credential"),
        (vec![format!("Basic {token}")], "no-credential"),
        (vec![format!("Bearer{token}")], "no-credential"),
        (vec!["Bearer ".into()], "no-credential"),
        (vec!["Bearer rdt_".into()], "token-not-valid"),
        (vec!["Bearer abc".into()], "no-credential"),
        (vec![format!("Bearer rdt_{}", "a".repeat(200))], "no-credential"),
        (vec![format!("Bearer {token} {token}")], "no-credential"),
        (vec![format!("Bearer {token}"), format!("Bearer {token}")], "no-credential"),
        (vec![String::new()], "no-credential"),
    ] {
        let mut request = Request::get("/api/v1/cases");
        for header in &headers {
            request = request.header("authorization", header);
        }
        let answer = house.send(request.body(Body::empty()).expect("a request")).await;
        let told = if answer.status == StatusCode::OK { String::new() } else { answer.code() };
        assert_eq!(told, code, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_when_its_time_is_over() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let token = house.token(house.world.scope, Role::Auditor, "aud").await;
        let list = "/api/v1/cases";
        assert_eq!(house.ask(&token, "GET", list, &[], None).await.status, StatusCode::OK);
        house.world.clock.tick(Millis::days(1));
        assert_eq!(house.ask(&token, "GET", list, &[], None).await.code(), "token-not-valid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_takes_a_name_in_its_query_that_it_does_not_know() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    let tokens = [
        house.token(scope, Role::Administrator, "root").await,
        house.installation_token(scope).await,
    ];
    for route in all_routes().filter(|route| route.path != "/api/v1/openapi.json") {
        let path = Seeds::nobodys().filled(route);
        let path = format!("{path}{}zzz=1", if path.contains('?') { '&' } else { '?' });
        let mut said = Vec::new();
        for token in &tokens {
            let answer = house.ask(token, route.method, &path, &[], Some("{}")).await;
            said.push(answer.json()["errors"][0]["field"].as_str().unwrap_or("").to_owned());
        }
        assert!(said.iter().any(|field| field == "zzz"), "{} {}", route.method, route.path);
    }
}

/// The rights a caller has decide, and nothing else.
async fn may(house: &House, token: &str, rights: Rights, who: &str, seeds: &Seeds) {
    for route in all_routes().filter(|route| !route.open) {
        let answer = ask(house, token, route, seeds).await;
        let about = format!("{} {} as {who}", route.method, route.path);
        if route.right.is_none_or(|right| rights.has(right)) {
            let good = answer.status.is_success()
                || answer.status == StatusCode::CONFLICT
                || ["same-person", "queue-empty"].contains(&answer.code().as_str());
            assert!(good, "{about}: {answer:?}");
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{about}");
            assert_eq!(answer.code(), "not-allowed", "{about}");
            // Nor does he learn how a body must be, or which ids there are.
            let path = Seeds::nobodys().filled(route);
            let blind = house.ask(token, route.method, &path, &[], Some("[")).await;
            assert_eq!(blind.code(), "not-allowed", "{about}, with nothing that is right");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_what_the_page_says() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        let case = house.report(scope, "A-1", "gone").await;
        house.job(scope, case.as_str()).await;
        house.world.pay(scope, "A-2", PaymentStatus::Successful).await;
        let other = house.report(scope, "A-2", "gone").await;
        let file = house.file(scope, case.as_str(), "a.png").await;
        let seeds = house.seed(scope, 1).await.with("A-1", case.as_str()).beside(other.as_str());
        let seeds = seeds.holding(&file);
        for role in Role::ALL {
            let token = house.token(scope, role, role.word()).await;
            may(&house, &token, role.rights(), role.word(), &seeds).await;
        }
        let token = house.installation_token(scope).await;
        let rights = Role::Administrator.rights().with(Right::ManageTenants);
        may(&house, &token, rights, "installer", &seeds).await;
    }
}

/// A token that was narrowed to one right may that and nothing more, whatever its role.
#[tokio::test(flavor = "multi_thread")]
async fn a_narrowed_token_may_what_is_left() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
    let case = house.report(scope, "A-1", "gone").await;
    house.job(scope, case.as_str()).await;
    let seeds = house.seed(scope, 1).await.with("A-1", case.as_str());
    for right in [Right::ReadStatus, Right::ReadCases, Right::ReadAudit, Right::ReadAdmin] {
        let rights = Rights::NONE.with(right);
        let token = NewToken {
            name: right.word().into(),
            role: Role::Administrator,
            rights: Some(rights),
            days: 1,
            member: None,
            installation: false,
        };
        let (_, token) = house.operate(scope, AdminAct::TokenAdd { token }).await;
        may(&house, &token, rights, right.word(), &seeds).await;
    }
}

/// Everything that is there belongs to somebody else: it must look exactly as if it were not.
#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_and_environments_things_are_not_there() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        let case = house.report(scope, "A-1", "gone").await;
        house.job(scope, case.as_str()).await;
        let file = house.file(scope, case.as_str(), "a.png").await;
        let seeds = house.seed(scope, 1).await.with("A-1", case.as_str()).holding(&file);
        // Made before: a token that is made stands in the history.
        let auditor = house.token(scope, Role::Auditor, "aud").await;
        let state = state(&house, &auditor).await;
        for stranger in ["staging", "other"] {
            let token = house.token(house.scope(stranger), Role::Administrator, "eve").await;
            for route in all_routes().filter(|route| route.path.contains('{')) {
                let common = ["{setting}", "{message}", "/queues/{name}/take"];
                let common = common.iter().any(|part| route.path.contains(part));
                let theirs = ask(&house, &token, route, &seeds).await;
                if common {
                    continue; // everybody has these; the state below is what counts
                }
                let nobodys = ask(&house, &token, route, &Seeds::nobodys()).await;
                let hidden = match route.right {
                    Some(Right::ManageTenants) => StatusCode::FORBIDDEN,
                    _ => StatusCode::NOT_FOUND,
                };
                assert_eq!(theirs.status, hidden, "{}", route.path);
                assert_eq!(theirs.json(), nobodys.json(), "{}", route.path);
            }
            for route in all_routes() {
                if route.method != "GET" || route.open || route.path.contains('{') {
                    continue;
                }
                let answer = ask(&house, &token, route, &seeds).await;
                let text = String::from_utf8_lossy(&answer.bytes).into_owned();
                let seen = seeds.owned().find(|value| text.contains(*value));
                assert_eq!(seen, None, "{} shows it to {stranger}", route.path);
            }
            for list in ["", "?refid=A-1", "?trxid=T-A-1", "?limit=100", "?queue=intake"] {
                let path = format!("/api/v1/cases{list}");
                let answer = house.ask(&token, "GET", &path, &[], None).await;
                assert_eq!(answer.json()["cases"], serde_json::json!([]), "{path}");
            }
            for list in ["", "?trxid=T-A-1", "?account=220001234513", "?status=successful"] {
                let path = format!("/api/v1/transactions{list}");
                let answer = house.ask(&token, "GET", &path, &[], None).await;
                assert_eq!(answer.json()["transactions"], serde_json::json!([]), "{path}");
            }
            for of in ["refid=A-1".to_owned(), "trxid=T-A-1".to_owned(), format!("id={case}")] {
                let path = format!("/api/v1/status?{of}");
                let answer = house.ask(&token, "GET", &path, &[], None).await;
                assert_eq!(answer.code(), "case-unknown", "{path}");
            }
        }
        assert_eq!(state, self::state(&house, &auditor).await, "a stranger changed something");
    }
}

/// All that an auditor sees of the account, as text.
async fn state(house: &House, token: &str) -> Vec<String> {
    let seen = ["keys", "members", "endpoints", "queues", "teams", "settings", "messages"];
    let mut list = Vec::new();
    for name in seen.iter().chain(&["logins", "history"]) {
        let path = format!("/api/v1/admin/{name}");
        let answer = house.ask(token, "GET", &path, &[], None).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        list.push(answer.json().to_string());
    }
    list.push(house.ask(token, "GET", "/api/v1/cases", &[], None).await.json().to_string());
    list
}

/// A cursor is a place in an order, not a key: in other hands it opens nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_from_elsewhere_shows_nothing_of_there() {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    for refid in ["A-1", "A-2"] {
        house.world.pay(scope, refid, PaymentStatus::Successful).await;
        house.report(scope, refid, "gone").await;
    }
    let ours = house.token(scope, Role::Auditor, "aud").await;
    let page = house.ask(&ours, "GET", "/api/v1/cases?limit=1", &[], None).await.json();
    let next = page["next"].as_str().expect("a next page").to_owned();
    let theirs = house.token(house.other, Role::Auditor, "eve").await;
    let path = format!("/api/v1/cases?cursor={next}");
    let answer = house.ask(&theirs, "GET", &path, &[], None).await;
    assert_eq!(answer.json(), serde_json::json!({ "cases": [], "next": null }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_works_under_its_environments_host_name_only() {
    let house = House::new(EngineKind::Sqlite).await;
    let hosts = Hosts {
        production: vec!["api.example.test".into()],
        staging: vec!["staging.example.test".into()],
    };
    let settings = Settings { hosts: Some(hosts), ..Settings::default() };
    let app = App::new(house.world.desk.clone(), settings);
    let house = House { router: router(app), ..house };
    for env in Env::ALL {
        let token = house.token(house.scope(env.word()), Role::Auditor, "aud").await;
        for (host, good) in [
            ("api.example.test", env == Env::Production),
            ("staging.example.test", env == Env::Staging),
            ("127.0.0.1", false),
        ] {
            let answer = house.ask(&token, "GET", "/api/v1/cases", &[("host", host)], None).await;
            match good {
                true => assert_eq!(answer.status, StatusCode::OK, "{env} {host}"),
                false => assert_eq!(answer.code(), "wrong-host", "{env} {host}"),
            }
        }
    }
}
