//! Our own protocol, `/api/v1`: JSON, bearer tokens, problem details. The document that outsiders
//! read is `contracts/native/openapi.json`; a test holds it to the table here. Every handler takes
//! a `Caller` or what one has `Asked`, so none can forget to ask who calls.

mod acts;
mod asked;
mod cases;
mod json;
mod problem;
mod problems;
mod query;
mod shapes;
mod timeline;
mod transactions;
mod words;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};

use crate::App;
use crate::body::BodyLimits;
use crate::layers::discard;
use problem::Problem;

/// The document outsiders read, as it is served.
pub const OPENAPI: &str = include_str!("../../../contracts/native/openapi.json");

/// What an operator can set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Of most bodies.
    pub body: BodyLimits,
    /// Of `POST /api/v1/transactions`.
    pub import_body: BodyLimits,
}

impl Default for Settings {
    fn default() -> Self {
        // `says` has up to 20,000 characters, which JSON may spell with six bytes each.
        let body = BodyLimits { bytes_max: 128 * 1024, ..BodyLimits::default() };
        Self { body, import_body: transactions::IMPORT_LIMITS }
    }
}

/// One route.
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path; names in braces stand for one segment each.
    pub path: &'static str,
    /// Whether it answers without a credential.
    pub open: bool,
    handler: fn() -> MethodRouter<App>,
}

const fn route(
    method: &'static str,
    path: &'static str,
    handler: fn() -> MethodRouter<App>,
) -> Route {
    Route { method, path, open: false, handler }
}

/// Every route there is.
pub const ROUTES: [Route; 17] = [
    Route { open: true, ..route("GET", "/api/v1/openapi.json", || get(openapi)) },
    route("POST", "/api/v1/transactions", || post(transactions::import)),
    route("GET", "/api/v1/transactions/{refid}", || get(transactions::one)),
    route("GET", "/api/v1/cases", || get(cases::list)),
    route("GET", "/api/v1/cases/{id}", || get(cases::one)),
    route("GET", "/api/v1/cases/{id}/timeline", || get(timeline::timeline)),
    route("POST", "/api/v1/cases/{id}/start", || post(acts::act::<acts::Start>)),
    route("POST", "/api/v1/cases/{id}/wait", || post(acts::act::<acts::Wait>)),
    route("POST", "/api/v1/cases/{id}/resume", || post(acts::act::<acts::Resume>)),
    route("POST", "/api/v1/cases/{id}/comment", || post(acts::act::<acts::Comment>)),
    route("POST", "/api/v1/cases/{id}/assign", || post(acts::act::<acts::Assign>)),
    route("POST", "/api/v1/cases/{id}/resolve", || post(acts::act::<acts::Resolve>)),
    route("POST", "/api/v1/cases/{id}/close", || post(acts::act::<acts::Close>)),
    route("POST", "/api/v1/cases/{id}/reopen", || post(acts::act::<acts::Reopen>)),
    route("POST", "/api/v1/cases/{id}/propose", || post(acts::act::<acts::Propose>)),
    route("POST", "/api/v1/cases/{id}/approve", || post(acts::act::<acts::Approve>)),
    route("POST", "/api/v1/cases/{id}/decline", || post(acts::act::<acts::Decline>)),
];

/// The routes as a router.
pub fn routes() -> Router<App> {
    let mut router = Router::new();
    for route in &ROUTES {
        router = router.route(route.path, (route.handler)());
    }
    router
        .method_not_allowed_fallback(other_method)
        .route("/api/v1", any(nothing_here))
        .route("/api/v1/", any(nothing_here))
        .route("/api/v1/{*rest}", any(nothing_here))
        .layer(axum::middleware::map_response(not_stored))
        .route("/problems/{code}", get(problems::page))
}

/// The answer where nothing is, beside our own paths.
pub(crate) fn no_such_path() -> Response {
    words::no_such_path().into_response()
}

/// The answer when a handler broke in the middle.
pub fn broken() -> Response {
    words::broken().into_response()
}

/// The answer when a handler was given up.
pub fn too_slow() -> Response {
    words::too_slow().into_response()
}

async fn openapi() -> ([(HeaderName, HeaderValue); 1], &'static str) {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], OPENAPI)
}

async fn other_method(request: Request) -> Problem {
    discard(request).await;
    words::method_not_allowed()
}

async fn nothing_here(request: Request) -> Problem {
    discard(request).await;
    words::no_such_path()
}

/// Answers hold personal data and are true for a moment: nobody on the way keeps them.
async fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The strong tag of a case's version.
fn etag(version: i64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{version}\"")).ok()
}
