//! Bodies: every spelling that is taken, and everything that is wrong with one.

use axum::body::Body;
use http::Request;
use teststand::engines::BOTH;

use crate::support::{Answer, CHECK, House};

const FORM: &str = "application/x-www-form-urlencoded";

async fn send(house: &House, kind: &str, body: &[u8]) -> Answer {
    let headers = [("content-type", kind)];
    house.send(house.sealed(&house.production, CHECK, body, &headers)).await
}

/// The same report, in every way a client may write it.
const SPELLINGS: &[(&str, &str)] = &[
    ("application/json", r#"{"refid":"S-1","user_email":["a@b.example","c@d.example"]}"#),
    (
        "application/json; charset=utf-8",
        r#"{"refid":"S-1","user_email[]":["a@b.example","c@d.example"]}"#,
    ),
    (
        "application/json",
        r#"{"refid":"S-1","user_email[0]":"a@b.example","user_email[1]":"c@d.example"}"#,
    ),
    (FORM, "refid=S-1&user_email[]=a%40b.example&user_email[]=c%40d.example"),
    (FORM, "refid=S-1&user_email=a@b.example&user_email=c@d.example"),
    (FORM, "refid=S-1&user_email%5B1%5D=c@d.example&user_email%5B0%5D=a@b.example"),
    (FORM, r#"{"refid":"S-1","user_email":["a@b.example","c@d.example"]}"#),
    ("text/plain", "refid=S-1&user_email=a@b.example&user_email[]=c@d.example"),
    ("", r#"{"refid":"S-1","user_email":["a@b.example","c@d.example"]}"#),
    (
        "multipart/form-data; boundary=x",
        "--x\r\nContent-Disposition: form-data; name=\"refid\"\r\n\r\nS-1\r\n\
         --x\r\nContent-Disposition: form-data; name=\"user_email[]\"\r\n\r\na@b.example\r\n\
         --x\r\nContent-Disposition: form-data; name=\"user_email[]\"\r\n\r\nc@d.example\r\n\
         --x--\r\n",
    ),
];

#[tokio::test]
async fn every_spelling_says_the_same() {
    for (kind, body) in SPELLINGS {
        let house = House::new(BOTH[0]).await;
        let answer = send(&house, kind, body.as_bytes()).await;
        assert_eq!(answer.line(), "200 Success S-1", "{kind}: {body}");
        let content = house.content("S-1").await;
        assert!(content.starts_with("to: a@b.example,c@d.example\n"), "{kind}: {body}: {content}");
    }
}

/// A content type, a body, and the answer, all signed well.
const BAD: &[(&str, &[u8], &str)] = &[
    ("application/json", b"[]", "400 array_body"),
    ("application/json", br#"[{"refid":"S-1"}]"#, "400 array_body"),
    ("application/json", b"\"S-1\"", "400 not_an_object"),
    ("application/json", b"null", "400 not_an_object"),
    ("application/json", b"{", "400 bad_json"),
    ("application/json", br#"{"refid":"S-1"} x"#, "400 bad_json"),
    ("application/json", br#"{"refid":"S-1","refid":"S-1"}"#, "400 duplicate_key"),
    ("application/json", b"{\"refid\":\"\xff\"}", "400 not_utf8"),
    ("application/json", br#"{"refid":"\ud800"}"#, "400 bad_json"),
    ("application/json", br#"{"refid":"S-1","description":"a\u0000b"}"#, "400 nul_character"),
    ("application/json; charset=latin1", b"{}", "415 unsupported_charset"),
    ("application/xml", b"<refid>S-1</refid>", "415 unsupported_type"),
    ("image/png", b"\x89PNG", "415 unsupported_type"),
    (FORM, b"refid=%ff", "400 not_utf8"),
    (FORM, b"refid=S-1&description=a%00b", "400 nul_character"),
    ("multipart/form-data", b"--x--", "400 bad_multipart"),
    ("multipart/form-data; boundary=x", b"--x\r\n", "400 bad_multipart"),
    (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\n\r\n.\r\n\
          --x--\r\n",
        "400 file_part",
    ),
];

#[tokio::test]
async fn every_bad_body_has_its_answer() {
    for kind in BOTH {
        let house = House::new(kind).await;
        for (content_type, body, expected) in BAD {
            let answer = send(&house, content_type, body).await;
            assert_eq!(answer.line(), *expected, "{}", String::from_utf8_lossy(body));
        }
        let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
        let request = house.sealed(&house.production, CHECK, b"{}", &headers);
        assert_eq!(house.send(request).await.line(), "415 encoded");
        let large = vec![b' '; 256 * 1024 + 1];
        assert_eq!(send(&house, "application/json", &large).await.line(), "413 too_large");
    }
}

/// A field as JSON, and the answer.
const BAD_FIELDS: &[(&str, &str)] = &[
    (r#""user_email":"no address""#, "400 user_email: address 1: "),
    (r#""user_email":["a@b.example","@b.example"]"#, "400 user_email: address 2: "),
    (r#""user_email":["a@b"]"#, "400 user_email: address 1: "),
    (r#""user_email":["a@b.example\nBcc: x@y.example"]"#, "400 user_email: address 1: "),
    (r#""user_email":["a@b.example,c@d.example"]"#, "400 user_email: address 1: "),
    (r#""user_email":["\"a b\"@b.example"]"#, "400 user_email: address 1: "),
    (r#""user_email":[{"a":1}]"#, "400 user_email: it must be a text"),
    (r#""user_email":[["a@b.example"]]"#, "400 user_email: it must be a text"),
    (r#""user_email":true"#, "400 user_email: it must be a text"),
    (r#""description":["a"]"#, "400 description: it must be a text"),
    (r#""description":{"a":1}"#, "400 description: it must be a text"),
    (r#""description":"bell \u0007""#, "400 description: it cannot have control characters"),
    (r#""description":"\u009b31m""#, "400 description: it cannot have control characters"),
    (r#""category":"two\nlines""#, "400 category: it must be one line"),
    (r#""category":"two\u2028lines""#, "400 category: it must be one line"),
    (r#""category":1.5"#, "400 category: it must be a text"),
];

#[tokio::test]
async fn every_bad_field_is_named() {
    for kind in BOTH {
        let house = House::new(kind).await;
        for (field, expected) in BAD_FIELDS {
            let answer = house.report(&format!(r#"{{"refid":"S-1",{field}}}"#)).await;
            let line = answer.line();
            assert!(line.starts_with(expected), "{field}: {line}");
        }
        let address = format!("{}@b.example", "a".repeat(65));
        let body = serde_json::json!({"refid": "S-1", "user_email": address});
        let line = house.report(&body.to_string()).await.line();
        assert!(line.starts_with("400 user_email: "), "{line}");
        assert_eq!(house.cases("S-1").await, 0);
    }
}

#[tokio::test]
async fn lengths_are_held_to_the_letter() {
    let house = House::new(BOTH[0]).await;
    let addresses = |count| (0..count).map(|n| format!("a{n}@b.example")).collect::<Vec<_>>();
    let twice: Vec<String> = addresses(10).into_iter().chain(addresses(10)).collect();
    let report = async |refid: &str, field: &str, value: serde_json::Value| {
        house.report(&serde_json::json!({"refid": refid, field: value}).to_string()).await.line()
    };
    for (field, good, bad, why) in [
        ("user_email", twice.into(), addresses(11).into(), "at most 10 addresses can be named"),
        (
            "description",
            serde_json::Value::from("ü".repeat(32_768)),
            serde_json::Value::from("ü".repeat(32_769)),
            "it can have at most 32768 characters",
        ),
        (
            "category",
            "ü".repeat(64).into(),
            "ü".repeat(65).into(),
            "it can have at most 64 characters",
        ),
    ] {
        assert_eq!(report("S-1", field, bad).await, format!("400 {field}: {why}"));
        assert_eq!(report("F-1", field, good).await, "200 Failed F-1");
    }
}

#[tokio::test]
async fn other_paths_and_methods_have_the_flat_shape() {
    let house = House::new(BOTH[0]).await;
    for (method, path, expected) in [
        ("GET", CHECK, "405 method_not_allowed"),
        ("PUT", "/v2/token", "405 method_not_allowed"),
        ("DELETE", "/v1/token/refresh", "405 method_not_allowed"),
        ("POST", "/v1/transactions/check", "404 not_found"),
        ("POST", "/v2/transactions/check/", "404 not_found"),
        ("GET", "/v2", "404 not_found"),
        ("GET", "/v2/", "404 not_found"),
        ("GET", "/v2/%ff%00/../x", "404 not_found"),
        ("GET", "/console", "404 not_found"),
        ("GET", "/metrics", "404 not_found"),
        ("POST", "//v2/transactions/check", "404 not_found"),
        ("POST", "/V2/transactions/check", "404 not_found"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::from("{}"));
        let answer = house.send(request.expect("a request")).await;
        assert_eq!(answer.line(), expected, "{method} {path}");
        assert_eq!(answer.header("allow").is_empty(), answer.status == 404, "{method} {path}");
    }
}
