//! A world with the router over it, two tenants and their keys, and a client that signs.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use desk::accounts::TenantDraft;
use dialects::{App, Settings, router, signature};
use domain::case::PaymentRef;
use domain::payment::PaymentStatus;
use domain::{Env, Role, Scope};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use store::engine::EngineKind;
use teststand::world::World;
use tower::ServiceExt;
use vault::secret::Secret;

pub const CHECK: &str = "/v2/transactions/check";

/// A signing key as its owner has it.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: Vec<u8>,
}

/// The house as an app sees it. Payments: `S-…` succeeded, `F-1` failed, `R-1` was refunded,
/// `P-0` and `P-1` are under way; `T-` stands before a `refid` in its `trxid`.
pub struct House {
    pub world: World,
    pub router: Router,
    pub production: Key,
    pub staging: Key,
    /// Of another tenant, who has a payment `O-1`.
    pub other: Key,
}

static NONCES: AtomicU64 = AtomicU64::new(0);

impl House {
    pub async fn new(kind: EngineKind) -> Self {
        Self::with(kind, Settings::default()).await
    }

    pub async fn with(kind: EngineKind, settings: Settings) -> Self {
        let world = World::new(kind, 5).await;
        let draft = TenantDraft {
            slug: "other".into(),
            name: "Other".into(),
            email: "desk@other.test".into(),
            seal_narratives: true,
        };
        let other = world.desk.add_tenant(draft).await.expect("a tenant").expect("new");
        let other = Scope::new(other.id, Env::Production);
        let staging = Scope::new(world.scope.tenant(), Env::Staging);
        for (refid, status) in [
            ("S-1", PaymentStatus::Successful),
            ("S-2", PaymentStatus::Successful),
            ("S-3", PaymentStatus::Successful),
            ("1234567", PaymentStatus::Successful),
            ("F-1", PaymentStatus::Failed),
            ("R-1", PaymentStatus::Refunded),
            ("P-0", PaymentStatus::Accepted),
            ("P-1", PaymentStatus::Processing),
        ] {
            world.pay(world.scope, refid, status).await;
        }
        world.pay(staging, "Y-1", PaymentStatus::Successful).await;
        world.pay(other, "O-1", PaymentStatus::Successful).await;
        let production = key(&world, world.scope).await;
        let (staging, other) = (key(&world, staging).await, key(&world, other).await);
        let router = router(App::new(world.desk.clone(), settings));
        Self { world, router, production, staging, other }
    }

    /// Sends a request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// Reports with a fresh signature by the production key.
    pub async fn report(&self, body: &str) -> Answer {
        self.send(self.signed(&self.production, CHECK, body)).await
    }

    /// A JSON body, signed just now.
    pub fn signed(&self, key: &Key, path: &str, body: &str) -> Request<Body> {
        self.sealed(key, path, body.as_bytes(), &[("content-type", "application/json")])
    }

    /// Any body with any headers, signed just now.
    pub fn sealed(
        &self,
        key: &Key,
        path: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Request<Body> {
        let nonce = format!("nonce-{:020}", NONCES.fetch_add(1, Ordering::Relaxed));
        self.signed_with(key, &nonce, 0, path, body, headers)
    }

    /// Signed with this nonce, `seconds` away from our clock.
    pub fn signed_with(
        &self,
        key: &Key,
        nonce: &str,
        seconds: i64,
        path: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Request<Body> {
        let at = self.world.desk.now().seconds() + seconds;
        let query = path.split_once('?').map_or("", |(_, query)| query);
        let tag = signature::sign(&key.secret, at, nonce, &Method::POST, query, body);
        let mut request = Request::post(path)
            .header("x-api-key", &key.id)
            .header("x-timestamp", at)
            .header("x-nonce", nonce)
            .header("x-signature", tag);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_vec())).expect("a request")
    }

    /// What a customer wrote with the report on `refid`, as the desk keeps it.
    pub async fn content(&self, refid: &str) -> String {
        let by = self.world.actor(Role::Agent, "ann");
        let payment = PaymentRef::Refid(refid.into());
        let cases = self.world.desk.cases_of(&by, &payment).await.expect("cases");
        let case = cases.first().unwrap_or_else(|| panic!("no case about {refid}"));
        let timeline = self.world.desk.timeline(&by, &case.id).await.expect("a timeline");
        let first = &timeline.happenings[0];
        let (category, says) = (first.category.as_deref(), first.says.as_deref());
        let to = case.addresses.join(",");
        format!("to: {to}\ncategory: {}\n\n{}", category.unwrap_or(""), says.unwrap_or(""))
    }

    /// Cases about a payment.
    pub async fn cases(&self, refid: &str) -> usize {
        let by = self.world.actor(Role::Agent, "ann");
        let payment = PaymentRef::Refid(refid.into());
        self.world.desk.cases_of(&by, &payment).await.map_or(0, |cases| cases.len())
    }

    /// A login of the production account.
    pub async fn login(&self, scope: Scope, username: &str, password: &str) {
        let password = Secret::new(password.into());
        assert!(self.world.desk.add_login(scope, username, password).await.expect("a login"));
    }
}

async fn key(world: &World, scope: Scope) -> Key {
    let (id, secret) = world.desk.add_key(scope, "test").await.expect("a key");
    Key { id, secret: secret.decoded().expect("Base64").to_vec() }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        serde_json::from_slice(&self.bytes).expect("the body is JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header of text"))
    }

    /// The answer on one line: the status, then what the shape has.
    pub fn line(&self) -> String {
        let json = self.json();
        let status = self.status.as_u16();
        if let Some(data) = json.get("data") {
            let word = |name: &str| data[name].as_str().expect("a text").to_owned();
            return format!("{status} {} {}", word("status"), word("refid"));
        }
        if let Some(errors) = json.get("errors") {
            assert_eq!(json["message"], "The given data was invalid.");
            let (name, why) = errors.as_object().expect("fields").iter().next().expect("one");
            return format!("{status} {name}: {}", why[0].as_str().expect("a text"));
        }
        if let Some(error) = json.get("error") {
            let message = json["message"].as_str().expect("a flat shape: message is a text");
            assert!(!message.is_empty());
            assert_eq!(json.as_object().expect("an object").len(), 2, "{json}");
            return format!("{status} {}", error.as_str().expect("a text"));
        }
        format!("{status} {}", json["message"].as_str().expect("a message"))
    }
}
