//! Reads signed with an API key: the nonce is good once, for reads and writes and all paths; it
//! is in the database within a second and holds over a restart from then on.

use axum::body::Body;
use dialects::{App, Settings, router, signature};
use domain::Role;
use domain::payment::PaymentStatus;
use http::{Method, Request};
use teststand::engines::BOTH;

use crate::support::{Answer, House};

const PATH: &str = "/api/v1/transactions/A-1";

struct Key {
    id: String,
    secret: Vec<u8>,
}

/// A request signed now with this nonce.
fn signed(house: &House, key: &Key, nonce: &str, method: Method, uri: &str) -> Request<Body> {
    let at = house.world.desk.now().seconds();
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let tag = signature::sign(&key.secret, at, nonce, &method, query, b"");
    let request = Request::builder().method(method).uri(uri);
    let request = request.header("x-api-key", &key.id).header("x-timestamp", at.to_string());
    let request = request.header("x-nonce", nonce).header("x-signature", tag);
    request.body(Body::empty()).expect("a request")
}

async fn read(house: &House, key: &Key, nonce: &str, uri: &str) -> Answer {
    house.send(signed(house, key, nonce, Method::GET, uri)).await
}

async fn key(house: &House, scope: &str) -> Key {
    let made = house.world.desk.add_key(house.scope(scope), "app").await;
    let (id, secret) = made.expect("a key");
    Key { id, secret: secret.decoded().expect("Base64").to_vec() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_reads_its_payment_with_its_key_and_each_nonce_once() {
    for kind in BOTH {
        let mut house = House::new(kind).await;
        house.world.pay(house.world.scope, "A-1", PaymentStatus::Successful).await;
        let app = key(&house, "production").await;
        let answer = read(&house, &app, "signed-read-nonce-1", PATH).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["reportable"], true);

        let again = read(&house, &app, "signed-read-nonce-1", PATH).await;
        assert_eq!(
            (again.status.as_u16(), again.json()["code"].clone()),
            (401, "nonce-spent".into())
        );
        let elsewhere =
            signed(&house, &app, "signed-read-nonce-1", Method::POST, "/v2/transactions/check");
        assert_eq!(house.send(elsewhere).await.status, 401, "spent for writes on other paths too");

        assert_eq!(house.world.desk.write_nonces_behind().await.expect("written"), 1);
        house.world.restart().await;
        house.router = router(App::new(house.world.desk.clone(), Settings::default()));
        let after = read(&house, &app, "signed-read-nonce-1", PATH).await;
        assert_eq!(after.status, 401, "the database remembers");
        assert_eq!(read(&house, &app, "signed-read-nonce-2", PATH).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reads_payments_of_its_own_scope_and_nothing_else() {
    for kind in BOTH {
        let house = House::new(kind).await;
        house.world.pay(house.world.scope, "A-1", PaymentStatus::Successful).await;
        let app = key(&house, "production").await;
        for (number, scope) in ["staging", "other"].into_iter().enumerate() {
            let foreign = key(&house, scope).await;
            let nonce = format!("signed-read-nonce-{number}");
            assert_eq!(read(&house, &foreign, &nonce, PATH).await.status, 404, "{scope}");
        }
        let cases = read(&house, &app, "signed-read-nonce-7", "/api/v1/cases?refid=A-1").await;
        assert_eq!(cases.status, 403, "an app does not read cases");
        let mut forged = signed(&house, &app, "signed-read-nonce-8", Method::GET, PATH);
        *forged.uri_mut() = format!("{PATH}?limit=2").parse().expect("a path");
        let answer = house.send(forged).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].clone()),
            (401, "not-signed".into())
        );
        let unknown = Key { id: "iimm_prod_nobody".into(), secret: vec![7; 32] };
        let answer = read(&house, &unknown, "signed-read-nonce-9", PATH).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].clone()),
            (401, "key-unknown".into())
        );
    }
}

/// One of two credentials would be left out without a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_beside_a_signature_is_refused() {
    let house = House::new(BOTH[0]).await;
    house.world.pay(house.world.scope, "A-1", PaymentStatus::Successful).await;
    let app = key(&house, "production").await;
    let token = house.token(house.world.scope, Role::Auditor, "aud").await;
    for (method, path) in [(Method::GET, PATH), (Method::POST, "/api/v1/cases")] {
        let mut both = signed(&house, &app, "signed-read-nonce-1", method, path);
        let value = format!("Bearer {token}").parse().expect("a header");
        both.headers_mut().insert("authorization", value);
        let answer = house.send(both).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "two-credentials".into()));
    }
    let answer = read(&house, &app, "signed-read-nonce-1", PATH).await;
    assert_eq!(answer.status, 200, "the nonce was not spent");
}
