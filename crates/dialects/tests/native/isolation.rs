//! What belongs to one account and environment is not there for another, by any read: every route
//! and every query parameter of the document, with everything that its owner can see of it: ids,
//! words, cursors. The answer holds nothing of his, and is the one for things that exist nowhere.

use std::collections::{BTreeMap, BTreeSet};

use dialects::Settings;
use dialects::native::{Route, all_routes};
use domain::payment::PaymentStatus;
use domain::{Role, Scope};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::seeds::Seeds;
use crate::support::{House, document};

/// Stands in whatever the owner wrote.
const MARK: &str = "MARKED";

/// Values of one kind that are tried; more of a kind tell nothing new.
const OF_A_KIND: usize = 2;

async fn furnished(kind: EngineKind) -> (House, Seeds, String) {
    let mut settings = Settings::default();
    settings.native.requests_per_minute = 10_000_000;
    let house = House::with(kind, settings).await;
    let scope = house.world.scope;
    let root = house.token(scope, Role::Administrator, MARK).await;
    let mut case = String::new();
    for number in 1..=3 {
        let refid = format!("{MARK}-{number}");
        house.world.pay(scope, &refid, PaymentStatus::Successful).await;
        case = house.report(scope, &refid, &format!("{MARK} it never came")).await.to_string();
    }
    let path = format!("/api/v1/cases/{case}/comment");
    let says = format!(r#"{{"says":"{MARK} it will take a day"}}"#);
    let answer = house.ask(&root, "POST", &path, &[], Some(&says)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let file = house.file(scope, &case, &format!("{MARK}.png")).await;
    let seeds = house.seed(scope, 1).await.with(&format!("{MARK}-3"), &case).holding(&file);
    (house, seeds, root)
}

fn reads() -> impl Iterator<Item = &'static Route> {
    all_routes().filter(|route| !route.open && route.method == "GET")
}

fn asked(route: &Route) -> Vec<&'static str> {
    let parameters = document()["paths"][route.path]["get"]["parameters"].as_array();
    let parameters = parameters.into_iter().flatten();
    parameters.filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str()).collect()
}

/// All that the owner sees which is his alone, by its kind.
async fn belongings(house: &House, seeds: &Seeds, root: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    for route in reads() {
        let path = seeds.filled(route);
        let mut paths = vec![path.clone()];
        if asked(route).contains(&"limit") {
            paths.push(format!("{path}?limit=1"));
        }
        for path in paths {
            let answer = house.ask(root, "GET", &path, &[], None).await;
            if answer.status == StatusCode::OK && answer.header("content-type").contains("json") {
                gather("", &answer.json(), &mut found);
            }
        }
    }
    found.extend(seeds.owned().map(|value| (kind_of("", value).unwrap_or_default(), value.into())));
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kind, value) in found.into_iter().filter(|(kind, _)| !kind.is_empty()) {
        let list = kinds.entry(kind).or_default();
        if list.len() < OF_A_KIND {
            list.push(value);
        }
    }
    kinds
}

fn gather(name: &str, value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| gather(name, inner, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| gather(name, inner, found)),
        Value::String(text) => {
            if let Some(kind) = kind_of(name, text) {
                found.insert((kind, text.clone()));
            }
        }
        _ => {}
    }
}

/// An id by its beginning, a cursor, or something with the mark; nothing for words of ours.
fn kind_of(name: &str, text: &str) -> Option<String> {
    if name == "next" {
        return Some("cursor".to_owned());
    }
    if text.contains(MARK) {
        return Some(format!("marked {name}"));
    }
    let (beginning, rest) = text.rsplit_once('_')?;
    let id = rest.len() >= 16 && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    id.then(|| beginning.to_owned())
}

