//! The examples of the document are what the server answers. Each operation is asked in a world of
//! its own, prepared by `clients/steps.json`, with the request that the document shows, and its
//! answer is held against the one it shows. Ids are numbered, so that they tell who is who.
//!
//! With `REDRESS_ACCEPT=1` the answers are written to `contracts/native/parts/answers.json`; the
//! document has them when it is built again, so accept twice and read the difference.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dialects::native::all_routes;
use domain::admin::AdminAct;
use domain::admin::acts::NewToken;
use domain::{Millis, Role};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use store::engine::EngineKind;

use crate::evidence::{form, png};
use crate::support::{Answer, House, document};

/// What comes before an operation, for all who try the API.
static STEPS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../clients/steps.json")).expect("the steps")
});

/// What is there beside it in an example: an empty list would show nothing.
const BESIDE: &[(&str, &[&str])] = &[
    ("assignCase", &["member"]),
    ("exportCases", &["case"]),
    ("exportEvents", &["case"]),
    ("exportTransactions", &["payment"]),
    ("getSearchIndex", &["case"]),
    ("listCases", &["case"]),
    ("listEndpoints", &["endpoint"]),
    ("listHistory", &["member"]),
    ("listJobs", &["case", "job"]),
    ("listKeys", &["key"]),
    ("listLogins", &["login"]),
    ("listMembers", &["member"]),
    ("listMessages", &["message-set"]),
    ("listQueues", &["queue"]),
    ("listReads", &["case"]),
    ("listSettings", &["setting-set"]),
    ("listTeams", &["team", "member", "joined"]),
    ("listTenants", &["tenant"]),
    ("listTokens", &["token"]),
    ("listTransactions", &["payment"]),
    ("search", &["case"]),
];

/// Names that are made up when others try the API are plain words in an example.
const WORDS: &[(&str, &str)] = &[
    ("addLogin", "acme-staging"),
    ("addMember", "ann"),
    ("addQueue", "vouchers"),
    ("addTeam", "front-desk"),
    ("addTenant", "acme"),
    ("setMessage", "we look into it"),
];

/// The payment that examples are about.
const REFID: &str = "INV-2026-000123";

/// The token of an invitation, as the document's request shows it.
const INVITATION: &str = "inv_0f3a5c7e90b2d4f61f3a5c7e90b2d4f6";

/// Worlds at once: each waits for its disk most of the time.
const TALES_AT_ONCE: usize = 4;

/// Every id is told with this beginning and its number.
const ID: &str = "01jd3v5k8h";

/// Letters of an id behind its kind.
const ID_LETTERS: usize = 26;

/// An operation as the document has it.
#[derive(Clone, Copy)]
struct Operation {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    said: &'static Value,
}

impl Operation {
    /// The status of its success, and its JSON.
    fn success(self) -> (&'static str, &'static Value) {
        let all = self.said["responses"].as_object().expect("answers");
        let (status, said) = all.iter().find(|one| one.0.starts_with('2')).expect("a success");
        (status, &said["content"]["application/json"])
    }
}

fn operations() -> impl Iterator<Item = Operation> {
    all_routes().map(|route| {
        let said = &document()["paths"][route.path][route.method.to_ascii_lowercase()];
        let name = said["operationId"].as_str().expect("a name");
        Operation { name, method: route.method, path: route.path, said }
    })
}

