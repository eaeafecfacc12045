//! What stands around every handler: an id for the request, a time, a net under panics, a count,
//! and one line in the log. The line never holds a query, a body, or a header but the name that
//! the caller gave his request.

use std::any::Any;
use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Dice;
use futures_util::FutureExt;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

use crate::body;
use crate::{App, iimmpact, native, ops, who};

/// Where an answer says which request it answers, for asking us about it.
const REQUEST_ID: HeaderName = HeaderName::from_static("redress-request-id");

/// Where a caller may say what he calls his request.
const OWN_NAME: &str = "x-request-id";

/// Longest such name that is heeded, in bytes: a trace id has 32, some add to it.
const OWN_NAME_BYTES_MAX: usize = 128;

/// The caller's own name for his request, when it is one that a log and a header can hold.
pub(crate) fn own_name(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(OWN_NAME).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    let bytes = only.as_bytes();
    let good =
        (1..=OWN_NAME_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    good.then_some(only)
}

tokio::task_local! {
    static REQUEST: RequestId;
    static BODY_LEFT: Cell<bool>;
}

/// Notes that the request's body was not read to its end, so that no other request can follow it.
pub(crate) fn body_left() {
    // Outside of a request there is no answer that could say so.
    BODY_LEFT.try_with(|left| left.set(true)).ok();
}

/// Names one request of one running program. It is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId {
    run: u32,
    number: u64,
}

impl RequestId {
    /// The request that is being answered here; all zeros where none is.
    pub(crate) fn current() -> Self {
        REQUEST.try_with(|id| *id).unwrap_or(Self { run: 0, number: 0 })
    }

    fn header(self) -> HeaderValue {
        let mut text = String::with_capacity(19);
        // Writing into a text cannot fail, and these letters fit a header.
        let _ = write!(text, "{self}");
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("-"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:06x}", self.run, self.number)
    }
}

/// Counts the requests of this run.
#[derive(Debug)]
pub(crate) struct Requests {
    run: u32,
    next: AtomicU64,
}

impl Requests {
    /// A run with a name of its own.
    pub(crate) fn new(dice: &mut dyn Dice) -> Self {
        let mut run = [0; 4];
        dice.fill(&mut run);
        Self { run: u32::from_be_bytes(run), next: AtomicU64::new(1) }
    }

    fn next(&self) -> RequestId {
        RequestId { run: self.run, number: self.next.fetch_add(1, Ordering::Relaxed) }
    }
}

/// The layer.
pub(crate) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = app.requests.next();
    let line = Line::begin(&app, &request);
    let shape = Shape::of(request.uri().path());
    let dialect = ops::dialect_of(request.uri().path());
    let time = time_of(&app, &request);
    let in_one_stream = request.version() < Version::HTTP_2;
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    let timed = tokio::time::timeout(time, work);
    let scoped = BODY_LEFT.scope(Cell::new(false), async move {
        let timed = timed.await;
        (timed, BODY_LEFT.with(Cell::get))
    });
    let mut response = REQUEST
        .scope(id, async move {
            let (timed, body_left) = scoped.await;
            let mut response = match timed {
                Ok(Ok(response)) => response,
                Ok(Err(panic)) => {
                    let said = said(&*panic);
                    tracing::error!(request = %id, said, "a handler panicked");
                    shape.broken()
                }
                Err(_) => {
                    tracing::error!(request = %id, "a request took too long and was given up");
                    shape.too_slow()
                }
            };
            if body_left && in_one_stream {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            response
        })
        .await;
    response.headers_mut().insert(REQUEST_ID, id.header());
    ops::count(&app, dialect, response.status());
    line.end(id, response.status());
    response
}

/// Where files come in.
const UPLOADS: &[&str] = &[native::evidence::UPLOAD_PATH];

/// How long a request may take: longer where it may bring files, which it says by its type.
fn time_of(app: &App, request: &Request) -> Duration {
    let usual = app.settings.request_time;
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let said = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let uploads = route.is_some_and(|route| UPLOADS.contains(&route))
        && said.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"));
    // The same time again for what follows the body: the scanner, the storage, the commit.
    if uploads { usual.max(app.settings.uploads.time + usual) } else { usual }
}

/// Nothing has this path.
pub(crate) async fn nothing_here(request: Request) -> Response {
    let shape = Shape::of(request.uri().path());
    discard(request).await;
    match shape {
        Shape::Native => native::no_such_path(),
        Shape::Iimmpact | Shape::Other => iimmpact::words::no_such_path(),
    }
}

/// Lets a client finish writing a body that nobody will read, so that it reads the answer.
pub(crate) async fn discard(request: Request) {
    let (parts, body) = request.into_parts();
    body::discard(&parts.headers, body).await;
}

/// How answers look where no handler gave one.
#[derive(Clone, Copy)]
enum Shape {
    Iimmpact,
    Native,
    Other,
}

impl Shape {
    fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("v1" | "v2") => Self::Iimmpact,
            Some("api" | "problems" | "docs" | "favicon.ico") => Self::Native,
            _ => Self::Other,
        }
    }

    fn broken(self) -> Response {
        match self {
            Self::Iimmpact => iimmpact::words::broken(),
            Self::Native => problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                concat!(
                    r#"{"type":"/problems/broken","title":"Something is broken here","#,
                    r#""status":500,"detail":"our log says what must be mended; the header "#,
                    r#"Redress-Request-Id names this request","code":"broken"}"#
                ),
            ),
            Self::Other => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    fn too_slow(self) -> Response {
        match self {
            Self::Iimmpact => iimmpact::words::too_slow(),
            Self::Native => problem(
                StatusCode::GATEWAY_TIMEOUT,
                concat!(
                    r#"{"type":"/problems/too-slow","title":"It took too long","#,
                    r#""status":504,"detail":"whether it was done is not known; ask again with "#,
                    r#"the same Idempotency-Key, or look before you repeat it","#,
                    r#""code":"too-slow"}"#
                ),
            ),
            Self::Other => StatusCode::GATEWAY_TIMEOUT.into_response(),
        }
    }
}

fn problem(status: StatusCode, body: &'static str) -> Response {
    let json = HeaderValue::from_static("application/problem+json");
    (status, [(CONTENT_TYPE, json)], body).into_response()
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("")
}

/// The line in the log, when anybody listens for it.
struct Line(Option<Begun>);

struct Begun {
    at: Instant,
    method: Method,
    route: Option<MatchedPath>,
    client: IpAddr,
    named: Option<HeaderValue>,
}

impl Line {
    fn begin(app: &App, request: &Request) -> Self {
        if !tracing::enabled!(target: "access", tracing::Level::INFO) {
            return Self(None);
        }
        let hops = app.settings.trusted_hops;
        Self(Some(Begun {
            at: Instant::now(),
            method: request.method().clone(),
            // The route, not the path: a path holds references, and a stranger's has anything.
            route: request.extensions().get::<MatchedPath>().cloned(),
            client: who::client_address(request.extensions(), request.headers(), hops),
            named: own_name(request.headers()).cloned(),
        }))
    }

    fn end(self, id: RequestId, status: StatusCode) {
        let Some(Begun { at, method, route, client, named }) = self.0 else { return };
        let route = route.as_ref().map_or("-", MatchedPath::as_str);
        let micros = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
        let status = status.as_u16();
        let named = named.as_ref().and_then(|name| name.to_str().ok());
        tracing::info!(
            target: "access", request = %id, %method, route, status, micros, %client, named
        );
    }
}

#[cfg(test)]
mod tests;
