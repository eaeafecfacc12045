//! A world with the router over it, and requests as a test writes them.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use desk::execute::Order;
use dialects::native::{self, all_routes};
use dialects::{App, Settings, router};
use domain::account::Tenant;
use domain::case::{Act, Command, PaymentRef, Report};
use domain::changes::{Change, Changes, Outcome};
use domain::ids::{CaseId, JobId};
use domain::job::{Job, JobChange, JobState};
use domain::{Actor, Env, Millis, Role, Scope};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use store::engine::EngineKind;
use teststand::schema::complaints;
use teststand::world::World;
use tower::ServiceExt;

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("the body is JSON")
    }

    /// The `code` of a problem, having looked at its shape.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let json = self.json();
        let code = json["code"].as_str().expect("a code").to_owned();
        assert_eq!(json["type"], format!("/problems/{code}"));
        assert_eq!(json["status"], self.status.as_u16());
        assert!(json["title"].is_string() && json["detail"].is_string(), "{json}");
        code
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header of text"))
    }
}

/// The house as a test sees it.
pub struct House {
    pub world: World,
    pub router: Router,
    /// The same, counting apart: a test looks at pages that nobody asked for.
    pub pages: Router,
    /// Another tenant's production.
    pub other: Scope,
}

impl House {
    /// A new one, with two tenants.
    pub async fn new(kind: EngineKind) -> Self {
        Self::with(kind, Settings::default()).await
    }

    /// A new one with settings.
    pub async fn with(kind: EngineKind, settings: Settings) -> Self {
        let world = World::new(kind, 7).await;
        let draft = desk::accounts::TenantDraft {
            slug: "other".into(),
            name: "Other".into(),
            email: "desk@other.test".into(),
            seal_narratives: true,
        };
        let other: Tenant = world.desk.add_tenant(draft).await.expect("a tenant").expect("new");
        let app = App::new(world.desk.clone(), settings);
        let pages = router(App::new(world.desk.clone(), Settings::default()));
        let other = Scope::new(other.id, Env::Production);
        Self { router: router(app), pages, world, other }
    }

    /// The scope called `production`, `staging` or `other`.
    pub fn scope(&self, name: &str) -> Scope {
        match name {
            "production" => self.world.scope,
            "staging" => Scope::new(self.world.scope.tenant(), Env::Staging),
            "other" => self.other,
            other => panic!("no such scope: {other}"),
        }
    }

    /// A token good for a day.
    pub async fn token(&self, scope: Scope, role: Role, name: &str) -> String {
        let token = self.world.desk.add_token(scope, role, name, Millis::days(1)).await;
        token.expect("a token").reveal().to_owned()
    }

    /// Somebody reports an issue on a payment.
    pub async fn report(&self, scope: Scope, refid: &str, says: &str) -> CaseId {
        let report = Report {
            payment: PaymentRef::Refid(refid.into()),
            addresses: vec!["buyer@example.test".into()],
            says: says.into(),
            category: "voucher".into(),
        };
        let by = Actor::new(scope, Role::Client, "app");
        let order = Order { by, command: Command::Report(report), key: None, nonce: None };
        match self.world.desk.execute(&order).await.expect("a case").outcome {
            Outcome::Reported { case, .. } => case,
            other => panic!("{other:?}"),
        }
    }

    /// A job on the case, whose id is the case's with another beginning.
    pub async fn job(&self, scope: Scope, case: &str) {
        let id = JobId::parse(&case.replacen("cs_", "job_", 1)).expect("a job's id");
        let case = CaseId::parse(case).expect("a case's id");
        let job = Job {
            id,
            by: Actor::new(scope, Role::Agent, "ann"),
            created_at: self.world.desk.now(),
            act: Act::Start,
            state: JobState::Running,
            ended_at: None,
            total: 1,
            done: 0,
            refused: 0,
            cancelled_by: None,
        };
        let mut changes = Changes::none(scope, self.world.desk.now());
        let (job, body) = (Box::new(job), Vec::new());
        changes.list.push(Change::Job(JobChange::New { job, body, cases: vec![case] }));
        store::commit(&self.world.db, &changes).await.expect("a job");
    }

    /// Sends a request as it stands. A problem's `type` must lead to a page about its code.
    /// Every answer must be one that the document promises of its operation.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let chosen = request.uri().query().is_some_and(|query| query.contains("fields="));
        let answer = sent(&self.router, request).await;
        promised(&method, &path, &answer, chosen);
        if answer.header("content-type") == "application/problem+json" {
            let page = format!("/problems/{}", answer.code());
            let page = Request::get(&page).body(Body::empty()).expect("a request");
            let page = sent(&self.pages, page).await;
            assert_eq!(page.status, StatusCode::OK, "no page: {answer:?}");
            let text = String::from_utf8(page.bytes).expect("a page of text");
            assert!(text.contains(&format!("<code>{}</code>", answer.code())), "{text}");
        }
        answer
    }

    /// Sends a request with a token and, if there is one, a JSON body.
    pub async fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            let form = body.starts_with("--XX");
            let form = form.then_some("multipart/form-data; boundary=XX");
            request = request.header("content-type", form.unwrap_or("application/json"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |text| Body::from(text.to_owned()));
        self.send(request.body(body).expect("a request")).await
    }
}

/// The document.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(native::document()).expect("the document is JSON"));
    &DOCUMENT
}

/// Whether a path is one that the route's template means.
fn means(template: &str, path: &str) -> bool {
    let (ours, theirs) = (template.split('/'), path.split('/'));
    ours.clone().count() == theirs.clone().count()
        && ours
            .zip(theirs)
            .all(|(ours, theirs)| ours == theirs || ours.starts_with("{") && !theirs.is_empty())
}

/// Holds an answer to its operation: the status, the code, the shape and the names of the fields.
fn promised(method: &str, path: &str, answer: &Answer, chosen: bool) {
    let routes = all_routes().filter(|route| route.method == method && means(route.path, path));
    // Of two, the one with fewer names in braces is the one that answers.
    let Some(route) = routes.min_by_key(|route| route.path.matches('{').count()) else { return };
    let operation = &document()["paths"][route.path][method.to_ascii_lowercase()];
    let about = format!("{method} {} answered {}", route.path, answer.status);
    let mut response = &operation["responses"][answer.status.as_str()];
    if let Some(place) = response["$ref"].as_str() {
        response = document().pointer(&place[1..]).expect("a response");
    }
    assert!(response.is_object(), "{about}, which the document does not say: {answer:?}");
    let kind = answer.header("content-type").split(';').next().unwrap_or("");
    if answer.bytes.is_empty() {
        return;
    }
    let content = &response["content"][kind];
    assert!(content.is_object(), "{about} with {kind:?}, which the document does not say");
    // Of chosen fields, which may lack any that is required, `conventions.rs` looks at the names.
    if !kind.ends_with("json") || chosen && answer.status.is_success() {
        return;
    }
    let complaints = complaints(document(), &content["schema"], &answer.json());
    assert!(complaints.is_empty(), "{about}: {complaints:?}");
    if kind == "application/problem+json" {
        let codes = operation["x-problems"].as_array().expect("codes");
        assert!(codes.contains(&answer.code().into()), "{about}: {} is not said", answer.code());
    }
}

async fn sent(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}
