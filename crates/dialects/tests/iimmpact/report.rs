//! What `POST /v2/transactions/check` answers, row by row of the contract's section 9.1 and of our
//! own table for what it leaves open.

use desk::admin::AdminOrder;
use domain::Actor;
use domain::admin::{AdminAct, MessageKey, SettingKey};
use teststand::engines::BOTH;

use crate::support::{CHECK, House};

/// One story: each line follows from those before it.
const ROWS: &[(&str, &str)] = &[
    // What a payment's status leads to.
    (r#"{"refid":"S-1","user_email":["buyer@example.test"]}"#, "200 Success S-1"),
    (r#"{"refid":"S-1","user_email":["buyer@example.test"]}"#, "200 Failed S-1"),
    (r#"{"refid":"F-1"}"#, "200 Failed F-1"),
    (r#"{"refid":"R-1"}"#, "200 Failed R-1"),
    (r#"{"refid":"P-0"}"#, "200 Failed P-0"),
    (r#"{"refid":"P-1"}"#, "200 Failed P-1"),
    // Names: trxid wins, and the refid is looked up.
    (r#"{"trxid":"T-S-2"}"#, "200 Success S-2"),
    (r#"{"trxid":"T-S-3","refid":"F-1"}"#, "200 Success S-3"),
    (r#"{"trxid":"T-F-1","refid":"S-3"}"#, "200 Failed F-1"),
    (r#"{"trxid":" ","refid":"S-2"}"#, "200 Failed S-2"),
    (r#"{"trxid":null,"refid":"S-2"}"#, "200 Failed S-2"),
    (r#"{"refid":1234567}"#, "200 Success 1234567"),
    (r#"{"trxid":"T-F-1","noise":{"a":[1]},"X":true}"#, "200 Failed F-1"),
];

/// Everything that is simply an unknown payment.
const UNKNOWN: &[&str] = &[
    "",
    "{}",
    r#"{"user_email":["buyer@example.test"]}"#,
    r#"{"refid":""}"#,
    r#"{"refid":null,"trxid":null}"#,
    r#"{"refid":"S-9"}"#,
    r#"{"refid":"s-1"}"#,
    r#"{"refid":"T-S-1"}"#,
    r#"{"trxid":"S-1"}"#,
    r#"{"trxid":"nothing","refid":"S-1"}"#,
    r#"{"refid":["S-1"]}"#,
    r#"{"refid":{"a":"S-1"}}"#,
    r#"{"refid":true}"#,
    r#"{"refid":1.5}"#,
    r#"{"refid":"S-1\n"  ,"trxid":"S\n1"}"#,
    r#"{"refid":"S 1"}"#,
    r#"{"refid":"Š-1"}"#,
    r#"{"refid":"S-1' OR '1'='1"}"#,
    r#"{"refid":"O-1"}"#,
    r#"{"trxid":"T-O-1"}"#,
    r#"{"refid":"Y-1"}"#,
];

#[tokio::test]
async fn every_row_of_the_contract() {
    for kind in BOTH {
        let house = House::new(kind).await;
        for (body, expected) in ROWS {
            let answer = house.report(body).await;
            assert_eq!(answer.line(), *expected, "{body}");
            let opened = answer.header("redress-case-id");
            // Where there is a case, its id comes back: the new one, or the one that is open.
            assert_eq!(opened.starts_with("cs_"), house.cases(&refid(&answer.line())).await == 1);
        }
    }
}

fn refid(line: &str) -> String {
    line.split(' ').next_back().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_unknown_payment_is_keyed_trxid_however_it_was_named() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let long = format!(r#"{{"refid":"{}"}}"#, "S".repeat(65));
        for body in UNKNOWN.iter().copied().chain([long.as_str()]) {
            let answer = house.report(body).await;
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(
                String::from_utf8_lossy(&answer.bytes),
                concat!(
                    r#"{"message":"The given data was invalid.","#,
                    r#""errors":{"trxid":["Invalid transaction ID or reference ID"]}}"#
                ),
                "{body}"
            );
        }
    }
}

#[tokio::test]
async fn the_answer_has_the_documented_shape_and_the_catalogue_s_words() {
    let house = House::new(BOTH[0]).await;
    let mut messages = std::collections::BTreeSet::new();
    for refid in ["S-1", "S-1", "F-1", "R-1", "P-1"] {
        let answer = house.report(&format!(r#"{{"refid":"{refid}"}}"#)).await;
        assert!(!answer.header("redress-request-id").is_empty());
        let json = answer.json();
        assert_eq!(json.as_object().expect("an object").len(), 1, "{json}");
        let data = json["data"].as_object().expect("an object");
        let names: Vec<&str> = data.keys().map(String::as_str).collect();
        assert_eq!(names, ["message", "refid", "status"]);
        messages.insert(data["message"].to_string());
    }
    assert_eq!(messages.len(), 5, "five answers, five messages: {messages:?}");
}

#[tokio::test]
async fn a_case_that_was_closed_does_not_stand_in_the_way() {
    use desk::execute::Order;
    use domain::Role;
    use domain::case::{ActOrder, Ask, CloseReason, Command};
    for kind in BOTH {
        let house = House::new(kind).await;
        let first = house.report(r#"{"refid":"S-1"}"#).await;
        let case = domain::ids::CaseId::parse(first.header("redress-case-id")).expect("an id");
        let ask = Ask::Close { reason: CloseReason::Withdrawn };
        let order = ActOrder { case, ask, says: String::new(), version: None };
        let by = house.world.actor(Role::Agent, "ann");
        let order = Order { by, command: Command::Act(order), key: None, nonce: None };
        house.world.desk.execute(&order).await.expect("it closes");
        let second = house.report(r#"{"refid":"S-1"}"#).await;
        assert_eq!(second.line(), "200 Success S-1");
        assert_ne!(first.header("redress-case-id"), second.header("redress-case-id"));
    }
}

#[tokio::test]
async fn what_was_said_is_kept_as_it_was_said() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let says = "  They \"took\" it twice,\r\n\ttwice!  ünïcödé 💸 ";
        let body = serde_json::json!({
            "refid": "S-1",
            "user_email": [" Ann@Example.test ", "ann@example.test", "", "bob@example.test"],
            "description": says,
            "category": " voucher ",
        });
        assert_eq!(house.report(&body.to_string()).await.line(), "200 Success S-1");
        let kept = format!("to: Ann@Example.test,bob@example.test\ncategory: voucher\n\n{says}");
        assert_eq!(house.content("S-1").await, kept);
    }
}

#[tokio::test]
async fn a_lost_answer_is_given_again_under_the_same_key() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let json = ("content-type", "application/json");
        let send = async |body: &str, key: &str| {
            let headers = [json, ("idempotency-key", key)];
            house.send(house.sealed(&house.production, CHECK, body.as_bytes(), &headers)).await
        };
        let body = r#"{"refid":"S-1","description":"once"}"#;
        let first = send(body, "k-1").await;
        let again = send(body, "k-1").await;
        assert_eq!(first.line(), "200 Success S-1");
        assert_eq!(first.bytes, again.bytes);
        assert_eq!(first.header("redress-case-id"), again.header("redress-case-id"));
        let other = send(r#"{"refid":"S-1","description":"twice"}"#, "k-1").await;
        assert_eq!(other.line(), "409 idempotency_key_reused");
        assert_eq!(send(body, "k-2").await.line(), "200 Failed S-1");
        assert_eq!(house.cases("S-1").await, 1);
        let longest = "k".repeat(255);
        assert_eq!(send(r#"{"refid":"S-2"}"#, &longest).await.line(), "200 Success S-2");
        for bad in ["", "two words", "schlüssel", &"k".repeat(256)] {
            assert_eq!(send(body, bad).await.line(), "400 invalid_idempotency_key", "{bad}");
        }
    }
}

#[tokio::test]
async fn many_reports_at_once_open_one_case() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let reports = (0..20).map(|_| house.report(r#"{"refid":"S-1"}"#));
        let answers = futures_util::future::join_all(reports).await;
        let mut lines: Vec<String> = answers.iter().map(super::support::Answer::line).collect();
        lines.sort();
        assert_eq!(lines.iter().filter(|line| *line == "200 Success S-1").count(), 1, "{lines:?}");
        assert!(lines.iter().all(|line| line.starts_with("200 ")), "{lines:?}");
        assert_eq!(house.cases("S-1").await, 1);
    }
}

/// An account's own wording and address reach its callers at once, and set back they are gone.
#[tokio::test]
async fn an_account_words_its_answers_itself() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let message = async |refid: &str| {
            let answer = house.report(&format!(r#"{{"refid":"{refid}"}}"#)).await;
            answer.json()["data"]["message"].as_str().expect("a message").to_owned()
        };
        let installed = message("F-1").await;
        let act = async |act: AdminAct| {
            let order = AdminOrder::new(Actor::operator(house.world.scope), act);
            assert!(house.world.desk.administer(&order).await.is_ok());
        };
        let (key, text) = (MessageKey::PaymentFailed, "Gone back; ask {contact}.".to_owned());
        act(AdminAct::MessageSet { key, text }).await;
        let value = "help@acme.example".to_owned();
        act(AdminAct::SettingSet { key: SettingKey::SupportAddress, value }).await;
        assert_eq!(message("F-1").await, "Gone back; ask help@acme.example.");
        act(AdminAct::MessageReset { key }).await;
        act(AdminAct::SettingReset { key: SettingKey::SupportAddress }).await;
        assert_eq!(message("F-1").await, installed);
    }
}
