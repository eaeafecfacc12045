//! A real clamd with a signature of our own, in the long test run only: `./test --long` brings it
//! and names its folder in `REDRESS_TEST_CLAMD`. In every run a clamd by script stands in for it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use domain::evidence::{Evidence, ScanState};
use domain::{Instant, Scope};
use evidence::place::{Folder, Place};
use evidence::scan::clamd::Address;
use evidence::scan::{Checked, Clamd, Scanner};
use evidence::{Cabinet, NotKept, OnScannerDown, Rules, Said, Settings, Ticket};
use teststand::dice::Seeded;
use vault::Keyring;

const AT: Instant = Instant::from_seconds(1_772_359_200);

const TIME: Duration = Duration::from_secs(30);

const FILE_MAX: u64 = 300_000;

/// How long clamd may take to begin to listen.
const START_MAX: Duration = Duration::from_secs(60);

struct Running {
    child: Child,
    socket: PathBuf,
    config: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn eicar() -> String {
    format!("X5O!P%@AP[4\\PZX54(P^)7CC)7}}${}", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
}

/// Starts clamd on a socket in `dir`, with these limits and one signature: EICAR, wherever it is.
fn start(root: &Path, dir: &Path, limits: &str) -> Running {
    let db = dir.join("db");
    std::fs::create_dir_all(&db).expect("a folder");
    let signature = format!("Redress.Test.Eicar:0:*:{}\n", vault::digest::hex(eicar().as_bytes()));
    std::fs::write(db.join("redress.ndb"), signature).expect("a signature");
    let (socket, config) = (dir.join("clamd.ctl"), dir.join("clamd.conf"));
    let lines = format!(
        "LocalSocket {}\nDatabaseDirectory {}\nForeground yes\n{limits}\n",
        socket.display(),
        db.display()
    );
    std::fs::write(&config, lines).expect("a configuration");
    std::fs::remove_file(&socket).ok();
    let child = Command::new(root.join("usr/sbin/clamd"))
        .arg(format!("--config-file={}", config.display()))
        .env("LD_LIBRARY_PATH", libraries(root))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("clamd starts");
    let running = Running { child, socket, config };
    let since = Moment::now();
    while std::os::unix::net::UnixStream::connect(&running.socket).is_err() {
        assert!(since.elapsed() < START_MAX, "clamd does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    running
}

/// The folder below `usr/lib` that holds libraries of this machine's kind.
fn libraries(root: &Path) -> PathBuf {
    let lib = root.join("usr/lib");
    let Ok(entries) = std::fs::read_dir(&lib) else { return lib };
    let folders = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    folders.filter(|path| path.to_string_lossy().ends_with("linux-gnu")).max().unwrap_or(lib)
}

fn client(running: &Running, config: bool) -> Clamd {
    let config = config.then(|| running.config.clone());
    Clamd::new(Address::Unix(running.socket.clone()), TIME, config)
}

fn pdf(inside: &str, size: usize) -> Vec<u8> {
    let mut file = format!("%PDF-1.4\n{inside}\n").into_bytes();
    file.resize(size - 6, b' ');
    file.extend_from_slice(b"%%EOF\n");
    file
}

async fn kept(dir: &Path, clamd: Clamd, bytes: &[u8]) -> (Cabinet, Evidence) {
    let keys = Keyring::open(&dir.join("keys"))
        .or_else(|_| Keyring::create(&dir.join("keys"), &mut Seeded::new(1)))
        .expect("keys");
    let settings = Settings {
        spool: dir.join("evidence/spool"),
        place: Place::Folder(Folder::open(&dir.join("evidence")).expect("a folder")),
        scanner: Scanner::Clamd(clamd),
        on_scanner_down: OnScannerDown::Quarantine,
        rules: Rules { file_bytes_max: FILE_MAX, ..Rules::default() },
    };
    let cabinet = Cabinet::open(Arc::new(keys), settings).await.expect("a cabinet");
    let mut batch = cabinet.batch(Scope::from_number(3), cabinet.rules().clone());
    let ticket = Ticket::draw(&cabinet, AT, &mut Seeded::new(9));
    let said = Said { name: Some("a.pdf".to_owned()), media_type: None };
    let mut upload = batch.begin(ticket, said).await.expect("a spool");
    upload.write(bytes).await.expect("spooled");
    batch.add(upload.end().await.expect("spooled"));
    let mut files = match cabinet.keep(batch, "app", AT).await {
        Ok(files) => files,
        Err(NotKept::Refused { infected, .. }) => infected,
        Err(NotKept::Broken(fault)) => panic!("{}", fault.chain()),
    };
    (cabinet, files.remove(0))
}

/// What becomes of a file: its state and what was found.
async fn told(dir: &Path, clamd: Clamd, bytes: &[u8]) -> String {
    let (_, file) = kept(dir, clamd, bytes).await;
    format!("{} {}", file.state.word(), file.finding)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_clamd_finds_passes_by_and_goes_away() {
    if std::env::var("REDRESS_LONG").is_err() {
        eprintln!("a real clamd is asked in the long test run only (REDRESS_LONG)");
        return;
    }
    let root = std::env::var("REDRESS_TEST_CLAMD").expect("./test --long names clamd's folder");
    let root = PathBuf::from(root);
    let dir = tempfile::tempdir().expect("a directory");
    let good = start(&root, dir.path(), "StreamMaxLength 20M\nMaxFileSize 20M\nMaxScanSize 20M");
    for config in [false, true] {
        let checked = client(&good, config).check(FILE_MAX).await;
        assert!(matches!(checked, Checked::Good(_)), "{checked:?}");
    }
    let clean = pdf("", 250_000);
    assert_eq!(told(dir.path(), client(&good, false), &clean).await, "clean ");
    let infected = pdf(&eicar(), 250_000);
    let found = told(dir.path(), client(&good, false), &infected).await;
    assert!(found.starts_with("infected Redress.Test.Eicar"), "{found}");
    drop(good);

    // Limits below ours: it would call a large file clean without a look.
    for limits in ["MaxFileSize 100K\nMaxScanSize 20M", "StreamMaxLength 100K"] {
        let small = start(&root, dir.path(), limits);
        for config in [false, true] {
            let checked = client(&small, config).check(FILE_MAX).await;
            assert!(matches!(checked, Checked::TooSmall(_)), "{limits}: {checked:?}");
        }
        let state = told(dir.path(), client(&small, false), &infected).await;
        assert_eq!(state, "held ", "{limits}");
    }
    a_clamd_that_is_back(&root, dir.path(), &infected).await;
}

/// Down while the file comes, back for the sweep.
async fn a_clamd_that_is_back(root: &Path, dir: &Path, infected: &[u8]) {
    let socket = dir.join("clamd.ctl");
    let away = Clamd::new(Address::Unix(socket), TIME, None);
    let (cabinet, held) = kept(dir, away, infected).await;
    assert_eq!(held.state, ScanState::Held);
    let _back = start(root, dir, "StreamMaxLength 20M\nMaxFileSize 20M\nMaxScanSize 20M");
    let (state, _) = cabinet.rescan(&held).await.expect("the file is there");
    assert_eq!(state, ScanState::Infected);
}
