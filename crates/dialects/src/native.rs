//! Our own protocol, `/api/v1`: JSON, bearer tokens, problem details. The document that outsiders
//! read is put together in `document.rs`; a test holds it to the tables of routes. Every handler
//! takes a `Caller` or what one has `Asked`, so none can forget to ask who calls.

mod acts;
mod admin;
mod around;
mod asked;
mod blame;
mod cases;
mod cursor;
mod docs;
mod document;
pub(crate) mod evidence;
mod export;
mod fields;
mod invitations;
mod jobs;
mod json;
mod opening;
mod problem;
mod problems;
mod query;
mod search;
mod shapes;
mod status;
mod timeline;
mod transactions;
mod values;
mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};
use domain::Right;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method};

use crate::App;
use crate::body::BodyLimits;
use crate::layers::discard;
pub use around::Limits;
pub use document::document;
use problem::Problem;

/// Most bytes of a body, save where one is named: 20,000 characters of `says`, each two escapes of
/// six bytes at the worst (`\\ud83d\\ude00`), and 22,144 for the rest.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// What an operator can set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Of most bodies.
    pub body: BodyLimits,
    /// Of `POST /api/v1/transactions`.
    pub import_body: BodyLimits,
    /// Requests that a credential is granted in a minute, all of them at once if it likes.
    pub requests_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let body = BodyLimits { bytes_max: BODY_BYTES_MAX, ..BodyLimits::default() };
        Self { body, import_body: transactions::IMPORT_LIMITS, requests_per_minute: 6_000 }
    }
}

/// One route.
pub struct Route {
    /// `GET`, `POST` and so on.
    pub method: &'static str,
    /// The path; names in braces stand for one segment each.
    pub path: &'static str,
    /// Whether it answers without a credential.
    pub open: bool,
    /// The right that a caller needs; nothing where any credential will do. The desk is what
    /// refuses; tests hold it to what stands here, and the document says it to callers.
    pub right: Option<Right>,
    /// When it is on its way out: since when, and when it ends.
    pub deprecated: Option<Deprecated>,
    handler: fn() -> MethodRouter<App>,
}

/// A route on its way out, by the policy of `docs/api.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecated {
    /// Since when, in Unix seconds, as the header `Deprecation` says it (RFC 9745).
    pub since: i64,
    /// When it may end, as an HTTP date, as the header `Sunset` says it (RFC 8594).
    pub ends: &'static str,
}

const fn route(
    method: &'static str,
    path: &'static str,
    right: Right,
    handler: fn() -> MethodRouter<App>,
) -> Route {
    Route { method, path, open: false, right: Some(right), deprecated: None, handler }
}

/// The routes of each room.
const TABLES: &[&[Route]] = &[
    OPEN,
    invitations::ROUTES,
    transactions::ROUTES,
    cases::ROUTES,
    opening::ROUTES,
    acts::ROUTES,
    jobs::ROUTES,
    status::ROUTES,
    admin::ROUTES,
    admin::LISTS,
    search::ROUTES,
    export::ROUTES,
    evidence::ROUTES,
];

/// What answers without a credential.
const OPEN: &[Route] = &[Route {
    method: "GET",
    path: "/api/v1/openapi.json",
    open: true,
    right: None,
    deprecated: None,
    handler: || get(document::served),
}];

/// Every route there is.
pub fn all_routes() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().flat_map(|table| table.iter())
}

static RIGHTS: LazyLock<HashMap<(&str, &str), Right>> = LazyLock::new(|| {
    let needs = |route: &'static Route| Some(((route.method, route.path), route.right?));
    all_routes().filter_map(needs).collect()
});

/// The right that a route needs, by its method and path.
fn right_of(method: &Method, path: &str) -> Option<Right> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    RIGHTS.get(&(method, path)).copied()
}

/// The routes as a router.
pub fn routes(app: &App) -> Router<App> {
    routed(all_routes())
        .method_not_allowed_fallback(other_method)
        .route("/api/v1", any(nothing_here))
        .route("/api/v1/", any(nothing_here))
        .route("/api/v1/{*rest}", any(nothing_here))
        .layer(from_fn_with_state(app.clone(), around::around))
        .layer(map_response(not_stored))
        .route("/problems", get(problems::index))
        .route("/problems/{code}", get(problems::page))
        .route("/", get(docs::root))
        .route("/docs", get(docs::page))
        .route("/docs/style.css", get(docs::style))
        .route("/docs/{file}", get(docs::file))
        .method_not_allowed_fallback(other_method)
}

fn routed(table: impl Iterator<Item = &'static Route>) -> Router<App> {
    let mut router = Router::new();
    for route in table {
        let handler = match &route.deprecated {
            None => (route.handler)(),
            Some(end) => (route.handler)()
                .layer(map_response(move |response| around::on_its_way_out(end, response))),
        };
        router = router.route(route.path, handler);
    }
    router
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
