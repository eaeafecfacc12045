//! A disk that is full: what can be kept no more is refused clearly, nothing acknowledged is lost,
//! reading goes on, and when there is room all goes on by itself. The disk is full by a library
//! before SQLite's writer (`full.c`), and before a PostgreSQL of the test's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use teststand::receivers::HttpReceiver;

use super::super::support::{Place, Running, client, private, until};
use super::cluster::Cluster;
use super::load::{Answer, Credentials, Outsider, Said, install};
use super::shim;
use super::witness::{Seen, look};

/// Payments; what is on the disk already has room for some hundred reports more.
const PAYMENTS: u32 = 4_000;
/// Reports before the disk is full, and while it is.
const BEFORE: u32 = 20;
const WHILE_FULL: u32 = 20;

/// How long it may take until it goes on when there is room again.
const RECOVERS_WITHIN: Duration = Duration::from_secs(3);

/// A disk that is full while a file is there.
struct Disk {
    _folder: tempfile::TempDir,
    flag: PathBuf,
}

impl Disk {
    fn new() -> Self {
        // Others than the test look for the file: the server's own user.
        let folder = tempfile::Builder::new().prefix("redress-full.").tempdir_in("/tmp");
        let folder = folder.expect("a folder");
        private(folder.path(), 0o755);
        let flag = folder.path().join("is-full");
        Self { _folder: folder, flag }
    }

    fn fill(&self) {
        std::fs::write(&self.flag, "").expect("the flag");
    }

    fn make_room(&self) {
        std::fs::remove_file(&self.flag).expect("the flag");
    }

    /// What a program's surroundings need, for its files below `folder`.
    fn variables(&self, folder: &Path) -> [(&'static str, String); 3] {
        let text = |path: &Path| path.to_str().expect("a path").to_owned();
        [
            ("LD_PRELOAD", shim::full_disk()),
            ("FULL_UNDER", text(folder)),
            ("FULL_WHILE", text(&self.flag)),
        ]
    }
}

/// A server whose disk gets full.
struct Server {
    place: Place,
    running: Running,
    outside: Outsider,
    credentials: Credentials,
    log: PathBuf,
    next: u32,
}

impl Server {
    async fn new(place: Place, variables: &[(&str, &str)]) -> Self {
        let hook = HttpReceiver::always(200).await;
        let place = place.set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1");
        let credentials = install(&place, &hook.url("/hook"), PAYMENTS, |_| {});
        let log = PathBuf::from(place.file("log", ""));
        let running = place.start_logging(variables, &log);
        let outside = Outsider::new(&credentials, 1, PAYMENTS).at(&running.url);
        Self { place, running, outside, credentials, log, next: 0 }
    }

    fn key(number: u32) -> String {
        format!("key-{number}")
    }

    /// The next report, as it was answered; noted when it was taken.
    async fn report(&mut self) -> Answer {
        let number = self.next;
        self.next += 1;
        let nonce = format!("nonce-of-a-full-disk-{number}");
        let said = self.outside.send(0, number, &nonce, &Self::key(number)).await;
        let said = said.expect("an answer");
        if said.status == 200 {
            let case = said.case.clone().expect("a case");
            self.outside.ledger().taken.insert(number, case);
        }
        said
    }

    async fn status(&self, path: &str) -> u16 {
        let url = format!("{}/{path}", self.running.url);
        let asked = client(None).get(url).bearer_auth(&self.credentials.token);
        asked.send().await.expect("an answer").status().as_u16()
    }

    /// Comments on a case: status and code.
    async fn comment(&self, case: &str) -> (u16, Value) {
        let url = format!("{}/api/v1/cases/{case}/comment", self.running.url);
        let asked = client(None).post(url).bearer_auth(&self.credentials.token);
        let body = json!({ "says": "x".repeat(8_000) }).to_string();
        let asked = asked.header("Content-Type", "application/json").body(body);
        let answer = asked.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a text");
        (status, serde_json::from_str::<Value>(&text).expect("JSON")["code"].clone())
    }

