//! The command against a server of a few lines, which checks what a real one would see.

use std::fs;

use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::cli::{Cli, Command};
use crate::demo::manifest::tests::sample;

const CASE: &str = "cs_01jb8k2m3n4p5q6r7s8t9v0w1x";

fn args(words: &[&str]) -> ReportArgs {
    let words = ["redress", "report"].iter().chain(words);
    match Cli::try_parse_from(words).expect("they read").command {
        Command::Report(args) => args,
        other => panic!("{other:?}"),
    }
}

async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut part = [0_u8; 4_096];
        let count = stream.read(&mut part).await.expect("read");
        text.push_str(std::str::from_utf8(&part[..count]).expect("UTF-8"));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().expect("a length"));
        if body.len() >= length {
            return text;
        }
    }
}

/// Answers one request after another, and gives back what was asked.
async fn serve(listener: TcpListener, answers: Vec<String>) -> Vec<String> {
    let mut asked = Vec::new();
    for answer in answers {
        let (mut stream, _) = listener.accept().await.expect("accepted");
        asked.push(request(&mut stream).await);
        stream.write_all(answer.as_bytes()).await.expect("written");
    }
    asked
}

fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

struct Story {
    said: String,
    ended: Result<Outcome, String>,
    asked: Vec<String>,
}

/// Runs the command against these answers, with the demo's file in place.
async fn story(words: &[&str], answers: Vec<String>) -> Story {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let base_url = format!("http://{}", listener.local_addr().expect("bound"));
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let manifest = Manifest { base_url, ..sample() };
    manifest.write(&scratch.path().join("demo.json")).expect("written");
    let server = tokio::spawn(serve(listener, answers));
    let mut said = String::new();
    let ended = run(scratch.path(), &args(words), |_| None, &mut said).await;
    let ended = ended.map_err(|why| super::super::chain(&why));
    Story { said, ended, asked: server.await.expect("served") }
}

#[tokio::test]
async fn reports_signs_and_shows_the_timeline() {
    let taken = r#"{"data":{"refid":"A-1","status":"Success","message":"We look into it."}}"#;
    let timeline = r#"{"case":"cs_1","entries":[
        {"kind":"note","at":"2026-01-05T10:11:12.000Z","actor":"app","act":"report","seq":1,
         "says":"Not\ncredited"},
        {"kind":"mail","at":"2026-01-05T10:11:12.000Z","id":"msg_1","shape":"opened.v1",
         "state":"done","attempts":1,"last_detail":null}]}"#;
    let answers = vec![
        http("200 OK", &format!("redress-case-id: {CASE}\r\n"), taken),
        http("200 OK", "", timeline),
    ];
    let words =
        ["--refid", "A-1", "--email", "a@b.example", "--email", "c@d.example", "--says", "é"];
    let Story { said, ended, asked } = story(&words, answers).await;
    assert_eq!(ended, Ok(Outcome::Done), "{said}");
    assert!(asked[0].starts_with("POST /v2/transactions/check HTTP/1.1\r\n"), "{}", asked[0]);
    for header in ["x-api-key: iimm_prod_1", "x-signature: v1=", "x-nonce: ", "idempotency-key: "] {
        assert!(asked[0].contains(header), "{header}: {}", asked[0]);
    }
    let body = asked[0].split("\r\n\r\n").nth(1).expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let wanted = r#"{"refid":"A-1","description":"é","user_email":["a@b.example","c@d.example"]}"#;
    assert_eq!(body, serde_json::from_str::<Value>(wanted).expect("JSON"));
    assert!(asked[1].starts_with(&format!("GET /api/v1/cases/{CASE}/timeline ")), "{}", asked[1]);
    assert!(asked[1].contains("authorization: Bearer rdt_1"), "{}", asked[1]);
    let note = "  2026-01-05T10:11:12.000Z  note     report     app               Not credited\n";
    let mail = "  2026-01-05T10:11:12.000Z  mail     done       opened.v1\n";
    // The answer stands there as it was sent.
    for words in ["200 OK", taken, CASE, note, mail] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn staging_uses_its_own_key_and_says_how_to_see_the_timeline() {
    let taken = r#"{"data":{"refid":"A-1","status":"Success","message":""}}"#;
    let answers = vec![http("200 OK", &format!("redress-case-id: {CASE}\r\n"), taken)];
    let Story { said, ended, asked } = story(&["--trxid", "7", "--staging"], answers).await;
    assert_eq!(ended, Ok(Outcome::Done));
    assert!(asked[0].contains("x-api-key: iimm_dev_1"), "{}", asked[0]);
    assert!(said.contains("redress token add"), "{said}");
}

