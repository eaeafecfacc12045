//! Idempotency keys on every write there is: the table of routes is the code's own, so a new write
//! that ignores its key fails here. A route that no case below is fit for must bring one.

use dialects::native::{Route, all_routes};
use domain::Role;
use domain::payment::PaymentStatus;
use http::StatusCode;
use teststand::engines::BOTH;

use crate::access::EXAMPLE_CASE;
use crate::seeds::Seeds;
use crate::support::{Answer, House};

/// What is done to a new case, so that each act finds one that it fits.
const HISTORIES: [&[(&str, &str)]; 7] = [
    &[],
    &[("start", "{}")],
    &[("start", "{}"), ("wait", r#"{"on":"provider"}"#)],
    &[("start", "{}"), ("resolve", r#"{"outcome":"upheld"}"#)],
    &[("close", r#"{"reason":"withdrawn"}"#)],
    &[("start", "{}"), ("propose", r#"{"remedy":"refund"}"#)],
    &[("link", r#"{"kind":"related","case":"cs_01jd3v5k8h0000000000000000"}"#)],
];

struct Desks {
    house: House,
    /// Who does what is asked.
    root: String,
    /// Who prepared it: a proposal needs another person to answer it.
    ann: String,
    cases: usize,
    /// The case that bodies name.
    other: String,
}

impl Desks {
    async fn case(&mut self, history: &[(&str, &str)]) -> (String, String) {
        self.cases += 1;
        let (house, scope) = (&self.house, self.house.world.scope);
        let refid = format!("K-{}", self.cases);
        house.world.pay(scope, &refid, PaymentStatus::Successful).await;
        let case = house.report(scope, &refid, "gone").await.as_str().to_owned();
        house.job(scope, &case).await;
        let beside = format!("L-{}", self.cases);
        house.world.pay(scope, &beside, PaymentStatus::Successful).await;
        self.other = house.report(scope, &beside, "gone").await.as_str().to_owned();
        for (act, body) in history {
            let body = &body.replace(EXAMPLE_CASE, &self.other);
            let path = format!("/api/v1/cases/{case}/{act}");
            let answer = house.ask(&self.ann, "POST", &path, &[], Some(body)).await;
            assert_eq!(answer.status, StatusCode::OK, "{act}: {answer:?}");
        }
        (refid, case)
    }

    async fn ask(&self, route: &Route, seeds: &Seeds, key: &str) -> Answer {
        let path = seeds.filled(route);
        let headers = [("idempotency-key", key)];
        let body = seeds.body(route);
        self.house.ask(&self.root, route.method, &path, &headers, body.as_deref()).await
    }

    async fn comment(&self, case: &str, key: &str) -> Answer {
        let path = format!("/api/v1/cases/{case}/comment");
        let headers = [("idempotency-key", key)];
        let says = Some(r#"{"says":"another request"}"#);
        self.house.ask(&self.root, "POST", &path, &headers, says).await
    }
}

fn writes() -> impl Iterator<Item = &'static Route> {
    all_routes().filter(|route| !route.open && route.method != "GET")
}

fn is_again(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_is_done_once_for_a_key() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let root = house.installation_token(house.world.scope).await;
        let ann = house.token(house.world.scope, Role::Supervisor, "ann").await;
        let mut desks = Desks { house, root, ann, cases: 0, other: String::new() };
        for (number, route) in writes().enumerate() {
            let about = format!("{} {}", route.method, route.path);
            let mut done = false;
            for (place, history) in HISTORIES.iter().enumerate() {
                let (refid, case) = desks.case(history).await;
                let key = format!("once-{number}-{place}");
                let scope = desks.house.world.scope;
                let seeds = desks.house.seed_for(scope, desks.cases, route.path).await;
                let seeds = seeds.with(&refid, &case).beside(&desks.other);
                if one(&desks, route, &about, (&seeds, &case), &key).await {
                    done = true;
                    break;
                }
            }
            assert!(done, "{about} did not work on any case: add a history it fits");
        }
    }
}

/// Asks three times at once, then again, then for something else. False when the route refuses
/// this case, which is not what is looked at here.
async fn one(
    desks: &Desks,
    route: &Route,
    about: &str,
    (seeds, case): (&Seeds, &str),
    key: &str,
) -> bool {
    let ask = || desks.ask(route, seeds, key);
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    let answers = [first, second, third, ask().await];
    if answers.iter().any(|answer| !answer.status.is_success()) {
        let refused = [StatusCode::CONFLICT, StatusCode::NOT_FOUND];
        assert!(answers.iter().all(|one| refused.contains(&one.status)), "{about}: {answers:?}");
        return false;
    }
    let again = answers.iter().filter(|answer| is_again(answer)).count();
    assert_eq!(again, 3, "{about} was not done once: {answers:?}");
    for answer in &answers {
        assert_eq!(told(answer), told(&answers[0]), "{about}");
        assert_eq!(answer.status, answers[0].status, "{about}");
    }
    let other = desks.comment(case, key).await;
    assert_eq!(other.code(), "key-reused-for-other", "{about} keeps no key");
    let used = format!("{key}-used");
    assert_eq!(desks.comment(case, &used).await.status, StatusCode::OK, "{about}");
    let late = desks.ask(route, seeds, &used).await;
    assert_eq!(late.code(), "key-reused-for-other", "{about} looks for no key");
    true
}

/// The answer without the secret, which only the first one shows.
fn told(answer: &Answer) -> serde_json::Value {
    let mut json = answer.json();
    if json.get("secret").is_some() {
        json["secret"] = serde_json::Value::Null;
    }
    json
}

/// The same rows, written another way, are the same request; other rows are not.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_told_again() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let token = house.token(house.world.scope, Role::Developer, "dev").await;
        let rows = |status: &str, more: &str| {
            format!(
                r#"{{"transactions":[{{"refid":"N-1","product":"TNB","account":"1",
                "amount_minor":1,"currency":"MYR","status":"{status}",{more}
                "status_at":"2026-01-05T10:12:00Z","created_at":"2026-01-05T10:11:12Z"}},
                {{"refid":"N 2","product":"TNB","account":"1","amount_minor":1,"currency":"MYR",
                "status":"failed","status_at":"2026-01-05T10:12:00Z",
                "created_at":"2026-01-05T10:11:12Z"}}]}}"#
            )
        };
        let import = async |key: &str, body: &str| {
            let headers = [("idempotency-key", key)];
            house.ask(&token, "POST", "/api/v1/transactions", &headers, Some(body)).await
        };
        let first = import("k", &rows("failed", "")).await;
        assert_eq!(
            (first.json()["new"].clone(), first.json()["rejected"].clone()),
            (1.into(), 1.into())
        );
        let again = import("k", &rows("failed", "  ")).await;
        assert!(is_again(&again) && again.bytes == first.bytes, "{again:?}");
        assert_eq!(import("k", &rows("refunded", "")).await.code(), "key-reused-for-other");
        let fresh = import("k2", &rows("failed", "")).await;
        assert_eq!(fresh.json()["unchanged"], 1, "{fresh:?}");
        assert!(!is_again(&fresh));
    }
}
