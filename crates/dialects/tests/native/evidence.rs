//! Files over HTTP: a story on both engines, bad files by the table, broken uploads made here and
//! from outside. Whatever is sent, the answer is one of the document, and what was refused leaves
//! no file behind.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use domain::admin::AdminAct;
use domain::admin::acts::NewToken;
use domain::payment::PaymentStatus;
use domain::{Right, Rights, Role};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use store::engine::EngineKind;
use teststand::dice::Seeded;
use teststand::engines::BOTH;

use crate::support::{Answer, House};

/// Names the folder with samples from outside.
const DATA: &str = "REDRESS_TEST_DATA";

/// Samples larger than this are cut: what matters is at their beginning.
const SAMPLE_BYTES_MAX: usize = 300_000;

struct Case {
    house: House,
    token: String,
    path: String,
}

impl Case {
    async fn new(kind: EngineKind) -> Self {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        house.world.pay(scope, "A-1", PaymentStatus::Successful).await;
        let case = house.report(scope, "A-1", "gone").await;
        let token = house.token(scope, Role::Agent, "ann").await;
        Self { house, token, path: format!("/api/v1/cases/{case}/evidence") }
    }

    async fn send(&self, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(&self.path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", content_type);
        self.house.send(request.body(body.into()).expect("a request")).await
    }

    async fn give(&self, files: &[(&str, &[u8])]) -> Answer {
        self.send("multipart/form-data; boundary=XX", form(files)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.house.ask(&self.token, "GET", path, &[], None).await
    }

    /// Whoever may see who looked finds a row for each of these, and a token without the right to
    /// what stays inside does not see who brought a file.
    async fn looks_are_logged(&self, subjects: &[&str]) {
        let scope = self.house.world.scope;
        let auditor = self.house.token(scope, Role::Auditor, "aud").await;
        self.house.world.desk.write_reads_behind().await.expect("written");
        let reads = "/api/v1/admin/reads?view=evidence&by=ann";
        let reads = self.house.ask(&auditor, "GET", reads, &[], None).await.json();
        let reads = reads["reads"].as_array().expect("reads").iter();
        let seen: BTreeSet<&str> = reads.filter_map(|one| one["subject"].as_str()).collect();
        assert_eq!(seen, subjects.iter().copied().collect());
        let token = NewToken {
            name: "viewer".into(),
            role: Role::Auditor,
            rights: Some(Rights::NONE.with(Right::ReadEvidence)),
            days: 1,
            member: None,
            installation: false,
        };
        let (_, narrow) = self.house.operate(scope, AdminAct::TokenAdd { token }).await;
        for (token, who) in [(&auditor, json!("ann")), (&narrow, Value::Null)] {
            let file = self.house.ask(token, "GET", &self.path, &[], None).await.json();
            assert_eq!(file["evidence"][0]["uploaded_by"], who);
        }
    }

    /// Files in the storage and in the spool.
    fn kept(&self) -> (usize, usize) {
        let root = self.house.world.dir().join("evidence");
        (files_below(&root.join("kept")), files_below(&root.join("spool")))
    }
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let count = |path: &Path| if path.is_dir() { files_below(path) } else { 1 };
    entries.map(|entry| count(&entry.expect("an entry").path())).sum()
}

/// A body of parts called `files`, parted by XX.
pub fn form(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in files {
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

fn pdf(inside: &str) -> Vec<u8> {
    format!("%PDF-1.4\n{inside}\n%%EOF\n").into_bytes()
}

/// A real PNG of one colour, by hand: stored blocks need no compressor.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let row = [vec![0], vec![0x7f; width as usize * 3]].concat();
    let raw: Vec<u8> = row.repeat(height as usize);
    let mut zlib = vec![0x78, 0x01];
    let mut blocks = raw.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a block");
        zlib.push(u8::from(blocks.peek().is_none()));
        zlib.extend_from_slice(&length.to_le_bytes());
        zlib.extend_from_slice(&(!length).to_le_bytes());
        zlib.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &raw {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    zlib.extend_from_slice(&(b << 16 | a).to_be_bytes());
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", &header[..]), (b"IDAT", &zlib), (b"IEND", b"")] {
        let checked = [&kind[..], data].concat();
        file.extend_from_slice(&u32::try_from(data.len()).expect("a chunk").to_be_bytes());
        file.extend_from_slice(&checked);
        file.extend_from_slice(&checksum(&checked).to_be_bytes());
    }
    file
}

fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 }
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_in_and_come_back_as_attachments() {
    for kind in BOTH {
        let case = Case::new(kind).await;
        let (picture, paper) = (png(2_000, 30), pdf("/JavaScript /OpenAction"));
        let answer = case.give(&[("../a b.png", &picture), ("brief.PDF", &paper)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!((answer.header("etag"), answer.json()["version"].clone()), ("\"2\"", 2.into()));
        let files = answer.json()["evidence"].as_array().expect("files").clone();
        let facts = |at: usize| [&files[at]["name"], &files[at]["kind"], &files[at]["state"]];
        assert_eq!(facts(0), [&json!("a b.png"), &json!("png"), &json!("unscanned")]);
        assert_eq!(files[1]["flags"], json!(["javascript", "open-action"]));
        assert_eq!(case.get(&case.path).await.json()["evidence"], Value::from(files.clone()));

        let id = |at: usize| files[at]["id"].as_str().expect("an id");
        let paper_path = format!("/api/v1/evidence/{}", id(1));
        assert_eq!(case.get(&paper_path).await.json(), files[1]);
        let content = case.get(&format!("{paper_path}/content")).await;
        assert!(content.bytes == paper);
        for (name, value) in [
            ("content-type", "application/pdf"),
            ("content-length", &paper.len().to_string()),
            (
                "content-disposition",
                "attachment; filename=\"brief.PDF\"; filename*=UTF-8''brief.PDF",
            ),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(content.header(name), value, "{name}");
        }
        assert_eq!(case.get(&format!("{paper_path}/preview")).await.code(), "no-preview");
        let preview = case.get(&format!("/api/v1/evidence/{}/preview", id(0))).await;
        assert_eq!(preview.header("content-type"), "image/jpeg");
        assert!(preview.bytes.starts_with(b"\xff\xd8\xff") && preview.bytes.len() < 20_000);

        let timeline = case.get(&case.path.replace("evidence", "timeline")).await.json();
        let entries = timeline["entries"].as_array().expect("entries").iter();
        let reads: Vec<&Value> =
            entries.filter(|one| one["act"] == "evidence-read").map(|one| &one["fact"]).collect();
        let (original, shown) = (format!("{} original", id(1)), format!("{} preview", id(0)));
        assert_eq!(reads, [&json!(original), &json!(shown)]);
        case.looks_are_logged(&[&case.path[14..43], id(0), id(1)]).await;
        assert_eq!(case.kept(), (2, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_files_are_refused_by_name_and_leave_nothing() {
    let case = Case::new(EngineKind::Sqlite).await;
    let (picture, paper) = (png(4, 4), pdf(""));
    let mut bomb = png(4, 4);
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let mut jpeg_bomb = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08".to_vec();
    jpeg_bomb.extend_from_slice(b"\xff\xff\xff\xff\x01\x01\x11\x00\xff\xd9");
    let large = [&picture[..], &vec![0; 10 << 20]].concat();
    let one = picture.as_slice();
    let many: Vec<(String, &[u8])> = (0..11).map(|n| (format!("{n}.png"), one)).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, bytes)| (n.as_str(), *bytes)).collect();
    for (files, place, code) in [
        (vec![("a.png", one), ("A.PNG", one)], 1, "file-name-taken"),
        (vec![("a.pdf", one)], 0, "wrong-signature"),
        (vec![("a.png", one), ("b.png", &paper)], 1, "wrong-signature"),
        (vec![("a.svg", b"<svg onload=alert(1)>")], 0, "wrong-file-extension"),
        (vec![("a.png", b"")], 0, "file-empty"),
        (vec![("", one)], 0, "file-without-name"),
        (vec![("a.png", &bomb)], 0, "too-many-pixels"),
        (vec![("a.jpg", &jpeg_bomb)], 0, "too-many-pixels"),
        (vec![("a.jpg", b"\xff\xd8\xff\xe0")], 0, "image-without-dimensions"),
        (vec![("a.png", &large)], 0, "file-too-large"),
        (many, 10, "too-many-files"),
    ] {
        let answer = case.give(&files).await;
        assert_eq!((answer.status, answer.code().as_str()), (422.try_into().expect("it"), code));
        assert_eq!(answer.json()["errors"][0]["field"], format!("files[{place}]"), "{code}");
        assert_eq!(case.kept(), (0, 0), "{code}");
    }
    for (why, files) in [("no part", vec![]), ("an empty field of a form", vec![("", &b""[..])])] {
        assert_eq!(case.give(&files).await.code(), "wrong-field", "{why}");
    }
    let polyglot = [&paper[..], &picture].concat();
    let kept = case.give(&[("both.pdf", &polyglot)]).await.json();
    assert_eq!(kept["evidence"][0]["media_type"], "application/pdf", "one type, ours");
}

/// Bodies that are cut, doubled, mislabelled and altered at random: never a 5xx, never a file.
#[tokio::test(flavor = "multi_thread")]
async fn broken_bodies_leave_nothing() {
    let case = Case::new(EngineKind::Sqlite).await;
    let good = form(&[("a.pdf", &pdf(&"/Launch ".repeat(2_000)))]);
    let kind = "multipart/form-data; boundary=XX";
    for cut in (0..good.len() - 6).step_by(997).chain([1, 40, 90, good.len() - 7]) {
        let answer = case.send(kind, good[..cut].to_vec()).await;
        assert_eq!(answer.code(), "bad-multipart", "cut at {cut}");
    }
    for (content_type, code) in [
        ("multipart/form-data", "bad-multipart"),
        ("multipart/form-data; boundary=YY", "bad-multipart"),
        ("multipart/mixed; boundary=XX", "unsupported-type"),
        ("application/pdf", "unsupported-type"),
    ] {
        let answer = case.send(content_type, good.clone()).await;
        assert_eq!(answer.code(), code, "{content_type}");
    }
    let part = form(&[("a.pdf", &pdf(""))]);
    let part = &part[..part.len() - 8];
    let many = [part.repeat(10_000), b"--XX--\r\n".to_vec()].concat();
    assert_eq!(case.send(kind, many).await.code(), "too-many-fields");
    let head = &b"--XX\r\nContent-Disposition: form-data; x="[..];
    let endless = [head, &vec![b'y'; 1 << 20]].concat();
    assert_eq!(case.send(kind, endless).await.code(), "bad-multipart");
    assert_eq!(case.kept(), (0, 0));

    let mut dice = Seeded::new(11);
    let mut taken = 0;
    for _ in 0..300 {
        let mut altered = good.clone();
        for _ in 0..=dice.below(6) {
            let at = dice.below(200);
            altered[at] = u8::try_from(dice.below(256)).expect("a byte");
        }
        let answer = case.send(kind, altered).await;
        assert!(!answer.status.is_server_error(), "{answer:?}");
        taken += usize::from(answer.status == StatusCode::OK);
        assert_eq!(case.kept(), (taken, 0), "only what was taken is kept");
    }
}

/// Damaged files of the public: taken with their flags, or refused; previews never break.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_from_outside_are_taken_or_refused() {
    let case = Case::new(EngineKind::Sqlite).await;
    let (mut sent, mut taken) = (0, 0);
    for (name, bytes) in samples() {
        for extension in ["png", "jpg", "pdf"] {
            let name = format!("{name}.{extension}");
            let answer = case.give(&[(&name, &bytes)]).await;
            sent += 1;
            if answer.status != StatusCode::OK {
                assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {answer:?}");
                continue;
            }
            taken += 1;
            let id = answer.json()["evidence"][0]["id"].as_str().expect("an id").to_owned();
            let content = case.get(&format!("/api/v1/evidence/{id}/content")).await;
            assert!(content.bytes == bytes, "{name}");
            let preview = case.get(&format!("/api/v1/evidence/{id}/preview")).await;
            let fine = [StatusCode::OK, StatusCode::NOT_FOUND].contains(&preview.status);
            assert!(fine, "{name}: {preview:?}");
        }
    }
    assert_eq!(case.kept(), (taken, 0));
    assert!(taken > 0 && taken < sent, "{taken} of {sent}");
}

/// The samples of the folder, or some of our own where there is none.
fn samples() -> Vec<(String, Vec<u8>)> {
    let Some(data) = std::env::var_os(DATA) else {
        eprintln!("{DATA} is unset: damaged files are made here instead");
        return made();
    };
    let mut found = Vec::new();
    let mut folders = vec![Path::new(&data).join("broken_files")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the samples") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).expect("a sample");
            bytes.truncate(SAMPLE_BYTES_MAX);
            let wanted = [&b"\x89PNG"[..], b"\xff\xd8", b"%PDF"];
            // Of other kinds a few are enough: they are refused by their first bytes.
            if found.len() < 20 || wanted.iter().any(|magic| bytes.starts_with(magic)) {
                found.push((format!("sample-{}", found.len()), bytes));
            }
        }
    }
    assert!(!found.is_empty(), "no samples in the folder that {DATA} names");
    found
}

fn made() -> Vec<(String, Vec<u8>)> {
    let mut dice = Seeded::new(5);
    let whole = [png(40, 40), pdf("/Filter /ObjStm"), b"\xff\xd8\xff\xd9".to_vec()];
    let mut found = Vec::new();
    for round in 0..40 {
        let mut bytes = whole[round % whole.len()].clone();
        for _ in 0..dice.below(5) {
            let at = dice.below(bytes.len());
            bytes[at] = u8::try_from(dice.below(256)).expect("a byte");
        }
        found.push((format!("made-{round}"), bytes));
    }
    found
}
