//! One of everything that a path can name, so that every route can be asked for something that is
//! there, and for the same when it is not. A new name in a path must be added here: a path that
//! cannot be filled fails every test over all routes.

use std::collections::BTreeMap;

use axum::body::Body;
use desk::admin::AdminOrder;
use dialects::native::Route;
use domain::admin::acts::NewToken;
use domain::admin::{AdminAct, MessageKey, SettingKey};
use domain::changes::{Try, TryEnd};
use domain::ids::{EndpointId, MemberId};
use domain::{Actor, Millis, Role, Scope};
use http::Request;
use store::read::outbox::Parcel;

use crate::access::{EXAMPLE_CASE, EXAMPLE_OTHER, body};
use crate::evidence::{form, png};
use crate::support::House;

/// The names in paths, and what stands for each.
#[derive(Clone, Debug)]
pub struct Seeds(BTreeMap<&'static str, String>);

/// What no account has.
const NOBODYS: &[(&str, &str)] = &[
    ("slug", "nobody"),
    ("member", "mb_00000000000000000000000000"),
    ("key", "iimm_prod_000000000000000000000000"),
    ("login", "nobody"),
    ("token", "tk_0000000000000000"),
    ("endpoint", "ep_00000000000000000000000000"),
    ("delivery", "msg_00000000000000000000000000"),
    ("queue", "nobodys"),
    ("team", "nobodys"),
    ("setting", "no-such-setting"),
    ("message", "no.such-message"),
    ("id", "cs_00000000000000000000000000"),
    ("job", "job_00000000000000000000000000"),
    ("evidence", "ev_00000000000000000000000000"),
    ("name", "nobodys"),
    ("other", "cs_01jd3v5k8h0000000000000000"),
    ("refid", "NOBODYS"),
];

/// Acts that want a thing in another state than the rest do.
const STATES: &[&str] = &["leave", "reopen", "enable"];

impl Seeds {
    /// Names of things that nobody has.
    pub fn nobodys() -> Self {
        Self(NOBODYS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    /// The same with this case and payment.
    pub fn with(mut self, refid: &str, case: &str) -> Self {
        self.0.insert("name", "intake".to_owned());
        self.0.insert("job", case.replacen("cs_", "job_", 1));
        self.0.insert("refid", refid.to_owned());
        self.0.insert("id", case.to_owned());
        self
    }

    /// The same with a second case, for bodies that name one.
    pub fn beside(mut self, other: &str) -> Self {
        self.0.insert("other", other.to_owned());
        self
    }

    /// The same with a file of the case.
    pub fn holding(mut self, file: &str) -> Self {
        self.0.insert("evidence", file.to_owned());
        self
    }

    /// A body that the route takes, about these.
    pub fn body(&self, route: &Route) -> Option<String> {
        let other = self.0.get("other").map_or(EXAMPLE_CASE, String::as_str);
        body(route).map(|body| body.replace(EXAMPLE_OTHER, other).replace(EXAMPLE_CASE, other))
    }

    /// The route's path with every name filled in, and with what its query must name.
    pub fn filled(&self, route: &Route) -> String {
        let last = route.path.rsplit('/').next().unwrap_or("");
        let state = STATES.iter().find(|state| **state == last);
        let fill = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}'))
        {
            None => part.to_owned(),
            Some(name) => {
                let special =
                    state.and_then(|state| self.0.get(format!("{state} {name}").as_str()));
                let value = special.or_else(|| self.0.get(name));
                value.unwrap_or_else(|| panic!("nothing stands for {{{name}}}: seed it")).clone()
            }
        };
        let path = route.path.split('/').map(fill).collect::<Vec<_>>().join("/");
        match (route.path, self.0.get("refid")) {
            ("/api/v1/status", Some(refid)) => format!("{path}?refid={refid}"),
            _ => path,
        }
    }

    /// What stands for a name.
    pub fn named(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// Every value that belongs to the account alone.
    pub fn owned(&self) -> impl Iterator<Item = &str> {
        let common = ["setting", "message", "slug", "name"];
        self.0
            .iter()
            .filter(move |(name, _)| !common.contains(name))
            .map(|(_, value)| value.as_str())
    }

    fn put(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.insert(name, value.into());
    }
}

impl House {
    /// What the operator has done, in this scope.
    pub async fn operate(&self, scope: Scope, act: AdminAct) -> (String, String) {
        let about = act.word();
        let order = AdminOrder::new(Actor::operator(scope), act);
        match self.world.desk.administer(&order).await {
            Ok(done) => (done.id, done.secret.map_or_else(String::new, |one| one.reveal().into())),
            Err(failure) => panic!("{about}: {failure:?}"),
        }
    }

    /// A token of the whole installation.
    pub async fn installation_token(&self, scope: Scope) -> String {
        let (name, role) = ("installer".to_owned(), Role::Administrator);
        let token =
            NewToken { name, role, rights: None, days: 1, member: None, installation: true };
        self.operate(scope, AdminAct::TokenAdd { token }).await.1
    }

    /// The id of a picture that was given to the case.
    pub async fn file(&self, scope: Scope, case: &str, name: &str) -> String {
        let token = self.token(scope, Role::Agent, "photographer").await;
        let request = Request::post(format!("/api/v1/cases/{case}/evidence"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "multipart/form-data; boundary=XX");
        let body = Body::from(form(&[(name, &png(4, 4))]));
        let answer = self.send(request.body(body).expect("a request")).await;
        let id = answer.json()["evidence"][0]["id"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| panic!("{answer:?}"))
    }

    /// One of everything; `number` keeps those of one house apart.
    pub async fn seed(&self, scope: Scope, number: usize) -> Seeds {
        self.seed_for(scope, number, "{login} {endpoint} {member} {setting}").await
    }

    /// One of everything that this path needs.
    pub async fn seed_for(&self, scope: Scope, number: usize, path: &str) -> Seeds {
        let mut seeds = Seeds::nobodys();
        seeds.put("slug", "example");
        self.seed_examples(scope).await;
        let named = |names: &[&str]| names.iter().any(|name| path.contains(name));
        if named(&["{member}", "{team}", "{queue}"]) {
            self.seed_people(scope, number, &mut seeds).await;
        }
        if named(&["{key}", "{login}", "{token}"]) {
            self.seed_credentials(scope, number, &mut seeds).await;
        }
        if named(&["{endpoint}", "{delivery}"]) {
            let endpoint = self.seed_endpoint(scope, number, &mut seeds).await;
            self.seed_delivery(scope, &endpoint, &mut seeds).await;
        }
        if named(&["{setting}", "{message}"]) {
            self.seed_values(scope, number, &mut seeds).await;
        }
        seeds
    }

    /// What the examples of the document speak of.
    async fn seed_examples(&self, scope: Scope) {
        let by = Actor::operator(scope);
        let there = self.world.desk.see_members(&by).await.expect("members");
        let email = "ann@example.test".to_owned();
        if !there.iter().any(|member| member.email == email) {
            let (name, role) = ("Ann".to_owned(), Role::Agent);
            self.operate(scope, AdminAct::MemberAdd { email, name, role }).await;
        }
        let there = self.world.desk.see_queues(&by).await.expect("queues");
        let name = "vouchers".to_owned();
        if !there.iter().any(|queue| queue.name == name) {
            let label = "Vouchers".to_owned();
            self.operate(scope, AdminAct::QueueAdd { name, label, team: None }).await;
        }
    }

    async fn seed_values(&self, scope: Scope, number: usize, seeds: &mut Seeds) {
        let (key, value) = (SettingKey::SenderName, format!("Acme {number}"));
        seeds.put("setting", key.word());
        self.operate(scope, AdminAct::SettingSet { key, value }).await;
        let (key, text) = (MessageKey::Received, format!("We have it, {number}."));
        seeds.put("message", key.word());
        self.operate(scope, AdminAct::MessageSet { key, text }).await;
    }

    async fn seed_people(&self, scope: Scope, number: usize, seeds: &mut Seeds) {
        let add = |email: String| {
            let (name, role) = ("Somebody".to_owned(), Role::Agent);
            self.operate(scope, AdminAct::MemberAdd { email, name, role })
        };
        let (first, _) = add(format!("one-{number}@example.test")).await;
        seeds.put("member", first);
        let (second, _) = add(format!("two-{number}@example.test")).await;
        let id = MemberId::parse(&second).expect("an id");
        self.operate(scope, AdminAct::MemberDisable { id }).await;
        seeds.put("enable member", second);
        let ann = "ann@example.test";
        for (name, state) in [("team", "team"), ("leave team", "left")] {
            let (team, label) = (format!("{state}-{number}"), "A team".to_owned());
            self.operate(scope, AdminAct::TeamAdd { name: team.clone(), label }).await;
            if name == "leave team" {
                let (name, member) = (team.clone(), ann.to_owned());
                self.operate(scope, AdminAct::TeamJoin { name, member }).await;
            }
            seeds.put(name, team);
        }
        for (name, state) in [("queue", "queue"), ("reopen queue", "retired")] {
            let (queue, label) = (format!("{state}-{number}"), "A queue".to_owned());
            let act = AdminAct::QueueAdd { name: queue.clone(), label, team: None };
            self.operate(scope, act).await;
            if name == "reopen queue" {
                self.operate(scope, AdminAct::QueueRetire { name: queue.clone() }).await;
            }
            seeds.put(name, queue);
        }
    }

    async fn seed_credentials(&self, scope: Scope, number: usize, seeds: &mut Seeds) {
        let act = AdminAct::KeyAdd { label: format!("a shop {number}"), rights: None };
        seeds.put("key", self.operate(scope, act).await.0);
        let username = format!("login-{}-{number}", scope.number());
        seeds.put("login", self.operate(scope, AdminAct::LoginAdd { username }).await.0);
        let (name, role) = (format!("a page {number}"), Role::Client);
        let token =
            NewToken { name, role, rights: None, days: 1, member: None, installation: false };
        seeds.put("token", self.operate(scope, AdminAct::TokenAdd { token }).await.0);
    }

    async fn seed_endpoint(&self, scope: Scope, number: usize, seeds: &mut Seeds) -> EndpointId {
        let add = |place: &str| {
            let url = format!("https://acme.example/{place}/{number}");
            self.operate(scope, AdminAct::EndpointAdd { url })
        };
        let (on, off) = (add("on").await.0, add("off").await.0);
        let id = EndpointId::parse(&off).expect("an id");
        self.operate(scope, AdminAct::EndpointDisable { id }).await;
        seeds.put("endpoint", on.clone());
        seeds.put("enable endpoint", off);
        EndpointId::parse(&on).expect("an id")
    }

    /// A message to the endpoint that was given up.
    async fn seed_delivery(&self, scope: Scope, endpoint: &EndpointId, seeds: &mut Seeds) {
        let (desk, lease) = (&self.world.desk, Millis::minutes(1));
        self.operate(scope, AdminAct::EndpointTest { id: endpoint.clone() }).await;
        for message in desk.claim(1_000, lease).await.expect("claimed") {
            let to = vec![(endpoint.clone(), "{}".to_owned())];
            if matches!(message.parcel, Parcel::Telling(domain::message::Telling::Ping(_))) {
                assert!(desk.spread(&message, to).await.expect("spread"));
            }
        }
        for message in desk.claim(1_000, lease).await.expect("claimed") {
            let ours =
                matches!(&message.parcel, Parcel::Webhook { endpoint: to, .. } if to == endpoint);
            if !ours {
                continue;
            }
            seeds.put("delivery", message.id.as_str());
            let (message, leased_until) = (message.id, message.leased_until);
            let (detail, end) = ("the receiver answered 500".to_owned(), TryEnd::GivenUp);
            let end = Try { message, leased_until, number: 1, end, detail };
            assert!(desk.record(scope, end).await.expect("recorded"));
        }
    }
}
