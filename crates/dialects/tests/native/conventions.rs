//! What all routes share, as `docs/api.md` says it: chosen fields, limits, names of requests. The
//! reads are those of the table of routes, so that a new one is looked at too.

use std::collections::BTreeSet;

use dialects::Settings;
use dialects::native::all_routes;
use domain::payment::PaymentStatus;
use domain::{Millis, Role};
use http::StatusCode;
use serde_json::{Value, json};
use store::engine::EngineKind;

use crate::support::{House, document};

async fn furnished() -> (House, String, String) {
    let house = House::new(EngineKind::Sqlite).await;
    let scope = house.world.scope;
    house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
    let case = house.report(scope, "A-1", "gone").await.as_str().to_owned();
    let token = house.token(scope, Role::Administrator, "root").await;
    (house, token, case)
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_chosen() {
    let (house, token, case) = furnished().await;
    let one = format!("/api/v1/cases/{case}");
    let whole = house.ask(&token, "GET", &one, &[], None).await.json();
    let told = format!("/api/v1/cases/{case}/timeline");
    for (path, expected) in [
        (
            format!("{one}?fields=id,stage,transaction.refid"),
            json!({ "id": case, "stage": "received", "transaction": { "refid": "A-1" } }),
        ),
        (format!("{one}?fields=transaction"), json!({ "transaction": whole["transaction"] })),
        (
            format!("{one}?fields=transaction.amount.currency"),
            json!({ "transaction": { "amount": { "currency": "MYR" } } }),
        ),
        (format!("{one}?fields=id%2Cstage"), json!({ "id": case, "stage": "received" })),
        (
            "/api/v1/cases?fields=id&refid=A-1".to_owned(),
            json!({ "cases": [{ "id": case }], "next": null }),
        ),
        (
            "/api/v1/cases?limit=1&fields=stage".to_owned(),
            json!({ "cases": [{ "stage": "received" }], "next": null }),
        ),
        (
            format!("{told}?fields=act"),
            json!({ "case": case, "entries": [{ "act": "report" }, {}, {}] }),
        ),
        (
            format!("{told}?fields=entries.act"),
            json!({ "case": case, "entries": [{ "act": "report" }, {}, {}] }),
        ),
        ("/api/v1/admin/tokens?fields=name".to_owned(), json!({ "tokens": [{ "name": "root" }] })),
        (
            "/api/v1/admin/tokens?fields=tokens.name,role".to_owned(),
            json!({ "tokens": [{ "name": "root", "role": "administrator" }] }),
        ),
        ("/api/v1/admin/endpoints?fields=endpoints".to_owned(), json!({ "endpoints": [] })),
        ("/api/v1/admin/members?fields=name".to_owned(), json!({ "members": [] })),
    ] {
        let answer = house.ask(&token, "GET", &path, &[], None).await;
        assert_eq!(answer.json(), expected, "{path}");
    }
    let missing = "/api/v1/cases/cs_00000000000000000000000000?fields=id";
    assert_eq!(house.ask(&token, "GET", missing, &[], None).await.code(), "case-unknown");
    let tagged = house.ask(&token, "GET", &format!("{one}?fields=id"), &[], None).await;
    assert_eq!(tagged.header("etag"), "\"1\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_choice_is_refused_and_told_what_there_is() {
    let (house, token, case) = furnished().await;
    let one = format!("/api/v1/cases/{case}");
    for (query, said) in [
        ("fields=", "give names"),
        ("fields=id,,stage", "give names"),
        ("fields=idd", "known are addresses, "),
        ("fields=cases.id", "known are addresses, "),
        ("fields=transaction.colour", "known are account, "),
        ("fields=id.more", "no fields"),
        ("fields=id&fields=stage", "twice"),
        ("fields=id%00", "known are"),
    ] {
        let answer = house.ask(&token, "GET", &format!("{one}?{query}"), &[], None).await;
        assert_eq!(answer.code(), "wrong-field", "{query}");
        let error = &answer.json()["errors"][0];
        assert_eq!(error["field"], "fields", "{query}");
        assert!(error["message"].as_str().expect("a text").contains(said), "{query}: {error}");
    }
}

/// What only one case by itself says is no name of a list, of cases or of what was found.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_promises_no_field_that_it_never_has() {
    let (house, token, _) = furnished().await;
    for (list, before) in [("cases", ""), ("search", "case.")] {
        for name in ["transaction", "transaction.refid", "merged_into"] {
            let path = format!("/api/v1/{list}?fields={before}id,{before}{name}");
            let answer = house.ask(&token, "GET", &path, &[], None).await;
            assert_eq!(answer.code(), "wrong-field", "{path}");
            let said = answer.json()["errors"][0]["message"].as_str().expect("a text").to_owned();
            assert!(said.contains(name) && !said.contains("trxid"), "{path}: {said}");
        }
    }
}

/// Every read that answers with an object lets its fields be chosen, one by one.
#[tokio::test(flavor = "multi_thread")]
async fn every_read_can_be_asked_for_each_of_its_fields() {
    let (house, token, case) = furnished().await;
    let seeds = house.seed(house.world.scope, 1).await.with("A-1", &case);
    let reads = all_routes().filter(|route| !route.open && route.method == "GET");
    for route in reads {
        let path = seeds.filled(route);
        let parameters = document()["paths"][route.path]["get"]["parameters"].clone();
        let chooses = parameters
            .as_array()
            .is_some_and(|list| list.iter().any(|one| one["name"] == "fields"));
        let answer = house.ask(&token, "GET", &path, &[], None).await;
        if !chooses || answer.status != StatusCode::OK {
            continue;
        }
        let whole = answer.json();
        // A list is told by the page, or whole: then only what it is of stands beside it.
        let list = keys(&whole).into_iter().find(|name| whole[name].is_array()).unwrap_or("");
        let page = keys(&whole).contains("next")
            || keys(&whole).iter().all(|name| [list, "case"].contains(name));
        let shown = if page { &whole[list][0] } else { &whole };
        let joint = if path.contains('?') { '&' } else { '?' };
        for name in keys(shown) {
            let chosen = format!("{path}{joint}fields={name}");
            let chosen = house.ask(&token, "GET", &chosen, &[], None).await.json();
            let left = if page { &chosen[list][0] } else { &chosen };
            assert_eq!(keys(left), BTreeSet::from([name]), "{} {name}", route.path);
        }
        let none = format!("{path}{joint}fields=no_such_name");
        let none = house.ask(&token, "GET", &none, &[], None).await;
        assert_eq!(none.code(), "wrong-field", "{}", route.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_granted_so_many_requests() {
    let mut settings = Settings::default();
    settings.native.requests_per_minute = 3;
    let house = House::with(EngineKind::Sqlite, settings).await;
    let token = house.token(house.world.scope, Role::Auditor, "aud").await;
    let other = house.token(house.world.scope, Role::Auditor, "eve").await;
    for left in ["2;t=20", "1;t=40", "0;t=60"] {
        let answer = house.ask(&token, "GET", "/api/v1/cases", &[], None).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("ratelimit-policy"), "\"credential\";q=3;w=60");
        assert_eq!(answer.header("ratelimit"), format!("\"credential\";r={left}"));
    }
    let refused = house.ask(&token, "GET", "/api/v1/cases", &[], None).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code(), "too-many-requests");
    assert_eq!(refused.header("ratelimit"), "\"credential\";r=0;t=60");
    assert_eq!(refused.header("retry-after"), "21");
    // The same token written another way is the same credential.
    let spaced = [("authorization", &*format!("bearer   {token} "))];
    let spaced = house.ask("", "GET", "/api/v1/cases", &spaced, None).await;
    assert_eq!(spaced.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(house.ask(&other, "GET", "/api/v1/cases", &[], None).await.status, StatusCode::OK);
    house.world.clock.tick(Millis::seconds(21));
    assert_eq!(house.ask(&token, "GET", "/api/v1/cases", &[], None).await.status, StatusCode::OK);
}

/// Guesses at tokens are counted by where they come from, since each has a bucket of its own.
#[tokio::test(flavor = "multi_thread")]
async fn guessing_comes_to_an_end() {
    let house = House::new(EngineKind::Sqlite).await;
    let good = house.token(house.world.scope, Role::Auditor, "aud").await;
    let late = house.token(house.world.scope, Role::Auditor, "eve").await;
    let list = async |token: &str| house.ask(token, "GET", "/api/v1/cases", &[], None).await;
    assert_eq!(list(&good).await.status, StatusCode::OK);
    let mut refused = 0;
    for guess in 0..1_210 {
        let token = format!("rdt_{guess:052}");
        let answer = house.ask(&token, "GET", "/api/v1/cases", &[], None).await;
        match answer.status {
            StatusCode::UNAUTHORIZED => {}
            status => {
                assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 10);
    assert_eq!(list(&good).await.status, StatusCode::OK, "who was good stays so");
    assert_eq!(list(&late).await.status, StatusCode::TOO_MANY_REQUESTS);
    house.world.clock.tick(Millis::minutes(1));
    assert_eq!(list(&late).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_the_name_its_caller_gave_it() {
    let (house, token, _) = furnished().await;
    let long = "x".repeat(129);
    for (sent, back) in
        [("checkout-7f3a", "checkout-7f3a"), ("a b", ""), (long.as_str(), ""), ("", "")]
    {
        let headers = [("x-request-id", sent)];
        let answer = house.ask(&token, "GET", "/api/v1/cases", &headers, None).await;
        assert_eq!(answer.header("x-request-id"), back, "{sent}");
        assert_eq!(answer.header("redress-request-id").len(), 15, "ours is always there");
    }
}
