//! Good and bad bodies as tables, and the properties that hold for all.

use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue};

use super::*;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=XX";

fn headers(content_type: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    if !content_type.is_empty() {
        map.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).expect("a header"));
    }
    map
}

/// What a body says: `refid | user_email,user_email`, or the error's code, or a field's fault.
fn said(content_type: &str, body: &[u8]) -> String {
    let fields = match read(&headers(content_type), body) {
        Ok(fields) => fields,
        Err(error) => return error.code().to_owned(),
    };
    match (fields.text("refid"), fields.texts("user_email")) {
        (Ok(refid), Ok(emails)) => {
            format!("{} | {}", refid.unwrap_or_else(|| "none".to_owned()), emails.join(","))
        }
        (Err(error), _) | (_, Err(error)) => format!("{} {:?}", error.name, error.fault),
    }
}

fn check(content_type: &str, cases: &[(&str, &str)]) {
    for (body, want) in cases {
        assert_eq!(said(content_type, body.as_bytes()), *want, "{content_type}: {body}");
    }
}

#[test]
fn forms_in_every_spelling_that_was_measured() {
    check(
        FORM,
        &[
            ("refid=A-1&user_email=a", "A-1 | a"),
            ("refid=A-1&user_email[]=a&user_email[]=b", "A-1 | a,b"),
            ("refid=A-1&user_email%5B%5D=a&user_email%5b%5d=b", "A-1 | a,b"),
            ("refid=A-1&user_email[]=a", "A-1 | a"),
            ("refid=A-1&user_email[]=a&user_email=b", "A-1 | a,b"),
            ("refid=A-1&user_email=a&user_email=b", "A-1 | a,b"),
            ("refid=A-1&user_email[0]=a&user_email[1]=b", "A-1 | a,b"),
            ("refid=A-1&user_email%5B1%5D=b&user_email[0]=a", "A-1 | a,b"),
            ("refid=A-1&user_email[7]=b&user_email[]=a", "A-1 | b,a"),
            ("refid=A-1&user_email[10]=k&user_email[9]=j", "A-1 | j,k"),
            ("refid=A-1&user_email=", "A-1 | "),
            ("refid=A-1&user_email[]=&user_email[]=b&user_email[]=+", "A-1 | b"),
            ("refid=A-1", "A-1 | "),
            ("refid=&user_email=a%2Bb%40c.d", "none | a+b@c.d"),
            ("refid=+A+1%20", "A 1 | "),
            ("refid[]=A-1", "A-1 | "),
            ("refid=A-1&refid=A-2", "refid Repeated"),
            ("refid=A-1&refid=A-1", "refid Repeated"),
            ("refid=100%&user_email=%zz", "100% | %zz"),
            ("refid=a=b", "a=b | "),
            ("refid", "none | "),
            ("&&=&=x&refid=A-1&", "A-1 | "),
            (
                "user_email[x]=a&user_email[-1]=b&user_email[+1]=c&user_email[99999999999]=d",
                "none | ",
            ),
            ("user_email[][]=a&user_email]=b&[]=c&[0]=d&user_email[=e", "none | "),
            ("REFID=A-1", "none | "),
            ("\u{feff}refid=A-1", "A-1 | "),
            ("{\"refid\":\"A-1\"}", "A-1 | "),
            ("{\"refid\":\"A-1\",\"refid\":\"A-2\"}", "duplicate_key"),
            ("{refid=A-1}", "none | "),
            ("refid=%00", "nul_character"),
            ("refid%00=x", "nul_character"),
            ("refid=%ff", "not_utf8"),
            ("%c3%28=x", "not_utf8"),
            ("", "none | "),
            ("  \r\n ", "none | "),
        ],
    );
}

