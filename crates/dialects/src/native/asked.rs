//! What every handler takes: who calls, and what was sent. A handler without one of these cannot
//! read or write anything, since every finder and every command wants an actor.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Request};
use axum::response::Response;
use desk::Failure;
use desk::once::Once;
use domain::chain::digest_of;
use domain::{Actor, Refusal};
use http::header::{AUTHORIZATION, IF_MATCH, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::{Settings, json, query, words};
use crate::App;
use crate::body::{self, BodyLimits};
use crate::signature;
use crate::signed::{NotSigned, fits_host, signed};

/// Bearer tokens begin like this; anything else is refused before it costs a look-up.
const TOKEN_PREFIX: &str = "rdt_";

/// Longest token that is looked up, in bytes: ours have 56.
const TOKEN_BYTES_MAX: usize = 128;

/// Longest idempotency key, in bytes: a UUID has 36, and some prefix it.
const KEY_BYTES_MAX: usize = 128;

/// Who calls, for requests without a body.
pub(super) struct Caller(pub(super) Actor);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        only_one_credential(&parts.headers)?;
        let by = match signature::is_attempted(&parts.headers) {
            true => signed_reader(parts, app).await?,
            false => authenticated(parts, app).await?,
        };
        entitled(parts, &by)?;
        Ok(Self(by))
    }
}

/// A name in the path, decoded; empty when its bytes are no text, which names nothing.
pub(super) struct Named(pub(super) String);

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, app).await;
        Ok(Self(name.map(|Path(name)| name).unwrap_or_default()))
    }
}

/// A body that a route takes.
pub(super) trait Sent: DeserializeOwned {
    /// How large it may be.
    fn limits(settings: &Settings) -> BodyLimits {
        settings.body
    }
}

/// Who calls, with what was sent.
pub(super) struct Asked<B> {
    pub(super) by: Actor,
    pub(super) body: B,
    /// The `Idempotency-Key`, when one was sent. Every write takes it into its commit, which a test
    /// over all routes sees to.
    pub(super) once: Option<Once>,
    /// The version that `If-Match` insists on.
    pub(super) version: Option<i64>,
}

impl<B: Sent> FromRequest<App> for Asked<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let by = match writer(&parts, app).await {
            Ok(by) => by,
            Err(problem) => {
                body::discard(&parts.headers, body).await;
                return Err(problem);
            }
        };
        let limits = B::limits(&app.settings.native);
        let bytes = body::take(&parts.headers, body, &limits).await?;
        let version = version(&parts.headers)?;
        let once = once(&parts, &bytes, version)?;
        Ok(Self { by, body: json::read(&parts.headers, &bytes)?, once, version })
    }
}

/// Who calls, with a body that is still on the wire.
pub(super) struct Streamed {
    pub(super) by: Actor,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    /// The `Idempotency-Key`; the command it is used with has a digest of its own.
    pub(super) key: Option<String>,
    /// The version that `If-Match` insists on.
    pub(super) version: Option<i64>,
}

impl FromRequest<App> for Streamed {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let read = async {
            let by = writer(&parts, app).await?;
            Ok((by, idempotency_key(&parts.headers)?, version(&parts.headers)?))
        };
        match read.await {
            Ok((by, key, version)) => Ok(Self { by, headers: parts.headers, body, key, version }),
            Err(problem) => {
                body::discard(&parts.headers, body).await;
                Err(problem)
            }
        }
    }
}

/// A read may also be signed with an API key, as the app that reports has one. Its nonce is spent
/// in memory at once and in the database within a second.
async fn signed_reader(parts: &Parts, app: &App) -> Result<Actor, Problem> {
    let signed = signed(app, parts, b"").await?;
    match app.desk.spend_on_read(signed.nonce).await {
        Ok(()) => Ok(signed.by),
        Err(Failure::Refused(Refusal::NonceSpent)) => Err(unauthorized(
            "nonce-spent",
            "the nonce was used before: every request needs a new one",
        )),
        Err(failure) => Err(failure.into()),
    }
}

impl From<NotSigned> for Problem {
    fn from(why: NotSigned) -> Self {
        match why {
            NotSigned::Unsigned(why) => unauthorized(
                "not-signed",
                &format!("the signature or its headers are wrong: {}", why.code()),
            ),
            NotSigned::KeyUnknown => unauthorized("key-unknown", "the API key is not known here"),
            NotSigned::Failed(failure) => failure.into(),
        }
    }
}

