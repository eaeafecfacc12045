//! Both storages by one suite: a folder, and a bucket of a real S3 server, which `REDRESS_TEST_S3`
//! names. A test that needs it fails without it, so nothing is skipped silently.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use domain::evidence::Evidence;
use domain::{Instant, Scope};
use evidence::place::{Bucket, BucketSettings, Folder, Place};
use evidence::scan::Scanner;
use evidence::{Cabinet, Fault, OnScannerDown, Rules, Said, Settings, Ticket};
use teststand::dice::Seeded;
use vault::{Keyring, Secret};

/// Names the server, as `http://127.0.0.1:5000`.
const SERVER: &str = "REDRESS_TEST_S3";

const AT: Instant = Instant::from_seconds(1_772_359_200);

/// Later than anything that is written today.
const LATER: Instant = Instant::from_seconds(4_000_000_000);

/// Two parts of an upload in parts, and a bit.
const LARGE: usize = (16 << 20) + 77_777;

fn server() -> String {
    let server = std::env::var(SERVER).unwrap_or_default();
    assert!(!server.is_empty(), "{SERVER} names no S3 server: run ./test, which starts one");
    server
}

/// Makes a bucket by the plainest of requests.
fn make_bucket(name: &str) {
    let endpoint = server();
    let host = endpoint.strip_prefix("http://").expect("an address").to_owned();
    let mut socket = TcpStream::connect(&host).expect("the S3 server answers");
    let request = format!(
        "PUT /{name} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn cabinet(dir: &Path, place: Place, seed: u64) -> Result<Cabinet, Fault> {
    let keys_dir = dir.join(format!("keys-{seed}"));
    let keys = match Keyring::open(&keys_dir) {
        Ok(keys) => keys,
        Err(_) => Keyring::create(&keys_dir, &mut Seeded::new(seed)).expect("new keys"),
    };
    let settings = Settings {
        spool: dir.join("evidence/spool"),
        place,
        scanner: Scanner::Off,
        on_scanner_down: OnScannerDown::Quarantine,
        rules: Rules { file_bytes_max: 32 << 20, ..Rules::default() },
    };
    Cabinet::open(Arc::new(keys), settings).await
}

fn pdf(size: usize, seed: u64) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut dice = Seeded::new(seed);
    file.resize_with(size, || dice.next().to_le_bytes()[0]);
    file
}

async fn keep(cabinet: &Cabinet, scope: i64, seed: u64, bytes: &[u8]) -> Evidence {
    let mut batch = cabinet.batch(Scope::from_number(scope), cabinet.rules().clone());
    let ticket = Ticket::draw(cabinet, AT, &mut Seeded::new(seed));
    let said = Said { name: Some("a.pdf".to_owned()), media_type: None };
    let mut upload = batch.begin(ticket, said).await.expect("a spool");
    for piece in bytes.chunks(90_000) {
        upload.write(piece).await.expect("spooled");
    }
    batch.add(upload.end().await.expect("spooled"));
    cabinet.keep(batch, "app", AT).await.expect("kept").remove(0)
}