#[test]
fn json_objects_and_what_is_none() {
    check(
        JSON,
        &[
            (r#"{"refid":"A-1","user_email":["a","b"]}"#, "A-1 | a,b"),
            (r#"{"refid":"A-1","user_email":"a"}"#, "A-1 | a"),
            (r#"{"refid":"A-1","user_email":[]}"#, "A-1 | "),
            (r#"{"refid":"A-1","user_email":null}"#, "A-1 | "),
            (r#"{"refid":"A-1","user_email":["",null," a "]}"#, "A-1 | a"),
            (r#"{"refid":"A-1","user_email[]":["a"],"user_email":["b"]}"#, "A-1 | a,b"),
            (r#"{"refid":123}"#, "123 | "),
            (r#"{"refid":-5}"#, "-5 | "),
            (r#"{"refid":18446744073709551615}"#, "18446744073709551615 | "),
            (r#"{"refid":18446744073709551616}"#, "refid NotText"),
            (r#"{"refid":1.5}"#, "refid NotText"),
            (r#"{"refid":1e3}"#, "refid NotText"),
            (r#"{"refid":true}"#, "refid NotText"),
            (r#"{"refid":{"a":1}}"#, "refid NotText"),
            (r#"{"refid":["A-1"]}"#, "refid NotText"),
            (r#"{"user_email":[["a"]]}"#, "user_email NotText"),
            (r#"{"user_email":{"0":"a"}}"#, "user_email NotText"),
            (r#"{"user_email":[false]}"#, "user_email NotText"),
            (r#"{"refid":"","trxid":""}"#, "none | "),
            (r#"{"refid":" A-1\t"}"#, "A-1 | "),
            (r#"{"other":{"x":[1,{"y":null}]},"refid":"A-1"}"#, "A-1 | "),
            ("\u{feff} {\"refid\":\"A-1\"}\r\n", "A-1 | "),
            (r#"{"refid":"\u0041-1"}"#, "A-1 | "),
            ("{}", "none | "),
            ("", "none | "),
        ],
    );
}

#[test]
fn json_that_is_refused() {
    let deep = |open: &str, close: &str, times| {
        format!("{{\"a\":{}1{}}}", open.repeat(times), close.repeat(times))
    };
    let (lists, objects) = (deep("[", "]", 16), deep("{\"b\":", "}", 16));
    let abyss = deep("[", "]", 20_000);
    let long_name = format!("{{\"{}\":1}}", "n".repeat(129));
    let many = format!("{{\"a\":[{}1]}}", "1,".repeat(256));
    let mut names = "{".to_owned();
    for number in 0..257 {
        write!(names, "\"n{number}\":null,").expect("a string");
    }
    names.push_str("\"z\":1}");
    check(
        JSON,
        &[
            (r#"[{"refid":"A-1"}]"#, "array_body"),
            ("[]", "array_body"),
            (r#"["#, "bad_json"),
            (r#""refid""#, "not_an_object"),
            ("123", "not_an_object"),
            ("1.5", "not_an_object"),
            ("-1", "not_an_object"),
            ("null", "not_an_object"),
            ("true", "not_an_object"),
            (r#"{"refid":"A-1""#, "bad_json"),
            (r#"{"refid":"A-1"} x"#, "bad_json"),
            (r#"{"refid":"A-1"}{"refid":"A-2"}"#, "bad_json"),
            (r#"{'refid':'A-1'}"#, "bad_json"),
            (r#"{"refid":NaN}"#, "bad_json"),
            (r#"{"refid":01}"#, "bad_json"),
            (r#"{"refid":"\ud800"}"#, "bad_json"),
            ("{\"refid\":\"a\nb\"}", "bad_json"),
            (r#"{"refid":"A-1","refid":"A-1"}"#, "duplicate_key"),
            (r#"{"x":{"y":1,"y":2}}"#, "duplicate_key"),
            (r#"{"x":[{"y":1,"\u0079":2}]}"#, "duplicate_key"),
            (r#"{"refid":"A\u00001"}"#, "nul_character"),
            (r#"{"a\u0000":1}"#, "nul_character"),
            ("{\"refid\":\"a\u{0}b\"}", "bad_json"),
            ("refid=A-1", "bad_json"),
            (&lists, "too_deep"),
            (&objects, "too_deep"),
            (&abyss, "too_deep"),
            (&long_name, "name_too_long"),
            (&many, "too_many_fields"),
            (&names, "too_many_fields"),
        ],
    );
    assert_eq!(said(JSON, b"{\"refid\":\"\xff\"}"), "not_utf8");
    let shallow = deep("[", "]", 15);
    assert_eq!(said(JSON, shallow.as_bytes()), "none | ");
    assert_eq!(
        read(&headers(JSON), b"{\n \"a\": }"),
        Err(BodyError::BadJson { line: 2, column: 7 })
    );
}

fn part(head: &str, value: &str) -> String {
    format!("--XX\r\n{head}\r\n\r\n{value}\r\n")
}

fn named(name: &str, value: &str) -> String {
    part(&format!("Content-Disposition: form-data; name=\"{name}\""), value)
}

const END: &str = "--XX--\r\n";

#[test]
fn multipart_bodies() {
    let (refid, email) = (named("refid", "A-1"), named("user_email", "a"));
    let (first, second) = (named("user_email[0]", "a"), named("user_email[1]", "b"));
    let (listed, padded) = (named("user_email[]", "b"), named("refid", " é\r\n "));
    let unquoted = part("Content-Disposition: form-data; name=refid", "A-1");
    let cases = [
        (format!("{refid}{email}{END}"), "A-1 | a"),
        (format!("{email}{listed}{END}"), "none | a,b"),
        (format!("{second}{first}{END}"), "none | a,b"),
        (format!("{}{END}", named("refid", "")), "none | "),
        (format!("{padded}{END}"), "é | "),
        (format!("{refid}--XX--"), "A-1 | "),
        (format!("preamble\r\n{refid}{END}epilogue"), "A-1 | "),
        (format!("{unquoted}{END}"), "A-1 | "),
        (END.to_owned(), "none | "),
        (String::new(), "none | "),
        (refid.clone(), "bad_multipart"),
        ("--XX\r\n".to_owned(), "bad_multipart"),
        ("refid=A-1".to_owned(), "bad_multipart"),
        (format!("{}{END}", named("refid", "a\0b")), "nul_character"),
        (format!("{}{END}", named(&"n".repeat(129), "x")), "name_too_long"),
        (format!("{}{END}", email.repeat(257)), "too_many_fields"),
    ];
    for (body, want) in cases {
        assert_eq!(said(PARTS, body.as_bytes()), want, "{body}");
    }
    let latin = b"--XX\r\nContent-Disposition: form-data; name=refid\r\n\r\n\xe9\r\n--XX--\r\n";
    assert_eq!(said(PARTS, latin), "not_utf8");
}

#[test]
fn parts_with_odd_headers() {
    let heads = [
        ("form-data", "bad_multipart"),
        ("form-data; name=f; filename=\"a.png\"", "file_part"),
        ("form-data; name=f; FileName*=UTF-8''a", "file_part"),
        ("form-data; name=refid\r\nContent-Type: text/plain; charset=utf-8", "x | "),
        (
            "form-data; name=refid\r\nContent-Type: text/plain; charset=latin1",
            "unsupported_charset",
        ),
        ("form-data; name=refid\r\nContent-Transfer-Encoding: 8bit", "x | "),
        ("form-data; name=refid\r\nContent-Transfer-Encoding: base64", "encoded"),
    ];
    for (head, want) in heads {
        let body = format!("{}{END}", part(&format!("Content-Disposition: {head}"), "x"));
        assert_eq!(said(PARTS, body.as_bytes()), want, "{head}");
    }
    for head in ["X: y", ": broken header"] {
        let body = format!("{}{END}", part(head, "x"));
        assert_eq!(said(PARTS, body.as_bytes()), "bad_multipart", "{head}");
    }
}

#[test]
fn verbatim_keeps_every_space() {
    let text = " two\r\n lines \t";
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("d", text).finish();
    let json = serde_json::json!({ "d": text }).to_string();
    for (content_type, body) in
        [(FORM, form), (JSON, json), (PARTS, format!("{}{END}", named("d", text)))]
    {
        let fields = read(&headers(content_type), body.as_bytes()).expect("well written");
        assert_eq!(fields.verbatim("d"), Ok(Some(text.to_owned())));
        assert_eq!(fields.text("d"), Ok(Some("two\r\n lines".to_owned())));
    }
    let blank = read(&headers(FORM), b"d=+%0A").expect("well written");
    assert_eq!(blank.verbatim("d"), Ok(None));
}

#[test]
fn content_types() {
    let (json, form) = (r#"{"refid":"J"}"#, "refid=F");
    let cases = [
        ("", json, "J | "),
        ("", form, "F | "),
        ("", " \n{\"refid\":\"J\"}", "J | "),
        ("", "[1]", "array_body"),
        ("", "{broken", "bad_json"),
        ("text/plain;charset=UTF-8", json, "J | "),
        ("text/plain", form, "F | "),
        ("application/octet-stream", json, "J | "),
        ("APPLICATION/JSON", json, "J | "),
        ("application/json; charset=utf-8", json, "J | "),
        ("application/json;charset=\"UTF-8\"", json, "J | "),
        ("application/json; charset", json, "J | "),
        ("application/vnd.api+json", json, "J | "),
        ("application/json", form, "bad_json"),
        ("application/x-www-form-urlencoded; charset=utf-8", form, "F | "),
        ("application/json; charset=iso-8859-1", json, "unsupported_charset"),
        ("application/json; charset=utf-16", json, "unsupported_charset"),
        ("application/x-www-form-urlencoded; charset=windows-1252", form, "unsupported_charset"),
        ("application/xml", "<a/>", "unsupported_type"),
        ("text/html", json, "unsupported_type"),
        ("image/png", json, "unsupported_type"),
        ("json", json, "unsupported_type"),
        ("multipart/mixed; boundary=XX", json, "unsupported_type"),
        ("multipart/form-data", json, "bad_multipart"),
        ("multipart/form-data; boundary=", json, "bad_multipart"),
        ("multipart/form-data; boundary=\"\"", json, "bad_multipart"),
    ];
    for (content_type, body, want) in cases {
        assert_eq!(said(content_type, body.as_bytes()), want, "{content_type:?}: {body}");
    }
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    assert_eq!(said(&long, b"x"), "bad_multipart");
    let mut two = headers(JSON);
    two.append(CONTENT_TYPE, HeaderValue::from_static(FORM));
    assert_eq!(read(&two, b"{}"), Err(BodyError::UnsupportedType));
    let mut odd = HeaderMap::new();
    odd.insert(CONTENT_TYPE, HeaderValue::from_bytes(b"application/js\xf6n").expect("a header"));
    assert_eq!(read(&odd, b"{}"), Err(BodyError::UnsupportedType));
    for (encoding, good) in
        [("gzip", false), ("identity", true), ("identity, br", false), ("", true)]
    {
        let mut map = headers(JSON);
        map.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        assert_eq!(read(&map, b"{}").err(), (!good).then_some(BodyError::Encoded), "{encoding}");
    }
}

fn limits(bytes_max: usize) -> BodyLimits {
    BodyLimits { bytes_max, discarded_bytes_max: 10, time: Duration::from_secs(5) }
}

fn chunked(chunks: &[&'static str]) -> Body {
    let chunks: Vec<_> = chunks
        .iter()
        .map(|chunk| Ok::<_, std::io::Error>(Bytes::from_static(chunk.as_bytes())))
        .collect();
    Body::from_stream(stream::iter(chunks))
}

#[tokio::test]
async fn a_body_is_taken_whole_or_not_at_all() {
    let none = HeaderMap::new();
    let taken = |body, max| async move { take(&HeaderMap::new(), body, &limits(max)).await };
    assert_eq!(taken(Body::from("12345"), 5).await, Ok(Bytes::from("12345")));
    assert_eq!(taken(Body::empty(), 5).await, Ok(Bytes::new()));
    assert_eq!(taken(chunked(&["12", "", "345"]), 5).await, Ok(Bytes::from("12345")));
    let over = Err(BodyError::TooLarge { max: 5 });
    assert_eq!(taken(Body::from("123456"), 5).await, over);
    assert_eq!(taken(chunked(&["123", "456"]), 5).await, over);
    assert_eq!(taken(chunked(&["12345678901234567890", "more"]), 5).await, over);
    let broken = Body::from_stream(stream::iter([
        Ok(Bytes::from("1")),
        Err(std::io::Error::other("reset")),
    ]));
    assert_eq!(take(&none, broken, &limits(5)).await, Err(BodyError::BrokenOff));
    let mut waiting = HeaderMap::new();
    waiting.insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("6"));
    waiting.insert(http::header::EXPECT, HeaderValue::from_static("100-continue"));
    let unread = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(take(&waiting, unread, &limits(5)).await, over, "without reading");
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let limits = BodyLimits { time: Duration::from_millis(20), ..limits(100) };
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from("{"))]);
    let never = Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()));
    assert_eq!(take(&HeaderMap::new(), never, &limits).await, Err(BodyError::TooSlow));
}

mod properties;
