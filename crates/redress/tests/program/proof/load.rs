//! A mixed load from outside: reports by signature, acts of people, the same payment reported twice
//! at once. It notes what the program acknowledged and nothing else; whatever got no answer may
//! have happened or not.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::support::{Place, client};

/// Reporters and people at work at once.
const REPORTERS: u32 = 12;
const PEOPLE: u32 = 4;

/// Every so many reports, the payment of the one before is reported again at the same time.
const TWICE_EVERY: u32 = 6;

/// Longer than any answer takes on a slow machine: past it the connection is broken.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Between two requests of one client where servers come and go: the load is to last.
const SLOW_PAUSE: Duration = Duration::from_millis(40);

/// Words of an answer that leaves open whether the request was carried out.
const UNCERTAIN: &str = "not known";

/// What a report was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Taken, as this case.
    Taken(String),
    /// The payment has an open case.
    Duplicate,
    /// Nothing, or that it can be asked again: nobody here knows.
    Nothing,
}

/// An answer to a report, as it came.
pub struct Answer {
    pub status: u16,
    pub case: Option<String>,
    pub retry_after: Option<String>,
    pub text: String,
}

/// What the program acknowledged.
#[derive(Default)]
pub struct Ledger {
    /// The case of each payment whose report was taken.
    pub taken: BTreeMap<u32, String>,
    /// Payments whose reports got no answer, with their idempotency keys.
    pub unknown: Vec<(u32, String)>,
    /// Acts that were taken: the case, its version then, what was said.
    pub acts: Vec<(String, i64, String)>,
}

/// Someone outside with an API key and a token.
#[derive(Clone)]
pub struct Outsider {
    http: reqwest::Client,
    /// The servers, asked in turn.
    bases: Arc<RwLock<Vec<String>>>,
    /// How long an answer is waited for, between two requests, and whether servers may be in
    /// trouble.
    answer_max: Duration,
    pause: Duration,
    rough: bool,
    /// How far the servers' clocks were set ahead, in seconds.
    ahead: Arc<AtomicI64>,
    key: String,
    secret: Vec<u8>,
    token: String,
    /// Makes the nonces of this run unlike those of others.
    mark: u64,
    payments: u32,
    /// The next payment to report, and the next nonce.
    next: Arc<AtomicU32>,
    nonce: Arc<AtomicU32>,
    ledger: Arc<Mutex<Ledger>>,
}

/// An installation's credentials, as its commands printed them.
pub struct Credentials {
    pub key: String,
    pub secret: String,
    pub token: String,
    /// The token's name, without what it opens.
    pub token_id: String,
}

/// Makes an account whose webhooks go to `hook`, with so many payments, by the usual commands;
/// tells `done` after each.
pub fn install(
    place: &Place,
    hook: &str,
    payments: u32,
    mut done: impl FnMut(&str),
) -> Credentials {
    let scope = ["--tenant", "acme", "--env", "production"];
    let with = |words: &[&str]| place.json(&[words, &scope, &["--json"]].concat());
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    place.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
    done("tenant");
    let key = with(&["key", "add"]);
    done("key");
    let token = with(&["token", "add", "--role", "agent", "--name", "ann@acme.example"]);
    done("token");
    with(&["webhook", "add", "--url", hook]);
    done("webhook");
    let mut rows = "refid,trxid,product,account,amount_minor,currency,status,status_at,created_at,\
                    provider,payer_ref\n"
        .to_owned();
    for number in 0..payments {
        let _ = writeln!(
            rows,
            "R-{number},T-{number},TNB,220001234513,1250,MYR,successful,2026-01-05T10:11:12Z,\
             2026-01-05T10:11:10Z,tnb,"
        );
    }
    let file = place.file("payments.csv", &rows);
    place.ok(&[&["import", "transactions", &file], &scope[..]].concat());
    done("import");
    Credentials {
        key: text(&key["api_key"]),
        secret: text(&key["secret"]),
        token: text(&token["token"]),
        token_id: text(&token["id"]),
    }
}

#[expect(clippy::disallowed_methods, reason = "an outside client asks its own machine")]
fn seconds_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("seconds")
}