async fn whole(cabinet: &Cabinet, file: &Evidence) -> Result<Vec<u8>, Fault> {
    let mut plain = cabinet.read(file).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = plain.next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn listed(cabinet: &Cabinet, before: Instant) -> Vec<String> {
    let mut found = Vec::new();
    for shard in 0..evidence::cabinet::SHARDS {
        found.extend(cabinet.older_than(before, shard).await.expect("a list"));
    }
    found.sort();
    found
}

async fn suite(dir: &Path, place: impl Fn() -> Place) {
    let cabinet = cabinet(dir, place(), 1).await.expect("a cabinet");
    cabinet.place().probe(AT).await.expect("it can be written");
    let (small, large) = (pdf(5_000, 3), pdf(LARGE, 4));
    let one = keep(&cabinet, 3, 11, &small).await;
    let two = keep(&cabinet, 3, 12, &large).await;
    assert!(whole(&cabinet, &one).await.expect("read") == small);
    assert!(whole(&cabinet, &two).await.expect("read") == large);
    let spool = std::fs::read_dir(dir.join("evidence/spool")).expect("the spool");
    assert_eq!(spool.count(), 0, "nothing stays in the spool");

    // The same bytes of the same and of another scope: names of their own, which tell nothing.
    let same = keep(&cabinet, 3, 13, &small).await;
    let other = keep(&cabinet, 5, 14, &small).await;
    let digest = |file: &Evidence| file.address.split('.').next().expect("a name").to_owned();
    assert_eq!(digest(&one), digest(&same), "addressed by their digest");
    assert_ne!(digest(&one), digest(&other), "under a key, and the scope in it");
    assert_ne!(one.address, same.address);
    assert!(!one.address.contains(&vault::digest::hex(&one.sha256)));

    let mut all = [&one, &two, &same, &other];
    all.sort_by(|a, b| a.address.cmp(&b.address));
    let names: Vec<String> = all.iter().map(|file| file.address.clone()).collect();
    assert_eq!(listed(&cabinet, LATER).await, names);
    assert_eq!(listed(&cabinet, AT).await, Vec::<String>::new(), "nothing is that old");

    // A file under another's name does not open: the rows were swapped.
    let swapped = Evidence { address: two.address.clone(), ..one.clone() };
    assert!(whole(&cabinet, &swapped).await.is_err());
    assert!(cabinet.has(&one.address).await.expect("looked for"));
    cabinet.remove(&one.address).await.expect("removed");
    assert!(!cabinet.has(&one.address).await.expect("looked for"));
    cabinet.remove(&one.address).await.expect("gone is gone");
    let gone = whole(&cabinet, &one).await.expect_err("gone").chain();
    assert!(gone.contains("not in the storage"), "{gone}");
    assert!(whole(&cabinet, &same).await.expect("its own name") == small);

    // The same installation comes back; another one does not get in.
    cabinet_again(dir, place(), 1).await.expect("its own");
    let strange = cabinet_again(dir, place(), 2).await.expect_err("another's").chain();
    assert!(strange.contains("another") || strange.contains("other keys"), "{strange}");
}

async fn cabinet_again(dir: &Path, place: Place, seed: u64) -> Result<(), Fault> {
    cabinet(dir, place, seed).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().join("evidence");
    suite(dir.path(), || Place::Folder(Folder::open(&root).expect("a folder"))).await;
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let about = entry.metadata().expect("about it");
            assert_eq!(about.permissions().mode() & 0o077, 0, "{:?}", entry.path());
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_files() {
    let dir = tempfile::tempdir().expect("a directory");
    let name = format!("redress-{}", std::process::id());
    make_bucket(&name);
    suite(dir.path(), || Place::Bucket(Bucket::open(settings(&name)).expect("a bucket"))).await;
}

fn settings(name: &str) -> BucketSettings {
    BucketSettings {
        bucket: name.to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(server()),
        prefix: "some/prefix".to_owned(),
        allow_http: true,
        access: Some(("test".to_owned(), Secret::new("test".to_owned()))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    server();
    let place = Place::Bucket(Bucket::open(settings("never-made")).expect("prepared"));
    let why = cabinet_again(dir.path(), place, 1).await.expect_err("no bucket").chain();
    assert!(why.contains("never-made"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().join("evidence");
    let place = Place::Folder(Folder::open(&root).expect("a folder"));
    let cabinet = cabinet(dir.path(), place, 1).await.expect("a cabinet");
    let mut batch = cabinet.batch(Scope::from_number(3), cabinet.rules().clone());
    let ticket = Ticket::draw(&cabinet, AT, &mut Seeded::new(9));
    let mut upload = batch.begin(ticket, Said::default()).await.expect("a spool");
    upload.write(&pdf(400_000, 1)).await.expect("spooled");
    let spooled = || std::fs::read_dir(root.join("spool")).expect("the spool").count();
    assert_eq!(spooled(), 1);
    drop(upload);
    assert_eq!(spooled(), 0);
    // What cannot be kept is not even written.
    let ticket = Ticket::draw(&cabinet, AT, &mut Seeded::new(10));
    let mut upload = batch.begin(ticket, Said::default()).await.expect("a spool");
    upload.write(b"<html>").await.expect("looked at");
    upload.write(&[b'x'; 400]).await.expect("looked at");
    assert_eq!(spooled(), 0);
    let seen = upload.end().await.expect("looked at").seen;
    assert_eq!((seen.size, seen.signature), (406, None));
}
