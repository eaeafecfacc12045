//! The main job on real input: complaints that people wrote (the training narratives of the US
//! Consumer Financial Protection Bureau, in the folder that `REDRESS_TEST_DATA` names), reported
//! through the signed API against `serve` on an empty directory, read back to the letter, a mail
//! and a webhook received for each. 500 in every run, 10,000 with `REDRESS_LONG=1`: on SQLite with
//! mail as files, on PostgreSQL with mail over SMTP.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use teststand::receivers::{HttpReceiver, HttpRequest, SmtpPlan, SmtpReceiver};

const NARRATIVES: usize = 500;
const NARRATIVES_LONG: usize = 10_000;

/// Reports under way at once, as from a busy app.
const AT_ONCE: usize = 8;

/// How long mails and webhooks may take to arrive after the last report.
const PATIENCE: Duration = Duration::from_secs(120);

struct Program {
    child: Child,
    base: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

struct Setup<'a> {
    dir: &'a Path,
    log: &'a Path,
    smtp_port: Option<u16>,
    storage: Option<&'a str>,
}

impl Setup<'_> {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redress"));
        command.arg("--dir").arg(self.dir).args(args);
        command.env("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
        if let Some(url) = self.storage {
            command.env("REDRESS_STORAGE_ENGINE", "postgres").env("REDRESS_STORAGE_URL", url);
        }
        if let Some(port) = self.smtp_port {
            command
                .env("REDRESS_MAIL_TRANSPORT", "smtp")
                .env("REDRESS_MAIL_SMTP_HOST", "127.0.0.1");
            command.env("REDRESS_MAIL_SMTP_PORT", port.to_string());
            command.env("REDRESS_MAIL_SMTP_TLS", "off");
        }
        command
    }

    fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said} {complained}");
        said
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(args)).expect("a --json answer is JSON")
    }

    fn serve(&self) -> Program {
        let log = std::fs::File::create(self.log).expect("a file for the log");
        let mut child = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .env("REDRESS_LOG_LEVEL", "debug")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("serve starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let base = loop {
            let line = lines.next().expect("serve says where it listens").expect("a line");
            if let Some(at) = line.find("http://") {
                break line[at..].split_whitespace().next().expect("an address").to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Program { child, base }
    }
}

/// What people wrote, or our own sentences when the outside data are not there.
fn narratives() -> Vec<String> {
    let long = std::env::var("REDRESS_LONG").is_ok_and(|value| value == "1");
    let wanted = if long { NARRATIVES_LONG } else { NARRATIVES };
    let Some(folder) = std::env::var_os("REDRESS_TEST_DATA") else {
        eprintln!("REDRESS_TEST_DATA is unset: our own sentences stand in for real narratives");
        let own = |number| format!("Bill {number} paid,\r\nstill \"unpaid\" — கட்டணம் 🙏");
        return (0..wanted).map(own).collect();
    };
    let path = Path::new(&folder).join("cfpb/product_train.csv");
    let mut reader = csv::Reader::from_path(path).expect("the training file reads");
    let texts = reader.records().map(|row| row.expect("a row").get(0).unwrap_or("").to_owned());
    let texts: Vec<String> = texts.take(wanted).collect();
    assert_eq!(texts.len(), wanted);
    texts
}

/// The payments as a file to import: one for each narrative.
fn payments(count: usize) -> String {
    let mut file = "refid,trxid,product,account,amount_minor,currency,status,status_at,created_at,\
                    provider,payer_ref\n"
        .to_owned();
    for number in 0..count {
        let _ = writeln!(
            file,
            "R-{number},T-{number},TNB,220001234513,1250,MYR,successful,2026-01-05T10:11:12Z,\
             2026-01-05T10:11:10Z,tnb,"
        );
    }
    file
}

#[expect(clippy::disallowed_methods, reason = "an outside client asks its own machine")]
fn seconds_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("seconds")
}

#[expect(clippy::disallowed_methods, reason = "an outside client calls whom it likes")]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

#[derive(Clone)]
struct App {
    http: reqwest::Client,
    base: String,
    key: String,
    secret: Vec<u8>,
    token: String,
}