impl Outsider {
    /// Someone with these credentials, who knows of so many payments.
    pub fn new(credentials: &Credentials, mark: u64, payments: u32) -> Self {
        Self {
            http: client(None),
            bases: Arc::default(),
            answer_max: ANSWER_MAX,
            pause: Duration::ZERO,
            rough: false,
            ahead: Arc::default(),
            key: credentials.key.clone(),
            secret: STANDARD.decode(&credentials.secret).expect("Base64"),
            token: credentials.token.clone(),
            mark,
            payments,
            next: Arc::default(),
            nonce: Arc::default(),
            ledger: Arc::default(),
        }
    }

    /// The same, talking to the server at this address.
    pub fn at(&self, base: &str) -> Self {
        let bases = Arc::new(RwLock::new(vec![base.to_owned()]));
        Self { bases, http: client(None), ..self.clone() }
    }

    /// The same, for servers that are killed and stopped: answers are waited for that long only.
    pub fn rough(&self, answer_max: Duration) -> Self {
        let bases = Arc::default();
        let pause = SLOW_PAUSE;
        Self { bases, answer_max, pause, rough: true, http: client(None), ..self.clone() }
    }

    /// The same with pauses, for a load that is to last.
    pub fn slowly(&self) -> Self {
        let bases = Arc::default();
        Self { bases, pause: SLOW_PAUSE, http: client(None), ..self.clone() }
    }

    /// Whether servers may be in trouble.
    pub fn is_rough(&self) -> bool {
        self.rough
    }

    /// From now on these servers are asked in turn.
    pub fn ask(&self, bases: Vec<String>) {
        *self.bases.write().expect("nobody panicked") = bases;
    }

