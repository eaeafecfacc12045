//! What stands around every route of the native API: how often a credential may ask, the caller's
//! own name for a request, the choice of fields, and the announcement that a route will end. It
//! judges nobody: who calls is the handler's to find out.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Millis;
use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::asked::bearer;
use super::problem::Problem;
use super::{Deprecated, Settings, fields};
use crate::layers::{discard, own_name};
use crate::rate::{Left, Limiter, Rate, Turn};
use crate::{App, signature, who};

/// Callers remembered at a time by each limit, 32 bytes each.
const KEYS_MAX: usize = 20_000;

/// Requests without a good credential that an address is granted in a minute: enough for a test
/// suite, far too few to guess a token.
const STRANGERS_PER_MINUTE: u32 = 1_200;

/// Invitations that an address may try in vain at once, and how many more in a minute: a person
/// mistypes, and nobody guesses a word of 256 bits.
const INVITATIONS: Rate = Rate { per_minute: 5, burst: 20 };

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");
const OWN_NAME: HeaderName = HeaderName::from_static("x-request-id");

/// How often callers asked lately.
#[derive(Debug)]
pub struct Limits {
    by_credential: Limiter,
    /// Those whose credential was none, by address: each guess would else have a bucket.
    strangers: Limiter,
    /// Credentials that were good before: strangers at their address do not shut them out.
    known: Mutex<HashSet<u64>>,
    hasher: RandomState,
    policy: HeaderValue,
    /// Invitations tried in vain, by address.
    pub(super) invitations: Limiter,
}

impl Limits {
    /// Nobody asked yet.
    pub fn new(settings: &Settings) -> Self {
        let limiter = |many| Limiter::new(Rate { per_minute: many, burst: many }, KEYS_MAX);
        let many = settings.requests_per_minute.max(1);
        let policy = HeaderValue::try_from(format!("\"credential\";q={many};w=60"));
        Self {
            by_credential: limiter(many),
            strangers: limiter(STRANGERS_PER_MINUTE),
            known: Mutex::default(),
            hasher: RandomState::new(),
            invitations: Limiter::new(INVITATIONS, KEYS_MAX),
            policy: policy.unwrap_or(HeaderValue::from_static("")),
        }
    }
}

impl Limits {
    fn knows(&self, caller: u64) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&caller)
    }

    fn remember(&self, caller: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS_MAX {
            // Who is good will be known again with his next request.
            known.clear();
        }
        known.insert(caller);
    }
}

/// Whose requests are counted together.
#[derive(Hash)]
enum Caller<'r> {
    /// A token is its owner's secret, so nobody else can use his grant up.
    Token(&'r str),
    /// The id of an API key is no secret: only together with an address.
    Key(&'r [u8], IpAddr),
    Nobody(IpAddr),
}

impl<'r> Caller<'r> {
    fn of(request: &'r Request, address: IpAddr) -> Self {
        let headers = request.headers();
        match (headers.get(signature::API_KEY), bearer(headers)) {
            (Some(key), _) => Self::Key(key.as_bytes(), address),
            // As it is looked up: written another way it is still one credential.
            (None, Some(token)) => Self::Token(token),
            (None, None) => Self::Nobody(address),
        }
    }
}

/// The layer.
pub(super) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let named = own_name(request.headers()).cloned();
    let hops = app.settings.trusted_hops;
    let address = who::client_address(request.extensions(), request.headers(), hops);
    let address = who::neighbourhood(address);
    let now = app.desk.now();
    let limits = &app.limits;
    let caller = limits.hasher.hash_one(Caller::of(&request, address));
    let (turn, left) = limits.by_credential.take_and_count(caller, now);
    let known = limits.knows(caller);
    let turn = match turn {
        Turn::Granted if !known => limits.strangers.take(address, now),
        turn => turn,
    };
    let mut response = match turn {
        Turn::Granted => {
            let response = chosen(request, next).await;
            if response.status() != StatusCode::UNAUTHORIZED && !known {
                limits.strangers.give_back(address);
                limits.remember(caller);
            }
            response
        }
        Turn::Wait(wait) => {
            discard(request).await;
            too_many(wait).into_response()
        }
    };
    tell(&mut response, limits, left);
    if let Some(named) = named {
        response.headers_mut().insert(OWN_NAME, named);
    }
    response
}

fn tell(response: &mut Response, limits: &Limits, left: Left) {
    let headers = response.headers_mut();
    headers.insert(POLICY, limits.policy.clone());
    let seconds = whole_seconds(left.full_in);
    if let Ok(left) = HeaderValue::try_from(format!("\"credential\";r={};t={seconds}", left.tokens))
    {
        headers.insert(LEFT, left);
    }
}

fn whole_seconds(time: Millis) -> i64 {
    time.0.saturating_add(999).div_euclid(1_000)
}

pub(super) fn too_many(wait: Millis) -> Problem {
    let detail = "this credential or address asked more often than it is granted; Retry-After \
                  says for how many seconds to wait";
    let title = "Too many requests";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", title, detail)
        .header(RETRY_AFTER, HeaderValue::from(whole_seconds(wait).max(1)))
}

/// Carries the request out, and leaves of the answer what `fields` names.
async fn chosen(mut request: Request, next: Next) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return next.run(request).await;
    }
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("", MatchedPath::as_str);
    match fields::taken_from(&mut request, route) {
        Ok(None) => next.run(request).await,
        Ok(Some(choice)) => choice.applied(next.run(request).await).await,
        Err(problem) => problem.into_response(),
    }
}

/// Adds what says that a route will end.
pub(super) async fn on_its_way_out(end: &'static Deprecated, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Ok(since) = HeaderValue::try_from(format!("@{}", end.since)) {
        headers.insert("deprecation", since);
    }
    headers.insert("sunset", HeaderValue::from_static(end.ends));
    let policy = "</docs#deprecation>; rel=\"deprecation\"; type=\"text/html\"";
    headers.append("link", HeaderValue::from_static(policy));
    response
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::map_response;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    /// No route is on its way out yet, so the headers are looked at on one that is not ours.
    #[tokio::test]
    async fn a_route_that_will_end_says_so() {
        const END: Deprecated =
            Deprecated { since: 1_772_359_200, ends: "Wed, 31 Mar 2027 23:59:59 GMT" };
        let handler =
            get(|| async { "old" }).layer(map_response(|response| on_its_way_out(&END, response)));
        let router: Router = Router::new().route("/old", handler);
        let request = Request::get("/old").body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("deprecation"), "@1772359200");
        assert_eq!(header("sunset"), "Wed, 31 Mar 2027 23:59:59 GMT");
        assert!(header("link").contains("rel=\"deprecation\""));
    }

    #[test]
    fn waits_are_rounded_up() {
        for (millis, seconds) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(whole_seconds(Millis(millis)), seconds);
        }
    }
}
