//! Bad input, by the table: every field, header and query of every route, with the field that is
//! named for it; then bodies nobody thought of.

use axum::body::Body;
use domain::Role;
use domain::payment::PaymentStatus;
use http::{Request, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::support::{Answer, House};

/// A house with one case, its path, and a token that may do everything.
async fn furnished(kind: EngineKind) -> (House, String, String) {
    let house = House::new(kind).await;
    let scope = house.world.scope;
    house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
    let case = house.report(scope, "A-1", "gone").await;
    let token = house.token(scope, Role::Administrator, "root").await;
    (house, format!("/api/v1/cases/{case}"), token)
}

/// The fields that a refusal names.
fn fields(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
    assert_eq!(answer.code(), "wrong-field");
    let json = answer.json();
    let errors = json["errors"].as_array().expect("a list").iter();
    errors
        .map(|error| {
            assert!(!error["message"].as_str().expect("a message").is_empty());
            error["field"].as_str().expect("a field").to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_of_an_act_is_named() {
    let (house, case, token) = furnished(EngineKind::Sqlite).await;
    let long = format!(r#"{{"says":"{}"}}"#, "x".repeat(20_001));
    let long_name = format!(r#"{{"queue":"{}"}}"#, "x".repeat(255));
    for (act, body, field) in [
        ("start", r#"{"says":1}"#, "says"),
        ("start", r#"{"says":["a"]}"#, "says"),
        ("start", r#"{"saying":"a"}"#, "saying"),
        ("start", r#"{"says":"a\u0000b"}"#, "says"),
        ("start", long.as_str(), "says"),
        ("wait", "{}", "on"),
        ("wait", r#"{"on":"nobody"}"#, "on"),
        ("wait", r#"{"on":null}"#, "on"),
        ("wait", r#"{"on":"Customer"}"#, "on"),
        ("wait", r#"{"on":"customer","on":"customer"}"#, "on"),
        ("comment", "{}", "says"),
        ("comment", r#"{"says":""}"#, "says"),
        ("comment", r#"{"says":"\n "}"#, "says"),
        ("comment", r#"{"says":"a","to_customer":"yes"}"#, "to_customer"),
        ("comment", r#"{"says":"a","to_customer":0}"#, "to_customer"),
        ("assign", "{}", "queue"),
        ("assign", r#"{"queue":null,"person":null}"#, "queue"),
        ("assign", r#"{"queue":" "}"#, "queue"),
        ("link", r#"{"kind":"related"}"#, "case"),
        ("link", r#"{"kind":"brother","case":"cs_00000000000000000000000000"}"#, "kind"),
        ("link", r#"{"kind":"related","case":"A-1"}"#, "case"),
        ("unlink", r#"{"case":"cs_00000000000000000000000000"}"#, "kind"),
        ("merge", "{}", "into"),
        ("merge", r#"{"into":"cs_1"}"#, "into"),
        (
            "merge",
            r#"{"into":"cs_00000000000000000000000000","carry_addresses":1}"#,
            "carry_addresses",
        ),
        ("split", "{}", "says"),
        ("split", r#"{"says":" "}"#, "says"),
        ("split", r#"{"says":"a","refid":"A 1"}"#, "refid"),
        ("split", r#"{"says":"a","refid":"A-1","trxid":"T"}"#, "trxid"),
        ("split", r#"{"says":"a","category":"a\nb"}"#, "category"),
        ("take", r#"{"queue":"intake"}"#, "queue"),
        ("assign", r#"{"queue":" a"}"#, "queue"),
        ("assign", r#"{"queue":"a\tb"}"#, "queue"),
        ("assign", r#"{"person":"a\u0000"}"#, "person"),
        ("assign", long_name.as_str(), "queue"),
        ("resolve", r#"{"outcome":"partly"}"#, "outcome"),
        ("resolve", r#"{"reason":"settled"}"#, "reason"),
        ("close", r#"{"reason":"bored"}"#, "reason"),
        ("close", r#"{"reason":{}}"#, "reason"),
        ("propose", r#"{"remedy":"voucher"}"#, "remedy"),
        ("approve", r#"{"remedy":"refund"}"#, "remedy"),
    ] {
        let path = format!("{case}/{act}");
        let answer = house.ask(&token, "POST", &path, &[], Some(body)).await;
        let shown = body.get(..60).unwrap_or(body);
        assert_eq!(fields(&answer), [field], "{act} {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_of_an_opening_or_job_is_named() {
    let (house, _, token) = furnished(EngineKind::Sqlite).await;
    let eleven: Vec<String> = (0..11).map(|n| format!("a{n}@b.example")).collect();
    let eleven = json!({ "channel": "phone", "addresses": eleven }).to_string();
    for (path, body, field) in [
        ("cases", "{}", "channel"),
        ("cases", r#"{"channel":"app"}"#, "channel"),
        ("cases", r#"{"channel":"import"}"#, "channel"),
        ("cases", r#"{"channel":"phone","received_at":"yesterday"}"#, "received_at"),
        ("cases", r#"{"channel":"phone","received_at":"2026-02-30T10:00:00Z"}"#, "received_at"),
        ("cases", r#"{"channel":"phone","taken_by":""}"#, "taken_by"),
        ("cases", r#"{"channel":"phone","customer":" C"}"#, "customer"),
        ("cases", r#"{"channel":"phone","language":"Malay"}"#, "language"),
        ("cases", r#"{"channel":"phone","refid":"A-1","trxid":"T-A-1"}"#, "trxid"),
        ("cases", r#"{"channel":"phone","addresses":["a@b.example","x"]}"#, "addresses[1]"),
        ("cases", eleven.as_str(), "addresses"),
        ("cases", r#"{"channel":"phone","category":"a\u2028b"}"#, "category"),
        ("cases", r#"{"channel":"phone","acknowledge":"no"}"#, "acknowledge"),
        ("jobs", "{}", "act"),
        ("jobs", r#"{"act":"split","cases":["cs_00000000000000000000000000"]}"#, "act"),
        ("jobs", r#"{"act":"start"}"#, "cases"),
        ("jobs", r#"{"act":"start","cases":[]}"#, "cases"),
        ("jobs", r#"{"act":"start","cases":["A-1"]}"#, "cases[0]"),
        ("jobs", r#"{"act":"start","filter":{}}"#, "filter"),
        ("jobs", r#"{"act":"start","filter":{"stage":"new"}}"#, "filter.stage"),
        ("jobs", r#"{"act":"start","filter":{"state":"open"}}"#, "filter.state"),
        ("jobs", r#"{"act":"start","filter":{"stage":null}}"#, "filter.stage"),
        ("jobs", r#"{"act":"start","filter":{"stage":"open","queue":null}}"#, "filter.queue"),
        ("jobs", r#"{"act":"wait","filter":{"stage":"open"}}"#, "with.on"),
        ("jobs", r#"{"act":"wait","with":{"on":"me"},"filter":{"stage":"open"}}"#, "with.on"),
        ("jobs", r#"{"act":"comment","with":{"says":""},"filter":{"stage":"open"}}"#, "with.says"),
        ("jobs", r#"{"act":"start","with":[],"filter":{"stage":"open"}}"#, "with"),
    ] {
        let path = format!("/api/v1/{path}");
        let answer = house.ask(&token, "POST", &path, &[], Some(body)).await;
        assert_eq!(fields(&answer), [field], "{path} {body}");
    }
    for (path, field) in [
        ("cases?stage=new", "stage"),
        ("cases?queue=", "queue"),
        ("cases?channel=pigeon", "channel"),
        ("cases?language=English", "language"),
        ("cases?waiting_on=me", "waiting_on"),
        ("cases?outcome=good", "outcome"),
        ("cases?opened_from=2026-03-01", "opened_from"),
        ("cases?received_to=now", "received_to"),
        ("cases?opened_to=1999-12-31T23:59:59Z", "opened_to"),
        ("cases?opened_to=2100-01-01T00:30:00%2B01:00", "opened_to"),
        ("search?from=1999-12-31T23:59:59Z", "from"),
        ("search?to=2026-03-01", "to"),
        ("cases?sort=best", "sort"),
        ("cases?refid=A-1&stage=open", "stage"),
        ("transactions?status=paid", "status"),
        ("transactions?created_from=x", "created_from"),
        ("cases?customer=%ff", "customer"),
        ("cases?opened_from=2026-03-02T00:00:00Z&opened_to=2026-03-01T00:00:00Z", "opened_to"),
        ("search?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        ("transactions?trxid=T-A-1&account=1", "account"),
        ("transactions?cursor=MTp4", "cursor"),
        ("status", "id"),
        ("status?id=cs_00000000000000000000000000&refid=A-1", "id"),
        ("status?refid=A-1&trxid=T-A-1", "trxid"),
    ] {
        let answer = house.ask(&token, "GET", &format!("/api/v1/{path}"), &[], None).await;
        assert_eq!(fields(&answer), [field], "{path}");
    }
}

/// Headers, body; status and code.
type BodyRow<'a> = (&'a [(&'a str, &'a str)], &'a [u8], u16, &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_none_has_its_own_code() {
    let (house, case, token) = furnished(EngineKind::Sqlite).await;
    let large = vec![b' '; 257 * 1024];
    let json = ("content-type", "application/json");
    let table: [BodyRow<'_>; 16] = [
        (&[json], b"{", 400, "bad-json"),
        (&[json], b"{\"says\":\"a\"} {}", 400, "bad-json"),
        (&[json], b"{\"says\":\"\\ud800\"}", 400, "bad-json"),
        (&[json], b"[]", 400, "array-body"),
        (&[json], b"null", 400, "not-an-object"),
        (&[json], b"\"says\"", 400, "not-an-object"),
        (&[json], b"   ", 400, "not-an-object"),
        (&[json], b"{\"says\":\"\xff\"}", 400, "not-utf8"),
        (&[json], &large, 413, "too-large"),
        (&[], b"{\"says\":\"a\"}", 415, "unsupported-type"),
        (&[("content-type", "text/plain")], b"{}", 415, "unsupported-type"),
        (
            &[("content-type", "application/x-www-form-urlencoded")],
            b"says=a",
            415,
            "unsupported-type",
        ),
        (&[json, json], b"{}", 415, "unsupported-type"),
        (
            &[("content-type", "application/json; charset=utf-16")],
            b"{}",
            415,
            "unsupported-charset",
        ),
        (&[json, ("content-encoding", "gzip")], b"{}", 415, "encoded"),
        (&[("content-encoding", "gzip")], b"", 415, "encoded"),
    ];
    for (headers, body, status, code) in table {
        let mut request = Request::post(format!("{case}/start"))
            .header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).expect("a request");
        let answer = house.send(request).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(answer.status.as_u16(), status, "{headers:?} {shown}");
        assert_eq!(answer.code(), code, "{headers:?} {shown}");
    }
    // As much as may be said, spelt as long as JSON allows, and a word of a list that is missing.
    let says = format!(r#"{{"says":"{}"}}"#, r"\ud83d\ude00".repeat(20_000));
    let path = format!("{case}/comment");
    let answer = house.ask(&token, "POST", &path, &[], Some(&says)).await;
    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
    let answer = house.ask(&token, "POST", &format!("{case}/resolve"), &[], Some("{}")).await;
    let why = answer.json()["errors"][0]["message"].to_string();
    assert!(why.contains("upheld, partly-upheld, rejected"), "{:?}", answer.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_queries_are_read_strictly() {
    let (house, case, token) = furnished(EngineKind::Sqlite).await;
    let long = "k".repeat(129);
    for (name, value) in [
        ("If-Match", "3"),
        ("If-Match", "W/\"3\""),
        ("If-Match", "\"3\", \"4\""),
        ("If-Match", "\"\""),
        ("If-Match", "\"-1\""),
        ("If-Match", "\"99999999999999999999\""),
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "a b"),
        ("Idempotency-Key", long.as_str()),
    ] {
        let path = format!("{case}/start");
        let answer = house.ask(&token, "POST", &path, &[(name, value)], Some("{}")).await;
        assert_eq!(fields(&answer), [name], "{name}: {value}");
    }
    for (query, wrong) in [
        ("limit=0", &["limit"][..]),
        ("limit=101", &["limit"]),
        ("limit=-1", &["limit"]),
        ("limit=1.5", &["limit"]),
        ("limit=", &["limit"]),
        ("limit=00000000000000000001", &["limit"]),
        ("limit=1&limit=2", &["limit"]),
        ("cursor=", &["cursor"]),
        ("cursor=abc", &["cursor"]),
        ("cursor=%00", &["cursor"]),
        ("refid=", &["refid"]),
        ("refid=a%20b", &["refid"]),
        ("refid=%00", &["refid"]),
        ("refid=%ff", &["refid"]),
        ("trxid=%E2%82%AC", &["trxid"]),
        ("refid=a&trxid=b", &["trxid"]),
        ("refid=a&limit=1&cursor=x", &["limit", "cursor"]),
        ("refld=a", &["refld"]),
        ("Refid=a", &["Refid"]),
    ] {
        let path = format!("/api/v1/cases?{query}");
        let answer = house.ask(&token, "GET", &path, &[], None).await;
        assert_eq!(fields(&answer), wrong, "{query}");
    }
}

fn row() -> Value {
    json!({
        "refid": "N-1", "trxid": "T-N-1", "product": "TNB", "account": "220001234513",
        "amount_minor": 1_250, "currency": "MYR", "status": "successful",
        "status_at": "2026-01-05T10:12:00Z", "created_at": "2026-01-05T10:11:12Z",
        "provider": "Tenaga", "payer_ref": "cust-1"
    })
}

async fn import(house: &House, token: &str, body: &Value) -> Answer {
    house.ask(token, "POST", "/api/v1/transactions", &[], Some(&body.to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_shape_brings_nothing_in() {
    let (house, _, token) = furnished(EngineKind::Sqlite).await;
    let many: Vec<Value> = (0..1_001).map(|_| row()).collect();
    let with = |column: &str, value: Value| {
        let mut bad = row();
        bad[column] = value;
        json!({ "transactions": [row(), bad] })
    };
    let mut without = row();
    without.as_object_mut().expect("an object").remove("refid");
    for (body, field) in [
        (json!({}), "transactions"),
        (json!({ "refid": "N-1" }), "refid"),
        (json!({ "transactions": {} }), "transactions"),
        (json!({ "transactions": [] }), "transactions"),
        (json!({ "transactions": many }), "transactions"),
        (json!({ "transactions": [row()], "tenant": "other" }), "tenant"),
        (json!({ "transactions": [row(), 7] }), "transactions[1]"),
        (json!({ "transactions": [row(), without] }), "transactions[1].refid"),
        (with("refid", json!(7)), "transactions[1].refid"),
        (with("refid", json!(null)), "transactions[1].refid"),
        (with("trxid", json!(7)), "transactions[1].trxid"),
        (with("amount_minor", json!("1250")), "transactions[1].amount_minor"),
        (with("amount_minor", json!(12.5)), "transactions[1].amount_minor"),
        (with("amount_minor", json!(u64::MAX)), "transactions[1].amount_minor"),
        (with("status", json!(true)), "transactions[1].status"),
        (with("env", json!("staging")), "transactions[1].env"),
    ] {
        let answer = import(&house, &token, &body).await;
        let shown = body.to_string();
        assert_eq!(fields(&answer), [field], "{}", shown.get(..90).unwrap_or(&shown));
    }
    let known = house.ask(&token, "GET", "/api/v1/transactions/N-1", &[], None).await;
    assert_eq!(known.code(), "payment-unknown", "something was brought in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_against_the_rules_is_rejected_alone() {
    for kind in BOTH {
        let (house, _, token) = furnished(kind).await;
        for (column, value) in [
            ("refid", json!("")),
            ("refid", json!("a b")),
            ("refid", json!("x".repeat(65))),
            ("refid", json!("\u{0}")),
            ("trxid", json!("é")),
            ("product", json!("")),
            ("product", json!("x".repeat(33))),
            ("account", json!(" 1")),
            ("account", json!("a\u{0}b")),
            ("account", json!("x".repeat(129))),
            ("amount_minor", json!(0)),
            ("amount_minor", json!(-5)),
            ("amount_minor", json!(i64::MAX)),
            ("currency", json!("myr")),
            ("currency", json!("RM")),
            ("status", json!("done")),
            ("status_at", json!("2026-01-05")),
            ("status_at", json!("2026-01-05T10:12:00")),
            ("status_at", json!("1767607920")),
            ("status_at", json!("2026-01-05T10:11:11Z")),
            ("created_at", json!("1999-01-05T10:11:11Z")),
            ("provider", json!("x".repeat(129))),
            ("payer_ref", json!("a\nb")),
        ] {
            let mut bad = row();
            bad[column] = value.clone();
            let answer = import(&house, &token, &json!({ "transactions": [bad] })).await;
            let json = answer.json();
            assert_eq!(json["rejected"], 1, "{column} {value}: {json}");
            let reason = json["results"][0]["reason"].as_str().expect("a reason");
            assert!(reason.starts_with(&format!("{column}: ")), "{column} {value}: {reason}");
        }
        let mut bad = row();
        bad["currency"] = json!("RM");
        let answer = import(&house, &token, &json!({ "transactions": [bad, row()] })).await;
        let results: Vec<Value> = answer.json()["results"].as_array().expect("a list").to_vec();
        let words: Vec<&str> = results.iter().filter_map(|one| one["result"].as_str()).collect();
        assert_eq!(words, ["rejected", "new"], "the good row beside it came in");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_of_the_longest_rows_are_taken() {
    let (house, _, token) = furnished(EngineKind::Sqlite).await;
    let rows: Vec<Value> = (0..1_000)
        .map(|number| {
            let mut long = row();
            long["refid"] = json!(format!("{number:064}"));
            long["trxid"] = json!(format!("t{number:063}"));
            for column in ["account", "provider", "payer_ref"] {
                long[column] = json!("𝔸".repeat(128));
            }
            long
        })
        .collect();
    let answer = import(&house, &token, &json!({ "transactions": rows })).await;
    assert_eq!(answer.json()["new"], 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_too() {
    let (house, case, token) = furnished(EngineKind::Sqlite).await;
    for (method, path, status, code) in [
        ("GET", "/api/v1", 404, "no-such-path"),
        ("GET", "/api/v1/", 404, "no-such-path"),
        ("GET", "/api", 404, "no-such-path"),
        ("GET", "/api/v2/cases", 404, "no-such-path"),
        ("POST", "/api/v1/nothing/here", 404, "no-such-path"),
        ("GET", "/api/v1/transactions/", 404, "no-such-path"),
        ("POST", &format!("{case}/dance"), 404, "no-such-path"),
        ("PUT", &case, 405, "method-not-allowed"),
        ("GET", &format!("{case}/start"), 405, "method-not-allowed"),
        ("DELETE", "/api/v1/cases", 405, "method-not-allowed"),
        ("DELETE", "/api/v1/jobs", 405, "method-not-allowed"),
    ] {
        let answer = house.ask(&token, method, path, &[], None).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
        assert_eq!(answer.code(), code, "{method} {path}");
        assert_eq!(answer.header("allow").is_empty(), status == 404, "{method} {path}");
    }
}

/// Values of all kinds, some of them what a route wants.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        Just(json!("customer")),
        Just(json!("2026-01-05T10:12:00Z")),
        Just(row()),
    ];
    let name = prop_oneof![
        Just("says".to_owned()),
        Just("on".to_owned()),
        Just("queue".to_owned()),
        Just("transactions".to_owned()),
        Just("refid".to_owned()),
        Just("status_at".to_owned()),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// The years are those that are written, in whichever zone: what the document's pattern says.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_and_last_of_the_years_are_taken() {
    let (house, _, token) = furnished(EngineKind::Sqlite).await;
    for time in ["2000-01-01T00:00:00%2B12:00", "2099-12-31T23:59:59-11:00"] {
        for path in ["cases?opened_from=", "transactions?created_from=", "search?q=gone&from="] {
            let path = format!("/api/v1/{path}{time}");
            let answer = house.ask(&token, "GET", &path, &[], None).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        }
    }
}

#[test]
fn no_body_breaks_anything() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for kind in BOTH {
        let (house, case, token) = runtime.block_on(furnished(kind));
        let paths: Vec<String> = ["start", "wait", "comment", "assign", "close", "propose"]
            .iter()
            .map(|act| format!("{case}/{act}"))
            .chain(["/api/v1/transactions".to_owned()])
            .collect();
        let bodies = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            value().prop_map(|value| value.to_string().into_bytes()),
            value().prop_map(|one| json!({ "transactions": [row(), one] }).to_string().into()),
        ];
        let strategy = (prop::sample::select(paths), bodies);
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 300,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let outcome = runner.run(&strategy, |(path, body)| {
            let request = Request::post(&path)
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .body(Body::from(body))
                .expect("a request");
            let answer = runtime.block_on(house.send(request));
            prop_assert!(answer.status.as_u16() < 500, "{path}: {answer:?}");
            prop_assert!(!answer.bytes.is_empty());
            Ok(())
        });
        outcome.expect("every body has an answer");
        drop(house);
    }
}