impl App {
    /// Reports as an outside app does and gives the id of the case.
    async fn report(&self, number: usize, says: &str) -> String {
        let body = json!({
            "refid": format!("R-{number}"),
            "user_email": [format!("buyer{number}@example.test")],
            "description": says,
        })
        .to_string();
        let time = seconds_now();
        let nonce = format!("main-job-nonce-{number:08}");
        let post = reqwest::Method::POST;
        let signature =
            dialects::signature::sign(&self.secret, time, &nonce, &post, "", body.as_bytes());
        let answer = self
            .http
            .post(format!("{}/v2/transactions/check", self.base))
            .header("Content-Type", "application/json")
            .header("X-Api-Key", &self.key)
            .header("X-Timestamp", time.to_string())
            .header("X-Nonce", nonce)
            .header("X-Signature", signature)
            .body(body)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{number}");
        let case = answer.headers().get("Redress-Case-Id").expect("a case").to_str().expect("text");
        let case = case.to_owned();
        let said: Value = answer.json().await.expect("JSON");
        assert_eq!(said["data"]["status"], "Success", "{said}");
        case
    }

    async fn read_back(&self, case: &str) -> String {
        let url = format!("{}/api/v1/cases/{case}/timeline", self.base);
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let timeline: Value = answer.json().await.expect("JSON");
        let entries = timeline["entries"].as_array().expect("entries");
        let report = entries.iter().find(|entry| entry["act"] == "report").expect("the report");
        report["says"].as_str().unwrap_or_default().to_owned()
    }
}

/// Reports everything, a few at a time, and gives the case of each.
async fn report_all(app: &App, texts: &[String]) -> Vec<String> {
    let mut cases = Vec::new();
    for (chunk, part) in texts.chunks(AT_ONCE).enumerate() {
        let under_way: Vec<_> = part
            .iter()
            .enumerate()
            .map(|(place, text)| {
                let (app, text) = (app.clone(), text.clone());
                tokio::spawn(async move { app.report(chunk * AT_ONCE + place, &text).await })
            })
            .collect();
        for one in under_way {
            cases.push(one.await.expect("a report"));
        }
    }
    cases
}

