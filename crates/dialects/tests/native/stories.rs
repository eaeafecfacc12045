//! Every page in `tests/native/stories`, on both engines. A line that begins with a space is what
//! was answered, one that begins with a plus goes on with the line before; the others are acts:
//!
//! ```text
//! pay A-1 successful            report A-1 the voucher never came
//! as agent ann staging          tick 1h
//! queue vouchers
//! work
//! GET /api/v1/cases             POST /api/v1/cases/case#1/wait If-Match:"1" {"on":"customer"}
//! ```
//!
//! With `REDRESS_ACCEPT=1` the pages are written as they read on SQLite; read the difference
//! before committing it.

use std::fmt::Write as _;

use desk::outbox::{Claimed, Parcel};
use domain::changes::{Try, TryEnd};
use domain::message::Telling;
use domain::payment::PaymentStatus;
use domain::{Millis, Role};
use serde_json::Value;
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::support::{Answer, House};

/// JSON longer than this is told over several lines, in characters.
const LINE_CHARS: usize = 96;

/// Headers worth telling.
const HEADERS: [&str; 6] =
    ["etag", "retry-after", "www-authenticate", "idempotent-replayed", "allow", "location"];

#[tokio::test(flavor = "multi_thread")]
async fn stories() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/native/stories");
    let entries = std::fs::read_dir(folder).expect("the stories are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let page = std::fs::read_to_string(&path).expect("a story reads");
        for kind in BOTH {
            check(kind, &path.display().to_string(), &page).await;
        }
    }
}

async fn check(kind: EngineKind, name: &str, page: &str) {
    let told = tell(kind, page).await;
    if std::env::var_os("REDRESS_ACCEPT").is_some() {
        if kind == EngineKind::Sqlite {
            std::fs::write(name, &told).expect("the story is written");
        }
        return;
    }
    assert!(told == page, "{name} on {kind:?} reads\n{told}\ninstead of\n{page}");
}

/// What is remembered while a story is told.
struct Teller {
    house: House,
    token: String,
    /// Ids in the order in which they were seen: told by number.
    ids: Vec<String>,
}

async fn tell(kind: EngineKind, page: &str) -> String {
    let mut teller = Teller { house: House::new(kind).await, token: String::new(), ids: vec![] };
    let mut told = String::new();
    let mut lines = page.lines().filter(|line| !line.starts_with(' ')).peekable();
    while let Some(line) = lines.next() {
        let _ = writeln!(told, "{line}");
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut act = line.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with('+')) {
            let _ = writeln!(told, "{more}");
            act.push('\n');
            act.push_str(more.trim_start_matches('+'));
        }
        if let Some(answer) = teller.step(&act).await {
            told.push_str(&teller.numbered(&answer));
        }
    }
    told
}

impl Teller {
    async fn step(&mut self, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let scope = |words: &[&str]| {
            let named = words.iter().find(|word| ["staging", "other"].contains(word));
            self.house.scope(named.unwrap_or(&"production"))
        };
        match words.as_slice() {
            ["tick", hours] => {
                let hours = hours.trim_end_matches('h').parse().expect("hours");
                self.house.world.clock.tick(Millis::hours(hours));
            }
            ["pay", refid, status, rest @ ..] => {
                let status = PaymentStatus::parse(status).expect("a status");
                self.house.world.pay(scope(rest), refid, status).await;
            }
            ["report", refid, says @ ..] => {
                let case = self.house.report(scope(&[]), refid, &says.join(" ")).await;
                self.number(case.as_str());
            }
            ["as", role, name, rest @ ..] => {
                let role = Role::parse(role).expect("a role");
                self.token = self.house.token(scope(rest), role, name).await;
            }
            ["queue", name] => self.house.world.queue(name).await,
            ["seal"] => while self.house.world.desk.seal_once().await.expect("a seal").is_some() {},
            ["work"] => while self.house.world.desk.work_a_job().await.expect("a job is worked") {},
            ["deliver", ends @ ..] => self.deliver(ends).await,
            [method @ ("GET" | "POST" | "PUT"), path, ..] => {
                return Some(self.request(line, method, path).await);
            }
            other => panic!("no such line in a story: {other:?}"),
        }
        None
    }