/// The same kind of thing, which is nowhere.
fn nowhere(value: &str) -> String {
    if value.contains(MARK) {
        return value.replace(MARK, "NOBODY");
    }
    match value.rsplit_once('_') {
        Some((beginning, rest)) => format!("{beginning}_{}", "0".repeat(rest.len())),
        None => "0".repeat(value.len()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_account_is_seen_from_elsewhere() {
    for kind in BOTH {
        let (house, seeds, root) = furnished(kind).await;
        let kinds = belongings(&house, &seeds, &root).await;
        for needed in ["cs", "ev", "msg", "cursor", "marked refid", "marked says"] {
            assert!(kinds.contains_key(needed), "the owner does not see a {needed}: {kinds:?}");
        }
        let staging = house.scope("staging");
        for (scope, role) in [
            (house.other, Role::Merchant),
            (house.other, Role::Administrator),
            (staging, Role::Merchant),
            (staging, Role::Administrator),
        ] {
            let token = house.token(scope, role, "eve").await;
            let stranger = Stranger { house: &house, token, kinds: &kinds };
            stranger.looks_everywhere(&seeds, scope).await;
        }
    }
}

struct Stranger<'h> {
    house: &'h House,
    token: String,
    kinds: &'h BTreeMap<String, Vec<String>>,
}

impl Stranger<'_> {
    async fn looks_everywhere(&self, seeds: &Seeds, scope: Scope) {
        let nobodys = Seeds::nobodys();
        let mut tries = 0;
        for route in reads() {
            self.sees_nothing(route, &nobodys.filled(route), "").await;
            self.sees_nothing(route, &seeds.filled(route), "").await;
            for (kind, value) in self.values() {
                for name in asked(route) {
                    let ours = query(&nobodys.filled(route), name, value);
                    let told = self.sees_nothing(route, &ours, value).await;
                    // A cursor is a place among his own: where that is, is no secret.
                    if kind != "cursor" {
                        let other = nowhere(value);
                        let theirs = query(&nobodys.filled(route), name, &other);
                        let untold = self.sees_nothing(route, &theirs, &other).await;
                        assert_eq!(told, untold, "{} {name}={value} in {scope:?}", route.path);
                    }
                    tries += 1;
                }
                if route.path.contains('{') {
                    let place = |value: &str| {
                        let at = route.path.find('{').unwrap_or(0);
                        let end = route.path.find('}').unwrap_or(at) + 1;
                        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
                        format!("{}{value}{}", &route.path[..at], &route.path[end..])
                    };
                    let told = self.sees_nothing(route, &place(value), value).await;
                    let other = nowhere(value);
                    let untold = self.sees_nothing(route, &place(&other), &other).await;
                    assert_eq!(told, untold, "{} of {value} in {scope:?}", route.path);
                    tries += 1;
                }
            }
        }
        assert!(tries > 100, "{tries}");
    }

    fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.kinds
            .iter()
            .flat_map(|(kind, list)| list.iter().map(move |value| (kind.as_str(), value.as_str())))
    }

    /// Asks, and gives the status and the text without what was sent, which an answer may repeat.
    async fn sees_nothing(&self, route: &Route, path: &str, sent: &str) -> (StatusCode, String) {
        let answer = self.house.ask(&self.token, "GET", path, &[], None).await;
        if route.path.ends_with("/reads") && answer.status == StatusCode::OK {
            // What he looked for himself is told to him, whoever else has it.
            let reads = answer.json()["reads"].as_array().cloned().unwrap_or_default();
            assert!(reads.iter().all(|read| read["by"] == "eve"), "{reads:?}");
            return (answer.status, String::new());
        }
        let mut text = String::from_utf8_lossy(&answer.bytes).into_owned();
        if !sent.is_empty() {
            text = text.replace(sent, "(sent)");
        }
        for (kind, value) in self.values() {
            let common = kind == "cursor" || path.contains(value);
            assert!(common || !text.contains(value), "{} shows {value}: {text}", route.path);
        }
        let marked = path.contains(MARK) || !text.contains(MARK);
        assert!(marked, "{} shows what is marked: {text}", route.path);
        (answer.status, text)
    }
}

fn query(path: &str, name: &str, value: &str) -> String {
    format!("{path}?{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
}
