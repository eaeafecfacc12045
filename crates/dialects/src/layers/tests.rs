//! A handler that panics, one that sleeps, and what the log says of a request.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::Request;
use http_body_util::BodyExt;
use store::engine::EngineKind;
use teststand::world::World;
use tower::ServiceExt;

use super::*;
use crate::Settings;

async fn panics() -> StatusCode {
    panic!("as planned");
}

async fn sleeps() -> StatusCode {
    tokio::time::sleep(Duration::from_secs(60)).await;
    StatusCode::OK
}

fn house(world: &World) -> Router {
    let settings = Settings { request_time: Duration::from_millis(20), ..Settings::default() };
    let app = App::new(world.desk.clone(), settings);
    let mut router = Router::new().route("/v2/names/{name}", get(|| async { "hello" }));
    for room in ["/v1", "/v2", "/api", ""] {
        router = router.route(&format!("{room}/panics"), get(panics));
        router = router.route(&format!("{room}/sleeps"), get(sleeps));
    }
    router.layer(from_fn_with_state(app.clone(), around)).with_state(app)
}

async fn ask(router: &Router, path: &str) -> (StatusCode, String, String) {
    let request = Request::get(path).header("authorization", "hidden-token").body(Body::empty());
    let response = router.clone().oneshot(request.expect("a request")).await.expect("an answer");
    let id = response.headers()[REQUEST_ID].to_str().expect("an id").to_owned();
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, id, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn what_goes_wrong_has_the_shape_of_its_dialect_and_tells_nothing() {
    let world = World::new(EngineKind::Sqlite, 1).await;
    let router = house(&world);
    for (path, status, shape) in [
        ("/v1/panics", 500, r#""request_id":""#),
        ("/v2/panics", 500, r#"{"message":"Something went wrong on our side""#),
        ("/api/panics", 500, r#""code":"broken""#),
        ("/panics", 500, ""),
        ("/v2/sleeps", 504, r#"{"message":"Endpoint request timed out"}"#),
        ("/api/sleeps", 504, r#""code":"too-slow""#),
        ("/sleeps", 504, ""),
    ] {
        let (got, id, body) = ask(&router, path).await;
        assert_eq!(got.as_u16(), status, "{path}");
        assert!(body.contains(shape), "{path}: {body}");
        assert!(!body.contains("as planned"), "{path}: {body}");
        assert!(!body.contains("request_id") || body.contains(&id), "{path}: {body}");
        assert!(body.is_empty() || serde_json::from_str::<serde_json::Value>(&body).is_ok());
    }
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_the_route_and_nothing_that_is_private() {
    let world = World::new(EngineKind::Sqlite, 1).await;
    let router = house(&world);
    let page = Page::default();
    let writer = page.clone();
    let log = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let (_, id, _) = {
        let _guard = tracing::subscriber::set_default(log);
        ask(&router, "/v2/names/hidden-name?hidden=query").await
    };
    let bytes = page.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let line: serde_json::Value = serde_json::from_slice(&bytes).expect("one line of JSON");
    let fields = &line["fields"];
    assert_eq!(line["target"], "access");
    assert_eq!(fields["request"], id);
    assert_eq!(fields["method"], "GET");
    assert_eq!(fields["route"], "/v2/names/{name}");
    assert_eq!(fields["status"], 200);
    assert!(fields["micros"].is_u64() && fields["client"].is_string(), "{line}");
    assert!(!line.to_string().contains("hidden"), "{line}");
}