fn named(name: &str) -> Operation {
    operations().find(|one| one.name == name).unwrap_or_else(|| panic!("no operation {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn its_examples_are_what_is_answered() {
    // The document itself is too long to be its own example.
    let asked = operations().filter(|one| one.name != "openapi" && one.success().1.is_object());
    let tales = futures_util::stream::iter(asked).map(|one| tokio::spawn(told(one)));
    let mut answers = Map::new();
    let mut wrong = Vec::new();
    let mut tales = tales.buffered(TALES_AT_ONCE);
    while let Some(tale) = tales.next().await {
        let (one, answered, shown) = tale.expect("a tale to its end");
        let (status, content) = one.success();
        if answered != status {
            wrong.push(format!("{}: {answered} {shown}", one.name));
            continue;
        }
        let content = &content["example"];
        if *content != shown && std::env::var_os("REDRESS_ACCEPT").is_none() {
            wrong.push(format!("{}\n  says    {content}\n  answers {shown}", one.name));
        }
        let content = json!({ "application/json": { "example": shown } });
        let operation = json!({ "responses": { status: { "content": content } } });
        let methods = answers.entry(one.path).or_insert_with(|| json!({}));
        methods[one.method.to_ascii_lowercase()] = operation;
    }
    if std::env::var_os("REDRESS_ACCEPT").is_some() {
        let file =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/native/parts/answers.json");
        let text = format!("{:#}\n", json!({ "paths": answers }));
        std::fs::write(file, text).expect("the file can be written");
    }
    assert!(wrong.is_empty(), "{} examples are false:\n{}", wrong.len(), wrong.join("\n"));
}

/// Asks the operation in a world of its own: the status, and the answer as the document shows it.
async fn told(one: Operation) -> (Operation, String, Value) {
    let mut tale = Tale::new().await;
    tale.prepare(one.name).await;
    let body = &one.said["requestBody"]["content"]["application/json"]["example"];
    let answer = tale.ask(one, "", &tale.real(body)).await;
    (one, answer.status.as_str().to_owned(), tale.shown(&answer.json()))
}

/// One operation's world.
struct Tale {
    house: House,
    token: String,
    names: BTreeMap<String, String>,
}

impl Tale {
    async fn new() -> Self {
        let house = House::new(EngineKind::Sqlite).await;
        let (name, role) = ("back office".to_owned(), Role::Administrator);
        let token =
            NewToken { name, role, rights: None, days: 1, member: None, installation: true };
        let token = house.operate(house.world.scope, AdminAct::TokenAdd { token }).await.1;
        let defaults = STEPS["defaults"].as_object().expect("defaults").iter();
        let names = defaults.map(|(name, value)| (name.clone(), text(value))).collect();
        Self { house, token, names }
    }

    /// Makes what the operation needs and what its example shows.
    async fn prepare(&mut self, operation: &str) {
        if ["listDeliveries", "replayDelivery"].contains(&operation) {
            let path = "{endpoint} {delivery}";
            let seeds = self.house.seed_for(self.house.world.scope, 1, path).await;
            for name in ["endpoint", "delivery"] {
                self.names.insert(name.into(), seeds.named(name).to_owned());
            }
        } else {
            let needed = STEPS["operations"][operation]["before"].as_array().into_iter().flatten();
            let mut before: Vec<&str> = needed.filter_map(Value::as_str).collect();
            let beside = BESIDE.iter().filter(|(name, _)| *name == operation);
            before.extend(beside.flat_map(|(_, more)| more.iter()));
            for name in before {
                self.made(name).await;
            }
        }
        if operation == "listReads" {
            self.ask(named("getCase"), "", &Value::Null).await;
        }
        self.house.world.desk.write_reads_behind().await.expect("written");
        // What is cancelled was not worked yet.
        self.swept(operation != "cancelJob").await;
    }

    /// The steps of one name. A case is about a payment, so that all its fields have something.
    async fn made(&mut self, name: &str) {
        let payment = json!([
            { "let": { "refid": REFID }, "operation": "importTransactions",
              "body": { "transactions": [{
                "refid": "{{refid}}", "trxid": "TRX-889911", "product": "TNB",
                "account": "220001234513", "amount_minor": 1250, "currency": "MYR",
                "status": "successful", "status_at": "2026-03-01T09:59:00Z",
                "created_at": "2026-03-01T09:58:00Z", "provider": "tnb", "payer_ref": "payer-7",
              }] } },
        ]);
        let case = json!([
            { "operation": "openCase", "keep": { "case": "id" }, "body": {
                "channel": "phone", "refid": "{{refid}}", "customer": "C-2204", "language": "ms",
                "addresses": ["buyer@example.com"], "says": "She paid twice.",
            } },
        ]);
        let about_a_payment = [payment.clone(), case].map(|steps| steps[0].clone());
        let steps = match name {
            "case" if !self.names.contains_key("refid") => json!(about_a_payment),
            "case" => json!([about_a_payment[1]]),
            "payment" => payment,
            _ => STEPS["steps"][name].clone(),
        };
        for step in steps.as_array().unwrap_or_else(|| panic!("no steps {name}")) {
            self.carry_out(step).await;
            self.house.world.clock.tick(Millis::minutes(1));
        }
    }

    async fn carry_out(&mut self, step: &Value) {
        let one = named(step["operation"].as_str().expect("an operation"));
        for (name, value) in step["let"].as_object().into_iter().flatten() {
            let value = text(&self.filled(one.name, value));
            self.names.insert(name.clone(), value);
        }
        let body = match step.get("body") {
            Some(body) => self.filled(one.name, body),
            None => self.real(&one.said["requestBody"]["content"]["application/json"]["example"]),
        };
        let answer = self.ask(one, step["as"].as_str().unwrap_or(""), &body).await;
        assert!(answer.status.is_success(), "{step}: {answer:?}");
        for (name, place) in step["keep"].as_object().into_iter().flatten() {
            let place = format!("/{}", text(place).replace('.', "/"));
            let value = answer.json().pointer(&place).map(text).expect("what is to be kept");
            self.names.insert(name.clone(), value);
        }
    }

    /// What the sweeps do in their time.
    async fn swept(&self, jobs: bool) {
        let desk = &self.house.world.desk;
        while jobs && desk.work_a_job().await.expect("a job") {}
        while desk.seal_once().await.expect("a seal").is_some() {}
        while desk.index_once().await.expect("a step") > 0 {}
        while desk.number_feed_once().await.expect("numbers") > 0 {}
    }

    async fn ask(&self, one: Operation, who: &str, body: &Value) -> Answer {
        let fill = |part: &str| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            name.map_or_else(
                || part.to_owned(),
                |name| {
                    let known = STEPS["names"][name].as_str().unwrap_or(name);
                    self.names
                        .get(known)
                        .unwrap_or_else(|| panic!("{}: no {known}", one.name))
                        .clone()
                },
            )
        };
        let mut path = one.path.split('/').map(fill).collect::<Vec<_>>().join("/");
        let query = STEPS["operations"][one.name]["query"].as_object().into_iter().flatten();
        for (number, (name, value)) in query.enumerate() {
            let value = text(&self.filled(one.name, value)).replace(' ', "+");
            path += &format!("{}{name}={value}", if number == 0 { "?" } else { "&" });
        }
        if one.name == "search" {
            path += "&facets=true";
        }
        let token = self.names.get(who).unwrap_or(&self.token);
        if one.said["requestBody"]["content"]["multipart/form-data"].is_object() {
            let form = form(&[("photo.png", &png(4, 4))]);
            let request = http::Request::post(path)
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "multipart/form-data; boundary=XX");
            return self.house.send(request.body(form.into()).expect("a request")).await;
        }
        let open = one.said["security"].as_array().is_some_and(Vec::is_empty);
        let body = (!body.is_null()).then(|| body.to_string());
        let token = if open { "" } else { token };
        self.house.ask(token, one.method, &path, &[], body.as_deref()).await
    }

    /// A step's value with its `{{names}}` put in.
    fn filled(&self, operation: &str, value: &Value) -> Value {
        each_text(value, &mut |text| {
            let word = WORDS.iter().find(|(name, _)| *name == operation);
            let word = word.map_or("", |(_, word)| word);
            let mut text = text.replace("{{$guid}}", word);
            for (name, value) in &self.names {
                text = text.replace(&format!("{{{{{name}}}}}"), value);
            }
            text.trim_end().to_owned()
        })
    }

    /// What stands in the document for what is there.
    fn stand_ins(&self) -> Vec<(String, String)> {
        let told = [
            ("case", format!("cs_{ID}{:016}", 0)),
            ("other", format!("cs_{ID}{:016}", 1)),
            ("evidence", format!("ev_{ID}{:016}", 0)),
            ("job", format!("job_{ID}{:016}", 0)),
            ("member", format!("mb_{ID}{:016}", 0)),
            ("invitation", INVITATION.to_owned()),
        ];
        let there = told.into_iter();
        there.filter_map(|(name, told)| Some((self.names.get(name)?.clone(), told))).collect()
    }

    /// The document's request about what is there.
    fn real(&self, example: &Value) -> Value {
        let pairs = self.stand_ins();
        each_text(example, &mut |text| {
            pairs.iter().fold(text.to_owned(), |text, (real, told)| text.replace(told, real))
        })
    }

    /// An answer as the document shows it: ids by their numbers.
    fn shown(&self, answer: &Value) -> Value {
        let mut pairs = self.stand_ins();
        each_text(answer, &mut |text| {
            for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                let Some((kind, rest)) = word.split_once('_') else { continue };
                if rest.len() != ID_LETTERS || pairs.iter().any(|(real, _)| real == word) {
                    continue;
                }
                // The first two cases have their names.
                let ours = format!("{kind}_{ID}");
                let least = if kind == "cs" && self.names.contains_key("case") { 2 } else { 0 };
                let known = pairs.iter().filter(|(_, told)| told.starts_with(&ours)).count();
                pairs.push((word.to_owned(), format!("{ours}{:016}", known.max(least))));
            }
            pairs.iter().fold(text.to_owned(), |text, (real, told)| text.replace(real, told))
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The value with each of its texts changed.
fn each_text(value: &Value, change: &mut dyn FnMut(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(text).into(),
        Value::Array(list) => list.iter().map(|one| each_text(one, change)).collect(),
        Value::Object(fields) => {
            let changed = fields.iter().map(|(name, one)| (name.clone(), each_text(one, change)));
            Value::Object(changed.collect())
        }
        other => other.clone(),
    }
}
