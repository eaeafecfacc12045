//! Files and a server that is killed: what was acknowledged has all its bytes after the restart,
//! and what was not leaves nothing that stays.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::support::{Installed, Place, Running, case_of, client, until};

/// Clients that upload at the same time.
const CLIENTS: u64 = 4;

/// Times the server is killed.
const ROUNDS: u64 = 3;

/// How long a round lasts, each a little longer: the kill meets another moment.
const ROUND: Duration = Duration::from_millis(450);

/// A file that no other upload has.
pub fn pdf(number: u64) -> Vec<u8> {
    let mut file = format!("%PDF-1.4\n% {number}\n").into_bytes();
    let size = 1_000 + usize::try_from(number * 37_519 % 300_000).expect("a size");
    file.resize(size, b'x');
    file.extend_from_slice(b"\n%%EOF\n");
    file
}

fn form(number: u64, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{number}.pdf\"\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--XX--\r\n"].concat()
}

/// Somebody with a token, and a case to give files to.
pub struct Caller {
    http: reqwest::Client,
    token: String,
    case: String,
}

impl Caller {
    /// With a new case, about the payment R-1.
    pub fn new(installed: &Installed, running: &Running) -> Self {
        let said = installed.report(running, "R-1");
        assert_eq!(said.code, 0, "{said:?}");
        let token = installed.place.variable("REDRESS_TOKEN").expect("it was set");
        Self { http: client(None), token, case: case_of(&said.out) }
    }

    /// The id and the number of a file when it was acknowledged.
    pub async fn upload(&self, url: &str, number: u64) -> Option<(String, u64)> {
        let answer = self
            .http
            .post(format!("{url}/api/v1/cases/{}/evidence", self.case))
            .bearer_auth(&self.token)
            .header("content-type", "multipart/form-data; boundary=XX")
            .body(form(number, &pdf(number)))
            .send()
            .await
            .ok()?;
        if answer.status() != 200 {
            // The server ends in the middle, or others were quicker three times.
            assert!(answer.status().is_server_error(), "{answer:?}");
            return None;
        }
        let json: Value = serde_json::from_slice(&answer.bytes().await.ok()?).expect("JSON");
        Some((json["evidence"][0]["id"].as_str().expect("an id").to_owned(), number))
    }

    /// What the server gives.
    pub async fn get(&self, url: &str) -> Vec<u8> {
        let answer = self.http.get(url).bearer_auth(&self.token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{url}");
        answer.bytes().await.expect("a body").to_vec()
    }
}

/// Uploads until the server is killed; what was acknowledged.
async fn round(caller: &Arc<Caller>, running: Running, number: u64) -> Vec<(String, u64)> {
    let (url, over) = (running.url.clone(), Arc::new(AtomicBool::new(false)));
    let numbers = Arc::new(AtomicU64::new(number * 10_000));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (caller, url) = (Arc::clone(caller), url.clone());
        let (over, numbers) = (Arc::clone(&over), Arc::clone(&numbers));
        clients.spawn(async move {
            let mut acknowledged = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                acknowledged.extend(caller.upload(&url, number).await);
            }
            acknowledged
        });
    }
    let length = ROUND + Duration::from_millis(37) * u32::try_from(number).expect("few rounds");
    tokio::time::sleep(length).await;
    // SIGKILL: nothing is flushed, nothing is tidied.
    drop(running);
    over.store(true, Ordering::Relaxed);
    clients.join_all().await.concat()
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

async fn story(place: Place) {
    let place = place
        .set("REDRESS_SERVER_REQUEST_TIMEOUT_MS", "2000")
        .set("REDRESS_EVIDENCE_UPLOAD_TIMEOUT_S", "1")
        .set("REDRESS_EVIDENCE_ORPHAN_GRACE_S", "6")
        .set("REDRESS_EVIDENCE_SWEEP_PERIOD_S", "1");
    let installed = place.installed();
    let place = &installed.place;
    let mut running = place.start(&["serve"]);
    let caller = Arc::new(Caller::new(&installed, &running));
    let mut acknowledged = Vec::new();
    for number in 0..ROUNDS {
        acknowledged.extend(round(&caller, running, number).await);
        running = place.start(&["serve"]);
    }
    assert!(acknowledged.len() > 5, "too few uploads: {}", acknowledged.len());
    for (id, number) in &acknowledged {
        let bytes = caller.get(&format!("{}/api/v1/evidence/{id}/content", running.url)).await;
        assert!(bytes == pdf(*number), "{id} lost some of its bytes");
    }
    let list = format!("{}/api/v1/cases/{}/evidence", running.url, caller.case);
    let list: Value = serde_json::from_slice(&caller.get(&list).await).expect("JSON");
    let named = list["evidence"].as_array().expect("files").len();
    assert!(named >= acknowledged.len());
    let files = place.dir().join("files");
    until("only files that are named stay", Duration::from_secs(30), || {
        files_below(&files.join("kept")) == named && files_below(&files.join("spool")) == 0
    });
    assert_eq!(running.stop(), 0);
    place.ends(0, &["doctor"], &["ok     files:", "note   scanner:"]);
    place.ends(0, &["audit", "verify"], &["nothing is wrong"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_uploads_on_sqlite() {
    story(Place::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_uploads_on_postgres() {
    story(Place::on_postgres().await).await;
}

#[test]
fn a_scanner_that_is_down_stops_nothing_and_doctor_tells() {
    let place = Place::new();
    let config = place.file("clamd.conf", "MaxFileSize 1M\n");
    // Nothing listens: what its configuration says is not asked for, and files would be held.
    let place = place
        .set("REDRESS_EVIDENCE_SCANNER", "clamd")
        .set("REDRESS_EVIDENCE_CLAMD_ADDRESS", "unix:/nowhere/clamd.ctl")
        .set("REDRESS_EVIDENCE_CLAMD_CONFIG_FILE", &config);
    let running = place.start(&["serve"]);
    place.ends(3, &["doctor"], &["WRONG  scanner", "/nowhere/clamd.ctl", "evidence.scanner"]);
    assert_eq!(running.stop(), 0);
    let place = place.set("REDRESS_EVIDENCE_CLAMD_ADDRESS", "clamd.ctl");
    place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &["evidence.clamd_address", "unix:/PATH"]);
}
