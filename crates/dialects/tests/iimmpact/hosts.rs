//! Two environments of one account, and a wall between tenants.

use dialects::Settings;
use dialects::who::Hosts;
use domain::{Env, Scope};
use http::{HeaderValue, Request};
use teststand::engines::BOTH;

use crate::support::{CHECK, House};

/// Whose key, which payment, and the answer.
const ROWS: &[(&str, &str, &str)] = &[
    ("staging", "Y-1", "200 Success Y-1"),
    ("staging", "S-1", "400 trxid: Invalid transaction ID or reference ID"),
    ("production", "Y-1", "400 trxid: Invalid transaction ID or reference ID"),
    ("production", "O-1", "400 trxid: Invalid transaction ID or reference ID"),
    ("other", "S-1", "400 trxid: Invalid transaction ID or reference ID"),
    ("other", "O-1", "200 Success O-1"),
];

#[tokio::test]
async fn a_credential_sees_its_own_environment_and_tenant() {
    for kind in BOTH {
        let house = House::new(kind).await;
        for (whose, refid, expected) in ROWS {
            let key = match *whose {
                "staging" => &house.staging,
                "production" => &house.production,
                _ => &house.other,
            };
            let body = format!(r#"{{"refid":"{refid}"}}"#);
            let answer = house.send(house.signed(key, CHECK, &body)).await;
            assert_eq!(answer.line(), *expected, "{whose} {refid}");
        }
    }
}

fn bound() -> Settings {
    let hosts = Hosts {
        production: vec!["api.example.test".into()],
        staging: vec!["staging.example.test".into()],
    };
    Settings { hosts: Some(hosts), ..Settings::default() }
}

#[tokio::test]
async fn a_key_is_unknown_on_the_other_host() {
    for kind in BOTH {
        let house = House::with(kind, bound()).await;
        for (key, refid, host, expected) in [
            (&house.production, "S-1", "api.example.test", "200 Success S-1"),
            (&house.staging, "Y-1", "staging.example.test:443", "200 Success Y-1"),
            (&house.production, "S-2", "staging.example.test", "401 invalid_api_key"),
            (&house.staging, "Y-1", "api.example.test", "401 invalid_api_key"),
            (&house.production, "S-2", "elsewhere.example", "401 invalid_api_key"),
            (&house.production, "S-2", "", "401 invalid_api_key"),
        ] {
            let body = format!(r#"{{"refid":"{refid}"}}"#);
            let mut request = house.signed(key, CHECK, &body);
            request.headers_mut().insert("host", HeaderValue::from_static(host));
            assert_eq!(house.send(request).await.line(), expected, "{host}");
        }
    }
}

#[tokio::test]
async fn so_are_a_login_and_its_tokens() {
    let house = House::with(BOTH[0], bound()).await;
    let staging = Scope::new(house.world.scope.tenant(), Env::Staging);
    house.login(staging, "tester", "a password").await;
    let post = |path: &str, host: &str, body: String| {
        let request = Request::post(path).header("host", host);
        request.body(axum::body::Body::from(body)).expect("a request")
    };
    let login = r#"{"username":"tester","password":"a password"}"#;
    let wrong = house.send(post("/v2/token", "api.example.test", login.into())).await;
    assert_eq!(wrong.line(), "401 invalid_credentials");
    let right = house.send(post("/v2/token", "staging.example.test", login.into())).await.json();
    let token = right["AuthenticationResult"]["IdToken"].as_str().expect("a token").to_owned();
    for (host, expected) in
        [("api.example.test", "401 invalid_token"), ("staging.example.test", "200 Success Y-1")]
    {
        let mut request = post(CHECK, host, r#"{"refid":"Y-1"}"#.into());
        request.headers_mut().insert("authorization", token.parse().expect("a header"));
        assert_eq!(house.send(request).await.line(), expected, "{host}");
    }
}