/// Waits until `done` and fails with what it last said.
async fn until(what: &str, done: impl Fn() -> Result<(), String>) {
    let since = Instant::now();
    loop {
        match done() {
            Ok(()) => return,
            Err(why) => assert!(since.elapsed() < PATIENCE, "{what}: {why}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The mails that were written as files.
fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join("mail")).expect("the folder for mail is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mails = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    mails.map(|path| std::fs::read_to_string(path).expect("a mail reads")).collect()
}

/// Whether exactly one mail names each case.
fn one_mail_each(mails: &[String], cases: &[String]) -> Result<(), String> {
    let mut left: HashMap<&str, u32> = cases.iter().map(|case| (case.as_str(), 0)).collect();
    for mail in mails {
        let mut words = mail.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named = words.find(|word| word.starts_with("cs_")).unwrap_or_default();
        if let Some(count) = left.get_mut(named) {
            *count += 1;
        }
    }
    let wrong = left.values().filter(|count| **count != 1).count();
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} cases have not exactly one mail")) }
}

/// What arrives has the headers and the shape that the API's document promises.
fn as_documented(request: &HttpRequest) {
    let document: Value =
        serde_json::from_str(dialects::native::document()).expect("the document is JSON");
    let body: Value = serde_json::from_slice(&request.body).expect("an event is JSON");
    let word = body["type"].as_str().expect("a type");
    let operation = &document["webhooks"][word][request.method.to_ascii_lowercase()];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let complaints = teststand::schema::complaints(&document, schema, &body);
    assert!(schema.is_object() && complaints.is_empty(), "{complaints:?} {body}");
    let promised = operation["parameters"].as_array().expect("headers");
    assert_eq!(promised.len(), 3);
    for promised in promised {
        let place = promised["$ref"].as_str().expect("a reference");
        let promised = document.pointer(&place[1..]).expect("a parameter");
        let name = promised["name"].as_str().expect("a name");
        let value = request.header(name).unwrap_or_else(|| panic!("{name} is missing"));
        let complaints =
            teststand::schema::complaints(&document, &promised["schema"], &value.into());
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}

/// Whether every case was told to the receiver, under a signature that holds.
fn webhooks(receiver: &HttpReceiver, secret: &str, cases: &[String]) -> Result<(), String> {
    let key = secret.strip_prefix("whsec_").expect("a webhook secret");
    let key = STANDARD.decode(key).expect("Base64");
    let mut told: HashMap<String, String> = HashMap::new();
    for request in receiver.requests() {
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
        let parts = [id.as_bytes(), b".", time.as_bytes(), b".", request.body.as_slice()];
        let expected = STANDARD.encode(vault::hmac::sign(&key, &parts));
        let signed = header("webhook-signature");
        assert!(signed.split(' ').any(|one| one == format!("v1,{expected}")), "{signed}");
        let event: Value = serde_json::from_slice(&request.body).expect("an event is JSON");
        assert_eq!(event["type"], "case.opened");
        let text = event.to_string();
        let at = text.find("cs_").expect("an event names its case");
        let known = told.insert(text[at..at + 29].to_owned(), id.clone());
        assert!(known.is_none_or(|known| known == id), "one event, one id");
    }
    let missing = cases.iter().filter(|case| !told.contains_key(*case)).count();
    if missing == 0 { Ok(()) } else { Err(format!("{missing} cases were not told")) }
}

async fn main_job(storage: Option<&str>) {
    let place = tempfile::tempdir().expect("a directory");
    let dir = place.path().join("data");
    let log = place.path().join("log");
    let smtp = match storage {
        Some(_) => Some(SmtpReceiver::start(SmtpPlan::default()).await),
        None => None,
    };
    let smtp_port = smtp.as_ref().map(SmtpReceiver::port);
    let setup = Setup { dir: &dir, log: &log, smtp_port, storage };
    let texts = narratives();
    let receiver = HttpReceiver::always(200).await;
    setup.run(&["tenant", "add", "acme", "--name", "Acme", "--email", "ops@acme.example"]);
    let scope = ["--tenant", "acme", "--env", "production"];
    let with = |words: &[&str]| setup.json(&[words, &scope, &["--json"]].concat());
    let key = with(&["key", "add"]);
    let token = with(&["token", "add", "--role", "agent", "--name", "ann"]);
    let hook = with(&["webhook", "add", "--url", &receiver.url("/hook")]);
    let file = place.path().join("payments.csv");
    std::fs::write(&file, payments(texts.len())).expect("the file is written");
    let file = file.to_str().expect("a path");
    setup.run(&[&["import", "transactions", file], &scope[..]].concat());

    let program = setup.serve();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let app = App {
        http: client(),
        base: program.base.clone(),
        key: text(&key["api_key"]),
        secret: STANDARD.decode(text(&key["secret"])).expect("Base64"),
        token: text(&token["token"]),
    };
    let cases = report_all(&app, &texts).await;
    for (case, said) in cases.iter().zip(&texts) {
        assert_eq!(&app.read_back(case).await, said, "{case}");
    }
    let secret = text(&hook["secret"]);
    let mails = || match &smtp {
        None => files(&dir),
        Some(smtp) => {
            let mails = smtp.mails().into_iter();
            mails.map(|mail| String::from_utf8_lossy(&mail.data).into_owned()).collect()
        }
    };
    until("mails", || one_mail_each(&mails(), &cases)).await;
    until("webhooks", || webhooks(&receiver, &secret, &cases)).await;
    as_documented(&receiver.requests()[0]);
    drop(program);
    setup.run(&["audit", "verify"]);
    let log = std::fs::read_to_string(&log).expect("the log reads");
    assert!(log.contains("/v2/transactions/check"), "the log says what was asked");
    let opening: String = texts[0].chars().take(30).collect();
    let secrets = [&text(&key["secret"]), &app.token, &secret, &opening, "buyer0@"];
    for told in secrets {
        assert!(!log.contains(told), "the log at its most talkative tells {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_is_taken_kept_and_told_on_sqlite() {
    main_job(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_is_taken_kept_and_told_on_postgres() {
    main_job(Some(&teststand::engines::fresh_postgres().await)).await;
}
