//! The programs that are compared with: one that does all but store, one that is no more than a
//! framework and an HMAC, and one that stores the same rows in a transaction for each request.
//! They are as good as they can be made at what they do; a weak opponent would prove nothing.

use std::collections::HashMap;
use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use dialects::body::{self, BodyLimits};
use dialects::listen::{Limits, Listener, Service, Traffic};
use dialects::signature::{Claim, WINDOW};
use domain::address::Address;
use domain::case::{Command, Hand, PaymentRef, Report, decide};
use domain::chain::digest_of;
use domain::changes::{Nonce, Outcome};
use domain::{Actor, Dice, Env, Instant, Role, Scope, TenantId};
use futures_util::future::try_join_all;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use store::engine::{Db, Place, Stmt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_postgres::{Client, NoTls, Statement};
use tokio_util::sync::CancellationToken;

use crate::caller::millis_now;

/// Where all of them take reports.
const PATH: &str = "/v2/transactions/check";

/// A case that was never opened, for the answers of those that store nothing.
const NO_CASE: &str = "cs_00000000000000000000000000";

/// Connections that a program lets wait: as many as the real one.
const READERS: usize = 4;

/// The key that is known, from the environment, where its secret is not seen by others.
struct Known {
    key: String,
    secret: Vec<u8>,
}

impl Known {
    fn read() -> anyhow::Result<Self> {
        let key = env::var("MEASURE_KEY").context("MEASURE_KEY")?;
        let secret = env::var("MEASURE_SECRET").context("MEASURE_SECRET")?;
        Ok(Self { key, secret: STANDARD.decode(secret)? })
    }
}

fn now() -> Instant {
    Instant::from_millis(millis_now())
}

/// What the program answers to a report that was taken.
fn taken(refid: &str, case: &str) -> Response {
    let data = serde_json::json!({ "data": {
        "refid": refid,
        "status": "Success",
        "message": "We have received your report and will look into it as soon as we can. Thank \
                    you for telling us about it.",
    }});
    let mut response = axum::Json(data).into_response();
    if let Ok(case) = HeaderValue::from_str(case) {
        response.headers_mut().insert("redress-case-id", case);
    }
    response
}

fn refused(why: impl std::fmt::Display) -> Response {
    (StatusCode::BAD_REQUEST, why.to_string()).into_response()
}

/// Body, signature and fields, by the very code of the real program.
async fn front(known: &Known, request: Request) -> anyhow::Result<(Report, Nonce)> {
    let (parts, body) = request.into_parts();
    let limits = BodyLimits::default();
    let body = body::take(&parts.headers, body, &limits).await.map_err(|why| anyhow!("{why:?}"))?;
    let claim = Claim::read(&parts.headers, now(), WINDOW).map_err(|why| anyhow!("{why:?}"))?;
    ensure!(claim.key_id == known.key, "another's key");
    let query = parts.uri.query().unwrap_or("");
    let verified = claim.verify(&known.secret, &parts.method, query, &body);
    verified.map_err(|why| anyhow!("{why:?}"))?;
    let whole = digest_of(&[claim.key_id.as_bytes(), claim.nonce.as_bytes()]);
    let mut digest = [0; 16];
    digest.copy_from_slice(&whole[..16]);
    let nonce = Nonce { minute: claim.signed_at.minute(), digest };
    Ok((report(&parts.headers, &body)?, nonce))
}

fn report(headers: &HeaderMap, body: &Bytes) -> anyhow::Result<Report> {
    let fields = body::read(headers, body).map_err(|why| anyhow!("{why:?}"))?;
    let text = |name| fields.text(name).map_err(|why| anyhow!("{why:?}"));
    let payment = match text("trxid")? {
        Some(trxid) => PaymentRef::Trxid(trxid),
        None => PaymentRef::Refid(text("refid")?.context("a reference")?),
    };
    let addresses = fields.texts("user_email").map_err(|why| anyhow!("{why:?}"))?;
    for address in &addresses {
        Address::parse(address)?;
    }
    let says = fields.verbatim("description").map_err(|why| anyhow!("{why:?}"))?;
    let category = text("category")?.unwrap_or_default();
    Ok(Report { payment, addresses, says: says.unwrap_or_default(), category })
}

/// Serves on the accept loop of the real program until it is killed.
async fn serve(router: Router) -> anyhow::Result<()> {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await?;
    crate::tell(listener.address());
    let (limits, traffic) = (Limits::default(), Arc::<Traffic>::default());
    let service = Service { router, tls: None, limits, traffic };
    listener.serve(service, CancellationToken::new()).await;
    Ok(())
}

/// The same stack, the same body and signature, nothing stored.
///
/// # Errors
/// The environment names no key, or no port is free.
pub async fn reference() -> anyhow::Result<()> {
    async fn check(State(known): State<Arc<Known>>, request: Request) -> Response {
        match front(&known, request).await {
            Ok((report, _)) => match &report.payment {
                PaymentRef::Refid(reference) | PaymentRef::Trxid(reference) => {
                    taken(reference, NO_CASE)
                }
            },
            Err(why) => refused(why),
        }
    }
    let known = Arc::new(Known::read()?);
    serve(Router::new().route(PATH, post(check)).with_state(known)).await
}

/// The fields as a plain program would read them.
#[derive(Deserialize)]
struct Plain {
    refid: String,
    user_email: Vec<String>,
    description: String,
}

/// axum as it comes, JSON by serde, the HMAC of the same text.
///
/// # Errors
/// As [`reference`].
pub async fn bare() -> anyhow::Result<()> {
    async fn check(State(known): State<Arc<Known>>, headers: HeaderMap, body: Bytes) -> Response {
        match plain(&known, &headers, &body) {
            Ok(plain) => taken(&plain.refid, NO_CASE),
            Err(why) => refused(why),
        }
    }
    let known = Arc::new(Known::read()?);
    let router: Router = Router::new().route(PATH, post(check)).with_state(known);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::tell(listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

fn plain(known: &Known, headers: &HeaderMap, body: &[u8]) -> anyhow::Result<Plain> {
    let header = |name: &str| {
        let value = headers.get(name).with_context(|| name.to_owned())?;
        Ok::<_, anyhow::Error>(value.to_str()?)
    };
    ensure!(header("x-api-key")? == known.key, "another's key");
    let (time, nonce) = (header("x-timestamp")?, header("x-nonce")?);
    let hash = STANDARD.encode(vault::digest::sha256(body));
    let text = format!("v1:{time}:{nonce}:{}::{hash}", Method::POST);
    let signature = header("x-signature")?.strip_prefix("v1=").context("a version")?;
    let tag = STANDARD.decode(signature)?;
    ensure!(vault::hmac::verify(&known.secret, &[text.as_bytes()], &tag), "another's signature");
    let plain: Plain = serde_json::from_slice(body)?;
    ensure!(!plain.user_email.is_empty() && !plain.description.is_empty(), "fields");
    Ok(plain)
}

/// One transaction for each request.
struct Single {
    known: Known,
    scope: Scope,
    db: Db,
    /// Connections at rest, and as many permits.
    rest: Mutex<Vec<Link>>,
    permits: Semaphore,
    dice: Mutex<Mixed>,
}

/// A connection with its prepared statements.
struct Link {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

/// The same rows as the real program writes, decided by the same rules, each request in a
/// transaction of its own: connections kept, statements prepared, a transaction sent at once.
///
/// # Errors
/// As [`reference`], and when the database does not answer.
pub async fn single(pool: usize) -> anyhow::Result<()> {
    let known = Known::read()?;
    let url = env::var("MEASURE_POSTGRES").context("MEASURE_POSTGRES")?;
    let scope = env::var("MEASURE_SCOPE").context("MEASURE_SCOPE")?.parse()?;
    let (one, readers) = (std::num::NonZeroUsize::MIN, READERS.try_into()?);
    let place = Place::Postgres { url: url.clone(), ca_file: None, writers: one, readers };
    let db = Db::open(&place).await?;
    let mut rest = Vec::new();
    for _ in 0..pool {
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        rest.push(Link { client, prepared: HashMap::new() });
    }
    let (scope, permits) = (Scope::from_number(scope), Semaphore::new(pool));
    let dice = Mutex::new(Mixed::new());
    let single = Single { known, scope, db, rest: Mutex::new(rest), permits, dice };
    let router = Router::new().route(PATH, post(check_single)).with_state(Arc::new(single));
    serve(router).await
}

async fn check_single(State(single): State<Arc<Single>>, request: Request<Body>) -> Response {
    match single.report(request).await {
        Ok(response) => response,
        Err(why) => refused(why),
    }
}

impl Single {
    async fn report(&self, request: Request) -> anyhow::Result<Response> {
        let (report, nonce) = front(&self.known, request).await?;
        let reads = store::read::cases::for_report(&self.db, self.scope, &report.payment, None);
        let (loaded, _) = reads.await?;
        let name = self.known.key.clone();
        let by = Actor::new(self.scope, Role::Client, name);
        let decided = {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            let mut hand = Hand { by: &by, at: now(), dice: &mut *dice };
            decide(&loaded, &Command::Report(report), &mut hand)
        };
        let mut decision = decided.map_err(|why| anyhow!("refused: {why}"))?;
        decision.changes.nonce = Some(nonce);
        let statements = store::write::statements(&decision.changes);
        let _permit = self.permits.acquire().await?;
        let link = self.rest.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut link = link.context("a connection for each permit")?;
        let done = link.commit(&statements).await;
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).push(link);
        done?;
        match decision.outcome {
            Outcome::Reported { case, refid } => Ok(taken(&refid, case.as_str())),
            _ => Err(anyhow!("a report has another outcome")),
        }
    }
}

impl Link {
    /// All in one round trip. A row that is there already fails its statement, and with it the
    /// commit, which is an undoing then.
    async fn commit(&mut self, statements: &[Stmt]) -> anyhow::Result<()> {
        for statement in statements {
            if !self.prepared.contains_key(statement.sql) {
                let text = statement.sql.replace(" ON CONFLICT DO NOTHING", "").replace('?', "$");
                let prepared = self.client.prepare(&text).await?;
                self.prepared.insert(statement.sql, prepared);
            }
        }
        let client = &self.client;
        let begin = async { client.batch_execute("BEGIN").await };
        let rows = statements.iter().map(|statement| {
            let prepared = &self.prepared[statement.sql];
            client.execute_raw(prepared, statement.values.iter())
        });
        let end = async { client.batch_execute("COMMIT").await };
        // Polled in this order, so sent in this order.
        let (begun, rows, ended) = tokio::join!(biased; begin, try_join_all(rows), end);
        begun?;
        rows?;
        ended?;
        Ok(())
    }
}

/// Quick dice for ids that nobody must guess: no secret is made from them.
pub struct Mixed(u64);

impl Mixed {
    /// Dice that start at this instant.
    pub fn new() -> Self {
        Self(u64::try_from(millis_now()).unwrap_or(1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

impl Dice for Mixed {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The scope of the first tenant's production, which every measured installation has.
pub const fn scope() -> Scope {
    Scope::new(TenantId(1), Env::Production)
}
