//! Who may what: every route without a credential, with a bad one, in every role, and from another
//! tenant or environment. The tables name every route; the table of routes is the code's own, so a
//! new one cannot be forgotten.

use axum::body::Body;
use dialects::native::{Route, all_routes, document};
use dialects::who::Hosts;
use dialects::{App, Settings, router};
use domain::payment::PaymentStatus;
use domain::{Env, Millis, Role};
use http::{Request, StatusCode};
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::support::{Answer, House};

/// The route's path with these names filled in.
pub fn filled(route: &Route, refid: &str, case: &str) -> String {
    route.path.replace("{refid}", refid).replace("{id}", case)
}

/// A body that the route takes: the document's example.
pub fn body(route: &Route) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(document()).expect("JSON");
    let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
    let body = operation.get("requestBody")?;
    let example = &body["content"]["application/json"]["example"];
    assert!(!example.is_null(), "{} {} has no example", route.method, route.path);
    Some(example.to_string())
}

async fn ask(house: &House, token: &str, route: &Route, case: &str) -> Answer {
    let path = filled(route, "A-1", case);
    house.ask(token, route.method, &path, &[], body(route).as_deref()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_who_calls() {
    let house = House::new(EngineKind::Sqlite).await;
    let open: Vec<&str> =
        all_routes().filter(|route| route.right.is_none()).map(|route| route.path).collect();
    assert_eq!(open, ["/api/v1/openapi.json"], "this list may only shrink");
    for route in all_routes() {
        let answer = ask(&house, "", route, "cs_00000000000000000000000000").await;
        if route.right.is_none() {
            assert_eq!(answer.status, StatusCode::OK, "{}", route.path);
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
async fn every_role_may_what_the_page_says() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        let case = house.report(scope, "A-1", "gone").await;
        for role in Role::ALL {
            let token = house.token(scope, role, role.word()).await;
            for route in all_routes() {
                let Some(right) = route.right else { continue };
                let answer = ask(&house, &token, route, case.as_str()).await;
                let about = format!("{} {} as {}", route.method, route.path, role.word());
                if role.may(right) {
                    let good = [StatusCode::OK, StatusCode::CONFLICT].contains(&answer.status)
                        || answer.code() == "same-person";
                    assert!(good, "{about}: {answer:?}");
                } else {
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{about}");
                    assert_eq!(answer.code(), "not-allowed", "{about}");
                }
            }
        }
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
        let before = house.world.desk.case(&house.world.actor(Role::Auditor, "aud"), &case).await;
        for stranger in ["staging", "other"] {
            let token = house.token(house.scope(stranger), Role::Administrator, "eve").await;
            for route in all_routes().filter(|route| route.path.contains('{')) {
                let theirs = ask(&house, &token, route, case.as_str()).await;
                let nobodys = ask(&house, &token, route, "cs_00000000000000000000000000").await;
                assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{}", route.path);
                assert_eq!(theirs.json(), nobodys.json(), "{}", route.path);
            }
            for list in ["", "?refid=A-1", "?trxid=T-A-1", "?limit=100"] {
                let path = format!("/api/v1/cases{list}");
                let answer = house.ask(&token, "GET", &path, &[], None).await;
                assert_eq!(answer.json()["cases"], serde_json::json!([]), "{path}");
            }
        }
        let after = house.world.desk.case(&house.world.actor(Role::Auditor, "aud"), &case).await;
        let version = |view: Result<desk::views::CaseView, _>| view.expect("a case").case.version;
        assert_eq!(version(before), version(after), "a stranger changed the case");
    }
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