    /// Whether this is the refusal that it should be.
    fn no_room(answer: &Answer) -> bool {
        let Answer { status, text, retry_after, .. } = answer;
        if *status == 200 {
            return false;
        }
        assert_eq!(*status, 503, "{text}");
        assert!(text.contains("There is no room to keep your request"), "{text}");
        assert_eq!(retry_after.as_deref(), Some("30"), "{text}");
        true
    }
}

/// From room to none and back.
async fn fills(server: &mut Server, disk: &Disk, log_says: &[&str]) {
    for _ in 0..BEFORE {
        assert_eq!(server.report().await.status, 200);
    }
    let case = server.outside.ledger().taken[&0].clone();
    disk.fill();
    while !Server::no_room(&server.report().await) {
        assert!(server.next < PAYMENTS - WHILE_FULL, "the disk was never full");
    }
    let mut refused = 1;
    for _ in 0..WHILE_FULL {
        refused += u32::from(Server::no_room(&server.report().await));
    }
    assert!(refused > WHILE_FULL / 2, "{refused}");
    let (status, code) = server.comment(&case).await;
    assert_eq!((status, code.as_str()), (503, Some("disk-full")));
    for path in ["health", "ready", "api/v1/cases?limit=5"] {
        assert_eq!(server.status(path).await, 200, "{path}");
    }
    let log = std::fs::read_to_string(&server.log).expect("the log");
    for words in log_says {
        assert!(log.contains(words), "{words:?} is not in {log}");
    }
    disk.make_room();
    let number = server.next - 1;
    let key = Server::key(number);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        until("there is room again", RECOVERS_WITHIN, || {
            let asked = server.outside.report(number, &key);
            // A report that was taken all the same would be a case by now.
            matches!(runtime.block_on(asked), Said::Taken(_))
        });
    });
    server.outside.ledger().taken.remove(&number);
    assert_eq!(server.comment(&case).await.0, 200);
    look(&server.outside, &mut Seen::default()).await;
    eprintln!("{refused} refused, {} taken", server.outside.ledger().taken.len());
}

fn pairs<'v>(variables: &'v [(&'static str, String); 3]) -> Vec<(&'v str, &'v str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_gone_by_itself_on_sqlite() {
    let disk = Disk::new();
    let place = Place::new();
    let variables = disk.variables(&place.dir());
    let file = place.dir().join("redress.db").display().to_string();
    let mut server = Server::new(place, &pairs(&variables)).await;
    fills(&mut server, &disk, &["the disk is full", &file]).await;
    assert_eq!(server.running.stop(), 0);
    server.place.ends(0, &["audit", "verify"], &["nothing is wrong", "0 notes not yet sealed"]);

    // A start says it, too, and makes nothing worse.
    let set = |place: Place, (name, value): &(&str, String)| place.set(name, value);
    let place = variables.iter().fold(server.place, set);
    disk.fill();
    place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &["/lock", "No space left on device"]);
    disk.make_room();
    place.start(&["serve"]).stop();
    place.ends(0, &["audit", "verify"], &["nothing is wrong"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_gone_by_itself_on_postgres() {
    let disk = Disk::new();
    let library = PathBuf::from(shim::full_disk());
    // The server's own user must be able to read it.
    let readable = disk.flag.with_file_name("full.so");
    std::fs::copy(library, &readable).expect("copied");
    private(&readable, 0o755);
    // Tables and indexes only: a full log is another matter, which `docs/scaling.md` tells.
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let variables = [("LD_PRELOAD", path(&readable)), ("FULL_WHILE", path(&disk.flag))];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let cluster = Cluster::start_filling(&variables, "base");
    let place = Place::new()
        .set("REDRESS_STORAGE_ENGINE", "postgres")
        .set("REDRESS_STORAGE_URL", &cluster.url());
    let mut server = Server::new(place, &[]).await;
    let words = ["a disk of PostgreSQL is full", "No space left on device"];
    fills(&mut server, &disk, &words).await;
    assert_eq!(server.running.stop(), 0);
    server.place.ends(0, &["audit", "verify"], &["nothing is wrong", "0 notes not yet sealed"]);
}
