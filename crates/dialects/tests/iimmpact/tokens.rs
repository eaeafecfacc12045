//! The older way in: a name and a password for a token of an hour, and a refresh token for more.

use axum::body::Body;
use dialects::Settings;
use domain::Millis;
use http::{HeaderValue, Request};
use serde_json::Value;
use teststand::engines::BOTH;
use vault::jwt::Claims;

use crate::support::{Answer, CHECK, House};

const LOGIN: &str = r#"{"username":"shop","password":" pass phrase "}"#;

async fn house(kind: store::engine::EngineKind) -> House {
    let house = House::new(kind).await;
    house.login(house.world.scope, "shop", " pass phrase ").await;
    house
}

async fn post(house: &House, path: &str, body: &str) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    house.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn report(house: &House, authorization: &str, refid: &str) -> String {
    let body = Body::from(format!(r#"{{"refid":"{refid}"}}"#));
    let mut request = Request::post(CHECK).body(body).expect("a request");
    let value = HeaderValue::from_str(authorization).expect("a header");
    request.headers_mut().insert("authorization", value);
    house.send(request).await.line()
}

fn token(answer: &Answer, name: &str) -> String {
    let json: Value = answer.json();
    json["AuthenticationResult"][name].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_token_is_given_used_and_renewed() {
    for kind in BOTH {
        let house = house(kind).await;
        for (sign_in, refresh, refids) in [
            ("/v2/token", "/v2/token/refresh", ["S-1", "S-2"]),
            ("/v1/token", "/v1/token/refresh", ["S-3", "1234567"]),
        ] {
            let first = post(&house, sign_in, LOGIN).await;
            assert_eq!(first.status, 200, "{first:?}");
            assert_eq!(first.header("cache-control"), "no-store");
            let json = first.json();
            let result = json["AuthenticationResult"].as_object().expect("an object");
            let names: Vec<&str> = result.keys().map(String::as_str).collect();
            let expected = ["AccessToken", "ExpiresIn", "IdToken", "RefreshToken", "TokenType"];
            assert_eq!(names, expected);
            assert_eq!(
                (&result["ExpiresIn"], &result["TokenType"]),
                (&3600.into(), &"Bearer".into())
            );
            let bare = token(&first, "IdToken");
            let said = report(&house, &bare, refids[0]).await;
            assert_eq!(said, format!("200 Success {}", refids[0]));
            let body = format!(r#"{{"refresh_token":"{}"}}"#, token(&first, "RefreshToken"));
            let second = post(&house, refresh, &body).await;
            assert_ne!(token(&second, "RefreshToken"), token(&first, "RefreshToken"));
            let bearer = format!("bearer {}", token(&second, "IdToken"));
            let said = report(&house, &bearer, refids[1]).await;
            assert_eq!(said, format!("200 Success {}", refids[1]));
            // Used up.
            assert_eq!(post(&house, refresh, &body).await.line(), "401 invalid_refresh_token");
        }
    }
}

#[tokio::test]
async fn a_token_lasts_an_hour_and_a_refresh_token_a_year() {
    for kind in BOTH {
        let house = house(kind).await;
        let answer = post(&house, "/v2/token", LOGIN).await;
        let id = token(&answer, "IdToken");
        house.world.clock.tick(Millis::seconds(3_599));
        assert_eq!(report(&house, &id, "F-1").await, "200 Failed F-1");
        house.world.clock.tick(Millis::seconds(1));
        assert_eq!(report(&house, &id, "F-1").await, "401 token_expired");
        let body = format!(r#"{{"refresh_token":"{}"}}"#, token(&answer, "RefreshToken"));
        house.world.clock.tick(Millis::days(365));
        let late = post(&house, "/v2/token/refresh", &body).await;
        assert_eq!(late.line(), "401 invalid_refresh_token");
    }
}

#[tokio::test]
async fn what_is_no_id_token_is_not_taken() {
    let house = house(BOTH[0]).await;
    let answer = post(&house, "/v2/token", LOGIN).await;
    let (id, access) = (token(&answer, "IdToken"), token(&answer, "AccessToken"));
    let now = house.world.desk.now().seconds();
    let forged = |change: fn(&mut Claims)| {
        let mut claims = Claims {
            iss: Settings::default().issuer,
            aud: "iimmpact".into(),
            kind: "id".into(),
            sub: "shop".into(),
            scope: house.world.scope.number(),
            iat: now,
            exp: now + 60,
            jti: "1".into(),
        };
        change(&mut claims);
        house.world.desk.keyring().issue_jwt(&claims).expect("a token").reveal().to_owned()
    };
    let mut cut = id.clone();
    cut.pop();
    for bad in [
        access,
        cut,
        format!("Basic {id}"),
        format!("Bearer {id} {id}"),
        "rdt_0000".into(),
        "x".repeat(5_000),
        forged(|claims| claims.aud = "native".into()),
        forged(|claims| claims.iss = "another".into()),
        forged(|claims| claims.kind = "access".into()),
    ] {
        assert_eq!(report(&house, &bad, "S-1").await, "401 invalid_token", "{bad}");
    }
    for none in ["", "  "] {
        assert_eq!(report(&house, none, "S-1").await, "401 missing_credentials");
    }
    assert_eq!(report(&house, &forged(|_| ()), "S-1").await, "200 Success S-1");
}

#[tokio::test]
async fn a_signature_counts_before_a_token() {
    let house = house(BOTH[0]).await;
    let id = token(&post(&house, "/v2/token", LOGIN).await, "IdToken");
    let headers = [("authorization", id.as_str()), ("content-type", "application/json")];
    let body = br#"{"refid":"O-1"}"#;
    let good = house.sealed(&house.other, CHECK, body, &headers);
    assert_eq!(house.send(good).await.line(), "200 Success O-1");
    let mut bad = house.sealed(&house.other, CHECK, body, &headers);
    bad.headers_mut().remove("x-signature");
    assert_eq!(house.send(bad).await.line(), "401 missing_header");
}

/// A body for a path, and the answer.
const BAD: &[(&str, &str, &str)] = &[
    ("/v2/token", "{}", "400 username: it is missing"),
    ("/v2/token", "", "400 username: it is missing"),
    ("/v2/token", r#"{"username":"shop"}"#, "400 password: it is missing"),
    ("/v2/token", r#"{"username":"shop","password":""}"#, "400 password: it is missing"),
    ("/v2/token", r#"{"username":["shop"],"password":"x"}"#, "400 username: it must be a text"),
    ("/v2/token", r#"{"username":"shop","password":{"$ne":1}}"#, "400 password: it must be a text"),
    ("/v2/token", "[]", "400 array_body"),
    ("/v2/token", r#"{"username":"shop","password":"pass phrase"}"#, "401 invalid_credentials"),
    ("/v2/token", r#"{"username":"SHOP","password":" pass phrase "}"#, "401 invalid_credentials"),
    ("/v2/token", r#"{"username":"nobody","password":"x"}"#, "401 invalid_credentials"),
    ("/v2/token/refresh", "{}", "400 refresh_token: it is missing"),
    ("/v2/token/refresh", r#"{"refresh_token":"rrt_0"}"#, "401 invalid_refresh_token"),
    ("/v2/token/refresh", r#"{"refresh_token":7}"#, "401 invalid_refresh_token"),
];

#[tokio::test]
async fn every_bad_body_has_its_answer() {
    for kind in BOTH {
        let house = house(kind).await;
        for (path, body, expected) in BAD {
            assert_eq!(post(&house, path, body).await.line(), *expected, "{path} {body}");
        }
        let large = format!(r#"{{"username":"{}"}}"#, "x".repeat(16 * 1024));
        assert_eq!(post(&house, "/v2/token", &large).await.line(), "413 too_large");
        let long = format!(r#"{{"username":"shop","password":"{}"}}"#, "x".repeat(257));
        assert_eq!(post(&house, "/v2/token", &long).await.line(), "401 invalid_credentials");
        let form = Request::post("/v2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("username=shop&password=+pass+phrase+"));
        assert_eq!(house.send(form.expect("a request")).await.status, 200, "a form does it too");
    }
}

#[tokio::test]
async fn failed_tries_are_slowed_and_good_ones_are_not() {
    let settings = Settings { trusted_hops: 1, ..Settings::default() };
    let house = House::with(BOTH[0], settings).await;
    house.login(house.world.scope, "shop", " pass phrase ").await;
    let post = async |address: &str, body: &'static str| {
        let request = Request::post("/v2/token").header("x-forwarded-for", address);
        house.send(request.body(Body::from(body)).expect("a request")).await
    };
    for _ in 0..12 {
        assert_eq!(post("203.0.113.9", LOGIN).await.status, 200);
    }
    let wrong = r#"{"username":"shop","password":"wrong"}"#;
    for _ in 0..10 {
        assert_eq!(post("203.0.113.9", wrong).await.line(), "401 invalid_credentials");
    }
    let stopped = post("203.0.113.9", wrong).await;
    assert_eq!(stopped.line(), "429 too_many_attempts");
    assert_eq!(stopped.header("retry-after"), "61");
    assert_eq!(post("203.0.113.9", LOGIN).await.status, 429, "also with the right password");
    assert_eq!(post("203.0.113.10", LOGIN).await.status, 200, "the owner, from elsewhere");
    house.world.clock.tick(Millis::seconds(61));
    assert_eq!(post("203.0.113.9", LOGIN).await.status, 200);
}
