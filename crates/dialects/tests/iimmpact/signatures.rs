//! Every way in which the four headers can be wrong, and what each is called.

use axum::body::Body;
use http::{HeaderValue, Request};
use teststand::engines::BOTH;

use crate::support::{CHECK, House};

const BODY: &str = r#"{"refid":"S-1"}"#;

/// A header, what it becomes (none takes it away), and the code in the answer.
const CHANGES: &[(&str, Option<&str>, &str)] = &[
    ("x-api-key", None, "missing_header"),
    ("x-timestamp", None, "missing_header"),
    ("x-nonce", None, "missing_header"),
    ("x-signature", None, "missing_header"),
    ("x-api-key", Some(""), "missing_header"),
    ("x-api-key", Some("iimm_prod_unknown"), "invalid_api_key"),
    ("x-api-key", Some("two words"), "invalid_api_key"),
    ("x-api-key", Some("'; DROP TABLE api_keys; --"), "invalid_api_key"),
    ("x-timestamp", Some("now"), "invalid_timestamp"),
    ("x-timestamp", Some("-1"), "invalid_timestamp"),
    ("x-timestamp", Some("1772359200.5"), "invalid_timestamp"),
    ("x-timestamp", Some("1772359200000"), "invalid_timestamp"),
    ("x-timestamp", Some("99999999999"), "timestamp_out_of_window"),
    ("x-timestamp", Some("0"), "timestamp_out_of_window"),
    ("x-timestamp", Some("1772359201"), "invalid_signature"),
    ("x-nonce", Some("short"), "invalid_nonce"),
    ("x-nonce", Some("0123456789012345:0"), "invalid_nonce"),
    ("x-nonce", Some("another-nonce-0001"), "invalid_signature"),
    ("x-signature", Some("v1="), "invalid_signature_format"),
    ("x-signature", Some("v2=AAAA"), "invalid_signature_format"),
    ("x-signature", Some("00ff"), "invalid_signature_format"),
    ("x-signature", Some("v1=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "invalid_signature"),
];

#[tokio::test]
async fn every_bad_header_has_its_code() {
    for kind in BOTH {
        let house = House::new(kind).await;
        for (name, value, code) in CHANGES {
            let mut request = house.signed(&house.production, CHECK, BODY);
            match value {
                Some(value) => {
                    request.headers_mut().insert(*name, HeaderValue::from_static(value));
                }
                None => {
                    request.headers_mut().remove(*name);
                }
            }
            let answer = house.send(request).await;
            assert_eq!(answer.line(), format!("401 {code}"), "{name} {value:?}");
            assert!(!answer.header("www-authenticate").is_empty());
        }
        assert_eq!(house.cases("S-1").await, 0);
    }
}

#[tokio::test]
async fn the_original_s_words_for_an_unknown_key() {
    let house = House::new(BOTH[0]).await;
    let mut key = house.production.clone();
    key.id = "iimm_prod_000000000000000000000000".into();
    let answer = house.send(house.signed(&key, CHECK, BODY)).await;
    let expected = r#"{"error":"invalid_api_key","message":"API key not found"}"#;
    assert_eq!(String::from_utf8_lossy(&answer.bytes), expected);
}

#[tokio::test]
async fn a_header_sent_twice_is_refused() {
    let house = House::new(BOTH[0]).await;
    for name in ["x-api-key", "x-timestamp", "x-nonce", "x-signature"] {
        let mut request = house.signed(&house.production, CHECK, BODY);
        let value = request.headers()[name].clone();
        request.headers_mut().append(name, value);
        assert_eq!(house.send(request).await.line(), "401 repeated_header", "{name}");
    }
}

#[tokio::test]
async fn what_was_signed_is_what_counts() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let mut request = house.signed(&house.production, CHECK, BODY);
        *request.body_mut() = Body::from(BODY.replace("S-1", "S-2"));
        assert_eq!(house.send(request).await.line(), "401 invalid_signature", "another body");
        let mut request = house.signed(&house.production, CHECK, BODY);
        *request.uri_mut() = "/v2/transactions/check?a=b".parse().expect("a path");
        assert_eq!(house.send(request).await.line(), "401 invalid_signature", "another query");
        let mut key = house.production.clone();
        key.secret = house.other.secret.clone();
        let request = house.signed(&key, CHECK, BODY);
        assert_eq!(house.send(request).await.line(), "401 invalid_signature", "another secret");
        let path = "/v2/transactions/check?b=2&a=1%202";
        let request = house.signed(&house.production, path, BODY);
        assert_eq!(house.send(request).await.line(), "200 Success S-1", "a query is signed too");
    }
}

#[tokio::test]
async fn the_window_is_five_minutes_each_way() {
    let house = House::new(BOTH[0]).await;
    for (seconds, expected) in [
        (300, "200 Success S-1"),
        (-300, "200 Failed S-1"),
        (301, "401 timestamp_out_of_window"),
        (-301, "401 timestamp_out_of_window"),
    ] {
        let nonce = format!("window-nonce{seconds:+06}");
        let json = [("content-type", "application/json")];
        let key = &house.production;
        let request = house.signed_with(key, &nonce, seconds, CHECK, BODY.as_bytes(), &json);
        assert_eq!(house.send(request).await.line(), expected, "{seconds}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_not_found_once_it_is_looked_up_again() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let (desk, scope) = (&house.world.desk, house.world.scope);
        assert_eq!(house.report(BODY).await.line(), "200 Success S-1");
        assert!(desk.revoke_key(scope, &house.production.id).await.expect("revoked"));
        house.world.clock.tick(domain::Millis::seconds(6));
        assert_eq!(house.report(BODY).await.line(), "401 invalid_api_key");
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_looked_at() {
    let house = House::new(BOTH[0]).await;
    for body in [BODY, "", "[", r#"{"refid":"S-1","user_email":"no address"}"#] {
        let request = Request::post(CHECK).body(Body::from(body)).expect("a request");
        assert_eq!(house.send(request).await.line(), "401 missing_credentials", "{body}");
    }
}
