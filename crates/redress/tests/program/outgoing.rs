//! Where a server lets webhooks go, asked when an endpoint is added over its API: that the rules
//! for outgoing requests and the settings are wired to it. The rules themselves are tested where
//! they stand.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::support::{Place, Running, client};

/// An account with an administrator's token.
fn administered(place: Place) -> (Place, String) {
    place.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
    let add = ["token", "add", "--tenant", "acme", "--env", "production", "--json"];
    let who = ["--role", "administrator", "--name", "root"];
    let token = place.json(&[&add[..], &who].concat())["token"].as_str().expect("one").to_owned();
    (place, token)
}

/// What the API says to an endpoint at each of these, and whether it was refused for the address.
async fn are(barred: bool, running: &Running, token: &str, urls: &[&str]) {
    let path = format!("{}/api/v1/admin/endpoints", running.url);
    for url in urls {
        let request = client(None).post(&path).bearer_auth(token);
        let request = request.header("content-type", "application/json");
        let answer = request.body(json!({ "url": url }).to_string()).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let said = answer.text().await.expect("a text");
        if barred {
            let problem: Value = serde_json::from_str(&said).expect("a problem");
            assert_eq!(status, StatusCode::BAD_REQUEST, "{url}: {said}");
            assert_eq!(problem["code"], "endpoint-barred", "{url}: {said}");
            assert_eq!(problem["errors"][0]["field"], "url", "{url}: {said}");
        } else {
            assert_eq!(status, StatusCode::OK, "{url}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_leads_inside_is_refused_by_the_server() {
    let (place, token) = administered(Place::new());
    let running = place.start(&["serve"]);
    let inside = [
        "http://127.0.0.1:9000/hook",
        "http://2130706433/hook",
        "http://0x7f.1/hook",
        "http://[::1]/hook",
        "http://[::ffff:127.0.0.1]/hook",
        "http://localhost/hook",
        "http://LOCALHOST.:8080/hook",
        "http://hooks.localhost/hook",
        "https://10.0.0.1/hook",
        "http://169.254.169.254/latest",
        "https://acme.example:22/hook",
    ];
    are(true, &running, &token, &inside).await;
    // A name is judged when it is called: it may lead elsewhere by then.
    are(false, &running, &token, &["https://acme.example/hook", "https://8.8.8.8/hook"]).await;
    // And this one asked itself: nothing that was refused was kept.
    let listed = place.run(&["webhook", "list", "--tenant", "acme"]);
    assert_eq!(listed.out.lines().count(), 2, "{}", listed.out);
    assert_eq!(running.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_inside_is_taken_where_the_settings_allow_it() {
    let rules = "loopback:3000-3999, 10.0.5.0/24, hooks.internal:8443";
    let (place, token) = administered(Place::new().set("REDRESS_WEBHOOKS_ALLOW", rules));
    let running = place.start(&["serve"]);
    let meant = [
        "http://127.0.0.1:3000/hook",
        "http://localhost:3999/hook",
        "https://10.0.5.7/hook",
        "https://hooks.internal:8443/hook",
    ];
    are(false, &running, &token, &meant).await;
    let beside = [
        "http://127.0.0.1:4000/hook",
        "http://localhost:4000/hook",
        "https://10.0.6.7/hook",
        "http://169.254.169.254/latest",
    ];
    are(true, &running, &token, &beside).await;
    assert_eq!(running.stop(), 0);
}
