//! What the fuzz targets share: a body's headers, and a whole house behind its router, which each
//! input may ask something. The targets hold the laws; nothing here decides whether one was broken.

use axum::Router;
use axum::body::Body;
use dialects::{App, Settings, router};
use domain::payment::PaymentStatus;
use domain::{Millis, Role};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use store::engine::EngineKind;
use teststand::world::World;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// The headers of a body of this type; none when it cannot stand in a header.
pub fn typed(content_type: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(content_type).ok()?);
    Some(headers)
}

/// Cuts the input at its first line break: what stands before, and the rest.
pub fn cut(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// A server without a socket, over an embedded database of its own.
pub struct House {
    runtime: Runtime,
    router: Router,
    token: String,
    // Its files stand as long as it does.
    _world: World,
}

impl House {
    /// A house with some payments and an administrator, who may do nearly everything.
    pub fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (router, token, world) = runtime.block_on(async {
            let world = World::new(EngineKind::Sqlite, 11).await;
            for refid in ["A-1", "A-2", "A-3"] {
                world.pay(world.scope, refid, PaymentStatus::Successful).await;
            }
            let day = Millis::days(1);
            let token = world.desk.add_token(world.scope, Role::Administrator, "ann", day).await;
            let token = token.expect("a token").reveal().to_owned();
            (router(App::new(world.desk.clone(), settings())), token, world)
        });
        Self { runtime, router, token, _world: world }
    }

    /// Asks, and answers with the status and the body. None when it is no request at all.
    pub fn ask(&self, method: &str, path: &[u8], body: &[u8]) -> Option<(StatusCode, Vec<u8>)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_vec()))
            .ok()?;
        Some(self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.expect("never fails");
            let status = answer.status();
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            (status, body.to_vec())
        }))
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

/// As shipped, without the limits on how often one may ask.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.native.requests_per_minute = u32::MAX;
    settings
}

/// Panics when an answer blames us: no request by itself may make a fault of ours, and every
/// refusal is a problem with a code.
pub fn no_fault_of_ours(status: StatusCode, body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    assert!(!status.is_server_error(), "{status}: {text}");
    if status.is_client_error() {
        let json: serde_json::Value = serde_json::from_slice(body).expect("a problem is JSON");
        assert!(json["code"].is_string() && json["detail"].is_string(), "{status}: {text}");
    }
}
