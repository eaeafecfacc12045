//! What those who run the program ask: alive, ready, figures.

use axum::body::Body;
use dialects::{App, Settings, ops};
use domain::Role;
use domain::payment::PaymentStatus;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use store::engine::EngineKind;
use teststand::engines::BOTH;
use tower::ServiceExt;

use crate::support::House;

#[tokio::test(flavor = "multi_thread")]
async fn it_says_that_it_is_alive_and_ready() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let alive = house.ask("", "GET", "/health", &[], None).await;
        assert_eq!((alive.status, alive.json()), (StatusCode::OK, json!({ "status": "alive" })));
        let ready = house.ask("", "GET", "/ready", &[], None).await;
        assert_eq!((ready.status, ready.json()), (StatusCode::OK, json!({ "status": "ready" })));
        assert_eq!(ready.header("cache-control"), "no-store");
    }
}

/// The lines of the figures that are numbers.
async fn figures(house: &House) -> Vec<String> {
    let answer = house.ask("", "GET", "/metrics", &[], None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let page = String::from_utf8(answer.bytes).expect("text");
    assert!(page.ends_with("# EOF\n"));
    page.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_count_answers_commits_and_what_waits() {
    for kind in BOTH {
        let mut settings = Settings::default();
        settings.ops.metrics_on_main = true;
        let house = House::with(kind, settings).await;
        let scope = house.world.scope;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        house.report(scope, "A-1", "gone").await;
        let token = house.token(scope, Role::Auditor, "aud").await;
        for (path, token) in
            [("/api/v1/cases", token.as_str()), ("/api/v1/cases", ""), ("/nothing", "")]
        {
            house.ask(token, "GET", path, &[], None).await;
        }
        let told = figures(&house).await;
        for line in [
            r#"redress_http_requests_total{dialect="native",class="2xx"} 1"#,
            r#"redress_http_requests_total{dialect="native",class="4xx"} 1"#,
            r#"redress_http_requests_total{dialect="none",class="4xx"} 1"#,
            "redress_outbox_waiting 1",
            "redress_store_faults_total 0",
            "redress_connections_open 0",
            r#"redress_connections_ended_total{how="idle"} 0"#,
        ] {
            assert!(told.iter().any(|is| is == line), "{line} is not in {told:#?}");
        }
        let batches =
            told.iter().find_map(|line| line.strip_prefix("redress_store_batches_total "));
        let batches: u64 = batches.expect("batches").parse().expect("a number");
        assert!(batches >= 4, "tenants, token, payment and report were written: {batches}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_on_the_main_port_only_when_that_was_set() {
    let house = House::new(EngineKind::Sqlite).await;
    let main = house.ask("", "GET", "/metrics", &[], None).await;
    assert_eq!(main.status, StatusCode::NOT_FOUND);
    let settings = Settings::default();
    let app = App::new(house.world.desk.clone(), settings);
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let response = ops::metrics_router(app).oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let page = response.into_body().collect().await.expect("a body").to_bytes();
    assert!(page.starts_with(b"# HELP redress_"));
}