    /// Sets the client's clock that far ahead, in seconds.
    pub fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }

    fn base(&self, turn: u32) -> String {
        let bases = self.bases.read().expect("nobody panicked");
        bases[usize::try_from(turn).expect("a number") % bases.len()].clone()
    }

    /// Whether this is what a server may say while its database is away. It never says that it is
    /// broken.
    fn may_say(&self, status: u16, text: &str) -> bool {
        self.rough && (matches!(status, 503 | 504) || (status == 500 && text.contains(UNCERTAIN)))
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("nobody panicked")
    }

    /// Reports on payment `number` once.
    pub async fn report(&self, number: u32, idempotency: &str) -> Said {
        let turn = self.nonce.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{:016x}-{turn:08}", self.mark);
        let Some(Answer { status, case, text, .. }) =
            self.send(turn, number, &nonce, idempotency).await
        else {
            return Said::Nothing;
        };
        if self.may_say(status, &text) {
            return Said::Nothing;
        }
        assert_eq!(status, 200, "R-{number}: {text}");
        let said: Value = serde_json::from_str(&text).expect("JSON");
        match said["data"]["status"].as_str() {
            Some("Success") => Said::Taken(case.expect("a case")),
            Some("Failed") => Said::Duplicate,
            _ => panic!("R-{number}: {text}"),
        }
    }

    /// Sends a report to the server whose turn it is.
    pub async fn send(
        &self,
        turn: u32,
        number: u32,
        nonce: &str,
        idempotency: &str,
    ) -> Option<Answer> {
        let body = json!({
            "refid": format!("R-{number}"),
            "user_email": [format!("buyer{number}@example.test")],
            "description": format!("Bill {number} is paid and still shows as unpaid."),
        });
        let body = body.to_string();
        let time = seconds_now() + self.ahead.load(Ordering::Relaxed);
        let post = reqwest::Method::POST;
        let signature =
            dialects::signature::sign(&self.secret, time, nonce, &post, "", body.as_bytes());
        let asked = self
            .http
            .post(format!("{}/v2/transactions/check", self.base(turn)))
            .timeout(self.answer_max)
            .header("Content-Type", "application/json")
            .header("X-Api-Key", &self.key)
            .header("X-Timestamp", time.to_string())
            .header("X-Nonce", nonce)
            .header("X-Signature", signature)
            .header("Idempotency-Key", idempotency)
            .body(body);
        let answer = asked.send().await.ok()?;
        let status = answer.status().as_u16();
        let header = |name| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().expect("text").to_owned())
        };
        let (case, retry_after) = (header("Redress-Case-Id"), header("Retry-After"));
        Some(Answer { status, case, retry_after, text: answer.text().await.ok()? })
    }

    async fn breathe(&self) {
        tokio::time::sleep(self.pause).await;
    }

    /// Loads the server until it answers no more.
    pub async fn load(&self, dead: &Arc<AtomicBool>) {
        let mut tasks = JoinSet::new();
        for _ in 0..REPORTERS {
            tasks.spawn(self.clone().reports(Arc::clone(dead)));
        }
        for person in 0..PEOPLE {
            tasks.spawn(self.clone().acts(person, Arc::clone(dead)));
        }
        while let Some(ended) = tasks.join_next().await {
            ended.expect("a client of the load");
        }
    }

    async fn reports(self, dead: Arc<AtomicBool>) {
        while !dead.load(Ordering::Relaxed) {
            self.breathe().await;
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.payments {
                return;
            }
            let twice = number.is_multiple_of(TWICE_EVERY);
            let (one, other) = (format!("idem-{number}-a"), format!("idem-{number}-b"));
            let said = match twice {
                false => [self.report(number, &one).await, Said::Duplicate],
                true => {
                    let both = tokio::join!(self.report(number, &one), self.report(number, &other));
                    [both.0, both.1]
                }
            };
            let mut ledger = self.ledger();
            let taken = said.iter().filter(|said| matches!(said, Said::Taken(_))).count();
            assert!(taken <= 1, "R-{number}: two cases for one payment: {said:?}");
            assert_ne!(said, [Said::Duplicate, Said::Duplicate], "R-{number} was never reported");
            for (said, key) in said.into_iter().zip([one, other]) {
                match said {
                    Said::Taken(case) => drop(ledger.taken.insert(number, case)),
                    Said::Duplicate => {}
                    Said::Nothing => ledger.unknown.push((number, key)),
                }
            }
        }
    }

    async fn acts(self, person: u32, dead: Arc<AtomicBool>) {
        let mut count = 0_u32;
        while !dead.load(Ordering::Relaxed) {
            self.breathe().await;
            let last = self.ledger().taken.values().last().cloned();
            let Some(case) = last else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            count += 1;
            let base = self.base(count + person);
            let says = format!("{person} says {count} at {base}");
            let (act, body) = match count % 2 {
                0 => ("comment", json!({ "says": says })),
                _ => ("assign", json!({ "queue": "intake", "says": says })),
            };
            if let Some(version) = self.act(&base, &case, act, &body).await {
                self.ledger().acts.push((case, version, says));
            }
        }
    }

    /// Acts on a case; its version afterwards, when that was answered.
    pub async fn act(&self, base: &str, case: &str, act: &str, body: &Value) -> Option<i64> {
        let url = format!("{base}/api/v1/cases/{case}/{act}");
        let asked = self.http.post(url).timeout(self.answer_max).bearer_auth(&self.token);
        let answer = asked
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        let said: Value = serde_json::from_str(&text).expect("JSON");
        match status {
            200 => Some(said["version"].as_i64().expect("a version")),
            // Several people at one case at once: who came too late three times is told so.
            503 | 409 => None,
            _ if self.may_say(status, &text) => None,
            _ => panic!("{status}: {text}"),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}/api/v1/{path}", self.base(0));
        let answer = self.http.get(url).timeout(ANSWER_MAX).bearer_auth(&self.token).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a text");
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// All cases about payment `number`.
    pub async fn cases_of(&self, number: u32) -> Vec<Value> {
        let said = self.get(&format!("cases?refid=R-{number}")).await;
        said["cases"].as_array().expect("cases").clone()
    }

    /// What happened to a case, and what was told of it.
    pub async fn timeline(&self, case: &str) -> Vec<Value> {
        let said = self.get(&format!("cases/{case}/timeline")).await;
        said["entries"].as_array().expect("entries").clone()
    }
}