/// Whoever writes, with the right that the route needs.
async fn writer(parts: &Parts, app: &App) -> Result<Actor, Problem> {
    only_one_credential(&parts.headers)?;
    let by = authenticated(parts, app).await?;
    entitled(parts, &by)?;
    Ok(by)
}

/// Refuses a caller without the route's right before anything that he sent is looked at, so that
/// he learns nothing by it; then the names in his query. The desk, which knows what is done, asks
/// about rights again.
fn entitled(parts: &Parts, by: &Actor) -> Result<(), Problem> {
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if let Some(right) = super::right_of(&parts.method, path) {
        by.must(right)?;
    }
    query::only_known(parts)
}

/// Of two credentials one would be left out without a word.
fn only_one_credential(headers: &HeaderMap) -> Result<(), Problem> {
    let is_bearer = |value: &HeaderValue| {
        value.as_bytes().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
    };
    let bearer = headers.get_all(AUTHORIZATION).iter().any(is_bearer);
    if !bearer || !signature::is_attempted(headers) {
        return Ok(());
    }
    Err(words::two_credentials())
}

async fn authenticated(parts: &Parts, app: &App) -> Result<Actor, Problem> {
    let token = bearer(&parts.headers).ok_or_else(|| {
        unauthorized("no-credential", "send Authorization: Bearer with a token that begins rdt_")
    })?;
    let actor = app.desk.actor_of_token(token).await?.ok_or_else(|| {
        unauthorized("token-not-valid", "the token is unknown, has expired or was revoked")
    })?;
    if fits_host(app, parts, actor.scope.env()) {
        return Ok(actor);
    }
    let detail = "the token is of another environment than this host name";
    Err(unauthorized("wrong-host", detail))
}

fn unauthorized(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, "Who are you?", detail)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"redress\""))
}

/// The token, when exactly one was sent and it can be one of ours.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = only(headers, AUTHORIZATION.as_str())?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    let ours = scheme.eq_ignore_ascii_case("bearer")
        && token.len() <= TOKEN_BYTES_MAX
        && token.strip_prefix(TOKEN_PREFIX)?.bytes().all(|b| b.is_ascii_alphanumeric());
    ours.then_some(token)
}

fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// The key with the digest of method, target, body and the version insisted on; a body that only
/// differs in how its JSON is written is the same.
pub(super) fn once(
    parts: &Parts,
    bytes: &[u8],
    version: Option<i64>,
) -> Result<Option<Once>, Problem> {
    let Some(key) = idempotency_key(&parts.headers)? else { return Ok(None) };
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let body = match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) => value.to_string().into_bytes(),
        Err(_) => bytes.to_vec(),
    };
    let version = version.map(|version| version.to_string());
    let mut said: Vec<&[u8]> =
        vec![b"native-1", parts.method.as_str().as_bytes(), target.as_bytes(), body.as_slice()];
    said.extend(version.as_ref().map(String::as_bytes));
    let digest = digest_of(&said);
    Ok(Some(Once { key, digest }))
}

/// Says so when the answer is that of an earlier request.
pub(super) fn replayed(again: bool, mut response: Response) -> Response {
    if again {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: &str = "Idempotency-Key";
    if !headers.contains_key(NAME) {
        return Ok(None);
    }
    let key = only(headers, NAME).and_then(|value| value.to_str().ok()).unwrap_or("");
    let good =
        (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if good {
        return Ok(Some(key.to_owned()));
    }
    let rule = "one value of 1 to 128 visible ASCII characters without spaces";
    Err(Problem::field(NAME, rule))
}

/// The version of `If-Match: "3"`; nothing for `*`, which any case meets.
fn version(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    if !headers.contains_key(IF_MATCH) {
        return Ok(None);
    }
    let text = only(headers, IF_MATCH.as_str()).and_then(|value| value.to_str().ok()).unwrap_or("");
    if text == "*" {
        return Ok(None);
    }
    let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or("");
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(version) if whole => Ok(Some(version)),
        _ => Err(Problem::field("If-Match", "give the ETag of the case as it came, as \"3\"")),
    }
}