    /// Claims what waits, and ends the tries as it is said, one word for each: by age, and the
    /// mail of an instant before its event.
    async fn deliver(&self, ends: &[&str]) {
        let desk = &self.house.world.desk;
        let mut claimed = desk.claim(10, Millis::minutes(1)).await.expect("a claim");
        let is_mail = |one: &Claimed| one.parcel == Parcel::Telling(Telling::Acknowledge);
        claimed.sort_by_key(|one| (one.at, !is_mail(one)));
        assert_eq!(claimed.len(), ends.len());
        for (message, end) in claimed.into_iter().zip(ends) {
            let Claimed { id, scope, attempts, leased_until, .. } = message;
            let (end, detail) = match *end {
                "done" => (TryEnd::Done, "250 taken"),
                "again" => (TryEnd::Again { due: leased_until }, "451 later"),
                _ => (TryEnd::GivenUp, "550 no such mailbox"),
            };
            let detail = detail.to_owned();
            let number = attempts + 1;
            let end = Try { message: id, leased_until, number, end, detail };
            assert!(desk.record(scope, end).await.expect("a record"));
        }
    }

    async fn request(&mut self, line: &str, method: &str, path: &str) -> String {
        let (head, body) = match line.find(['{', '[']) {
            Some(place) => (&line[..place], Some(self.meant(&line[place..]))),
            None => (line, None),
        };
        let headers: Vec<(&str, &str)> =
            head.split_whitespace().skip(2).filter_map(|header| header.split_once(':')).collect();
        let path = self.meant(path);
        let answer = self.house.ask(&self.token, method, &path, &headers, body.as_deref()).await;
        if let Some(next) = answer.json()["next"].as_str() {
            self.number(next);
        }
        shown(&answer)
    }

    /// A text with numbers instead of ids, numbering what is new.
    fn numbered(&mut self, text: &str) -> String {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if let Some((_, rest)) = word.split_once('_')
                && rest.len() == 26
            {
                self.number(word);
            }
        }
        let mut told = text.to_owned();
        for (place, id) in self.ids.iter().enumerate() {
            told = told.replace(id, &self.name(place));
        }
        told
    }

    fn number(&mut self, id: &str) {
        if !self.ids.iter().any(|known| known == id) {
            self.ids.push(id.to_owned());
        }
    }

    /// `case#2`, `message#1`, `next#1`: the second case, the first message, the first cursor.
    fn name(&self, place: usize) -> String {
        let own = kind(&self.ids[place]);
        let number = self.ids[..=place].iter().filter(|id| kind(id) == own).count();
        format!("{own}#{number}")
    }

    /// A text with the ids that its numbers mean.
    fn meant(&self, text: &str) -> String {
        let mut meant = text.to_owned();
        for place in (0..self.ids.len()).rev() {
            meant = meant.replace(&self.name(place), &self.ids[place]);
        }
        meant
    }
}

fn kind(id: &str) -> &'static str {
    match id.split('_').next() {
        Some("cs") => "case",
        Some("msg") => "message",
        Some("job") => "job",
        _ => "next",
    }
}

/// An answer as it is told.
fn shown(answer: &Answer) -> String {
    let mut told = format!("  {}", answer.status.as_u16());
    for name in HEADERS {
        if !answer.header(name).is_empty() {
            let _ = write!(told, " {name}: {}", answer.header(name));
        }
    }
    told.push('\n');
    let json: Value = answer.json();
    let mut text = json.to_string();
    if text.len() > LINE_CHARS {
        text = serde_json::to_string_pretty(&json).expect("JSON is written");
    }
    for line in text.lines() {
        let _ = writeln!(told, "  {line}");
    }
    told
}