#[tokio::test]
async fn every_other_answer_says_what_to_do() {
    let failed = r#"{"data":{"refid":"A-1","status":"Failed","message":"Sorry"}}"#;
    let refused = story(&["--refid", "A-1"], vec![http("200 OK", "", failed)]).await;
    assert_eq!(refused.ended, Ok(Outcome::Refused));
    #[rustfmt::skip]
    let cases = [
        ("400 Bad Request", r#"{"message":"invalid"}"#, "see its answer above"),
        ("401 Unauthorized", r#"{"error":"invalid_signature"}"#, "clock"),
        ("403 Forbidden", "", "may not report"),
        ("404 Not Found", "<html>", "check --url"),
        ("302 Found", "", "points elsewhere"),
        ("200 OK", "[]", "check --url"),
        ("503 Service Unavailable", "", "try again"),
        ("500 Internal Server Error", "", "log"),
    ];
    for (status, body, wanted) in cases {
        let Story { said, ended, .. } =
            story(&["--refid", "A"], vec![http(status, "", body)]).await;
        let why = ended.expect_err(status);
        assert!(why.contains(wanted), "{status}: {why}");
        assert!(said.starts_with(status), "{status}: {said}");
    }
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned();
    let why = story(&["--refid", "A"], vec![cut]).await.ended.expect_err("cut short");
    assert!(why.contains("--idempotency-key"), "{why}");
}

#[tokio::test]
async fn without_a_server_or_credentials_it_says_what_is_missing() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let said = |words: &'static [&'static str]| {
        let dir = scratch.path().to_owned();
        async move {
            let ended = run(&dir, &args(words), |_| None, &mut String::new()).await;
            super::super::chain(&ended.expect_err("nothing there"))
        }
    };
    assert!(said(&["--refid", "A"]).await.contains("--url, --api-key and --secret-file"));
    sample().write(&scratch.path().join("demo.json")).expect("written");
    // The demo's secrets go to the demo's server only.
    let why = said(&["--refid", "A", "--url", "http://127.0.0.1:9"]).await;
    assert!(why.contains("give --api-key"), "{why}");
    let why = said(&["--refid", "A", "--url", "ftp://a.example"]).await;
    assert!(why.contains("no address of a server") || why.contains("--api-key"), "{why}");
    fs::write(scratch.path().join("secret"), "c2VjcmV0\n").expect("written");
    let nobody = Manifest { base_url: "http://127.0.0.1:9".to_owned(), ..sample() };
    nobody.write(&scratch.path().join("demo.json")).expect("written");
    let why = said(&["--refid", "A"]).await;
    assert!(why.contains("is the server running"), "{why}");
}

#[test]
fn answers_cannot_steer_the_terminal() {
    let mut out = String::new();
    show_body("\u{1b}[2Jgone\u{9b}5n".as_bytes(), &mut out);
    show_entries("{\"a\":[{\"says\":\"\\u001b[2J\"}, 7], \"b\": 1}".as_bytes(), &mut out);
    assert!(!out.contains(['\u{1b}', '\u{9b}']), "{out:?}");
    assert!(out.contains("  \u{fffd}[2J"), "{out}");
}

#[test]
fn addresses_keep_their_path() {
    let joined = |url| place(&base(url).expect(url), "v2/x").expect(url).to_string();
    assert_eq!(joined("http://a.example"), "http://a.example/v2/x");
    assert_eq!(joined("https://a.example/redress"), "https://a.example/redress/v2/x");
    for bad in ["", "a.example", "file:///etc/passwd", "http://", "http://a.example/?x=1"] {
        assert!(base(bad).is_err(), "{bad}");
    }
}
