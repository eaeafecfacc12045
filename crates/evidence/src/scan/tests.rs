//! Scanners that behave and scanners that do not: a clamd by script, commands of this machine. A
//! file is called clean only by one that took it whole and said so.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{Instant, Scope};
use teststand::dice::Seeded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use vault::Keyring;

use super::clamd::{Address, Clamd};
use super::*;
use crate::cabinet::{Cabinet, NotKept, OnScannerDown, Settings};
use crate::intake::Ticket;
use crate::judge::{Rules, Said};
use crate::place::{Folder, Place};
use domain::evidence::{Evidence, ScanState};

const AT: Instant = Instant::from_seconds(1_772_359_200);

/// Time for one file in these tests, except where it must run out.
const TIME: Duration = Duration::from_secs(5);

const FILE_MAX: u64 = 300_000;

/// How a scripted clamd behaves.
#[derive(Clone, Copy)]
enum Script {
    /// Finds EICAR, in streams up to a size; larger ones are refused.
    Good { stream_max: usize },
    /// Finds EICAR only in streams up to a size; larger ones it calls clean.
    PassesBy { looked_max: usize },
    /// Reads and never answers.
    Hangs,
    /// Hangs up after the first chunk.
    DiesInTheMiddle,
    /// Answers this.
    Says(&'static [u8]),
}

/// Reads one stream as clamd does.
async fn stream(socket: &mut (impl AsyncReadExt + Unpin), max: usize) -> Option<Vec<u8>> {
    let mut command = [0; 10];
    socket.read_exact(&mut command).await.ok()?;
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    loop {
        let length = socket.read_u32().await.ok()? as usize;
        if length == 0 {
            return Some(content);
        }
        let begin = content.len();
        content.resize(begin + length, 0);
        socket.read_exact(&mut content[begin..]).await.ok()?;
        if content.len() > max {
            return None;
        }
    }
}

async fn play(mut socket: impl AsyncReadExt + AsyncWriteExt + Unpin, script: Script) {
    let max = match script {
        Script::Good { stream_max } => stream_max,
        Script::DiesInTheMiddle => 1,
        _ => usize::MAX,
    };
    let content = stream(&mut socket, max).await;
    let infected = |content: &[u8]| content.windows(5).any(|window| window == b"EICAR");
    let answer: &[u8] = match (script, content) {
        (Script::Hangs, _) => return std::future::pending().await,
        (Script::DiesInTheMiddle, _) => return,
        (Script::Says(said), _) => said,
        (_, None) => b"INSTREAM size limit exceeded. ERROR\0",
        (Script::PassesBy { looked_max }, Some(content)) if content.len() > looked_max => {
            b"stream: OK\0"
        }
        (_, Some(content)) if infected(&content) => b"stream: Win.Test.EICAR_HDB-1 FOUND\0",
        _ => b"stream: OK\0",
    };
    socket.write_all(answer).await.ok();
}

/// A clamd on a port, behaving so in turn; the last behaviour stays.
async fn clamd(scripts: &'static [Script], time: Duration) -> Clamd {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        for turn in 0.. {
            let Ok((socket, _)) = listener.accept().await else { return };
            tokio::spawn(play(socket, scripts[turn.min(scripts.len() - 1)]));
        }
    });
    Clamd::new(Address::Tcp(address.to_string()), time, None)
}

async fn cabinet(dir: &Path, scanner: Scanner, on_scanner_down: OnScannerDown) -> Cabinet {
    let keys = Keyring::create(&dir.join("keys"), &mut Seeded::new(1)).expect("new keys");
    let place = Place::Folder(Folder::open(&dir.join("evidence")).expect("a folder"));
    let rules = Rules { file_bytes_max: FILE_MAX, ..Rules::default() };
    let spool = dir.join("evidence/spool");
    let settings = Settings { spool, place, scanner, on_scanner_down, rules };
    Cabinet::open(Arc::new(keys), settings).await.expect("a cabinet")
}

/// A PDF shell with something in it, of this size.
fn pdf(inside: &str, size: usize) -> Vec<u8> {
    let mut file = format!("%PDF-1.4\n{inside}\n").into_bytes();
    file.resize(size - 6, b' ');
    file.extend_from_slice(b"%%EOF\n");
    file
}

async fn keep(cabinet: &Cabinet, files: &[Vec<u8>]) -> Result<Vec<Evidence>, NotKept> {
    let mut batch = cabinet.batch(Scope::from_number(3), cabinet.rules().clone());
    for (place, bytes) in files.iter().enumerate() {
        let ticket = Ticket::draw(cabinet, AT, &mut Seeded::new(place as u64 + 5));
        let said = Said { name: Some(format!("{place}.pdf")), media_type: None };
        let mut upload = batch.begin(ticket, said).await.expect("a spool");
        for piece in bytes.chunks(50_000) {
            upload.write(piece).await.expect("spooled");
        }
        batch.add(upload.end().await.expect("spooled"));
    }
    cabinet.keep(batch, "app", AT).await
}

/// The states of a clean and an infected file, or why they were not kept.
async fn told(scanner: Scanner, on_down: OnScannerDown, files: &[Vec<u8>]) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let cabinet = cabinet(dir.path(), scanner, on_down).await;
    let told = match keep(&cabinet, files).await {
        Ok(files) => files.iter().map(|file| file.state.word()).collect::<Vec<&str>>().join(" "),
        Err(NotKept::Refused { refused, infected }) => {
            let held: Vec<&str> = infected.iter().map(|file| file.finding.as_str()).collect();
            format!("{} {} {held:?}", refused.place, refused.fault.code())
        }
        Err(NotKept::Broken(fault)) => panic!("{}", fault.chain()),
    };
    let spooled = std::fs::read_dir(dir.path().join("evidence/spool")).expect("the spool").count();
    assert_eq!(spooled, 0, "nothing stays in the spool");
    told
}

fn eicar() -> String {
    format!("X5O!P%@AP[4\\PZX54(P^)7CC)7}}${}", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
}

const GOOD: &[Script] = &[Script::Good { stream_max: 1_000_000 }];

#[tokio::test(flavor = "multi_thread")]
async fn clean_files_are_kept_and_infected_ones_held() {
    let (clean, infected) = (pdf("", 100_000), pdf(&eicar(), 100_000));
    let quarantine = OnScannerDown::Quarantine;
    let files = [clean.clone(), clean.clone()];
    let scanner = || async { Scanner::Clamd(clamd(GOOD, TIME).await) };
    assert_eq!(told(scanner().await, quarantine, &files).await, "clean clean");
    let files = [clean.clone(), infected];
    let want = "1 file-infected [\"Win.Test.EICAR_HDB-1\"]";
    assert_eq!(told(scanner().await, quarantine, &files).await, want);
    assert_eq!(told(Scanner::Off, quarantine, &[clean]).await, "unscanned");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_looked_at_is_never_clean() {
    const OVER: &[Script] = &[
        Script::Good { stream_max: 1_000_000 },
        Script::Good { stream_max: 1_000_000 },
        Script::Good { stream_max: 60_000 },
    ];
    const GARBAGE: &[Script] = &[Script::Says(b"\xff\xfe\0\0garbage")];
    const EMPTY: &[Script] = &[Script::Says(b"")];
    const LIMIT: &[Script] = &[
        Script::Good { stream_max: 1_000_000 },
        Script::Good { stream_max: 1_000_000 },
        Script::Says(b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0"),
    ];
    const DIES: &[Script] = &[
        Script::Good { stream_max: 1_000_000 },
        Script::Good { stream_max: 1_000_000 },
        Script::DiesInTheMiddle,
    ];
    const HANGS: &[Script] = &[Script::Hangs];
    const SMALL: &[Script] = &[Script::PassesBy { looked_max: 200_000 }];
    let file = [pdf("", 120_000)];
    let short = Duration::from_millis(300);
    for (name, script, time) in [
        ("over its limit", OVER, TIME),
        ("its limit as a find", LIMIT, TIME),
        ("dies in the middle", DIES, TIME),
        ("hangs", HANGS, short),
        ("garbage", GARBAGE, TIME),
        ("hangs up", EMPTY, TIME),
        ("limits smaller than ours", SMALL, TIME),
    ] {
        let scanner = || async { Scanner::Clamd(clamd(script, time).await) };
        let held = told(scanner().await, OnScannerDown::Quarantine, &file).await;
        assert_eq!(held, "held", "{name}");
        let rejected = told(scanner().await, OnScannerDown::Reject, &file).await;
        assert_eq!(rejected, "0 file-not-scanned []", "{name}");
    }
    let nobody = Clamd::new(Address::Unix("/nowhere/clamd".into()), TIME, None);
    let held = told(Scanner::Clamd(nobody), OnScannerDown::Quarantine, &file).await;
    assert_eq!(held, "held", "nobody listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_looked_at_before_the_first_file() {
    const PASSES_BY: &[Script] = &[Script::PassesBy { looked_max: 200_000 }];
    const REFUSES: &[Script] = &[Script::Good { stream_max: 200_000 }];
    const KNOWS_NOTHING: &[Script] = &[Script::Says(b"stream: OK\0")];
    let checked = async |script| clamd(script, TIME).await.check(FILE_MAX).await;
    assert!(matches!(checked(GOOD).await, Checked::Good(_)));
    let small = checked(PASSES_BY).await;
    assert!(matches!(&small, Checked::TooSmall(why) if why.contains("MaxFileSize")), "{small:?}");
    assert!(matches!(checked(REFUSES).await, Checked::TooSmall(_)));
    let unproven = checked(KNOWS_NOTHING).await;
    let names = |why: &String| why.contains("clamd_config_file");
    assert!(matches!(&unproven, Checked::Unproven(why) if names(why)), "{unproven:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_in_the_file_system_serves_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("clamd.ctl");
    let listener = UnixListener::bind(&path).expect("a socket");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(play(socket, GOOD[0]));
        }
    });
    let clamd = Clamd::new(Address::Unix(path), TIME, None);
    assert!(matches!(clamd.check(FILE_MAX).await, Checked::Good(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_file_is_looked_at_when_the_scanner_is_back() {
    const LATER: &[Script] = &[Script::Says(b"ERROR\0"), Script::Good { stream_max: 1_000_000 }];
    let dir = tempfile::tempdir().expect("a directory");
    let scanner = Scanner::Clamd(clamd(LATER, TIME).await);
    let cabinet = cabinet(dir.path(), scanner, OnScannerDown::Quarantine).await;
    let kept = keep(&cabinet, &[pdf(&eicar(), 70_000)]).await.expect("taken and held");
    assert_eq!(kept[0].state, ScanState::Held);
    let (state, finding) = cabinet.rescan(&kept[0]).await.expect("the file is there");
    assert_eq!((state, finding.as_str()), (ScanState::Infected, "Win.Test.EICAR_HDB-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_says_by_its_exit_code() {
    let file = [pdf("", 200_000)];
    for (script, want) in [
        ("cat >/dev/null; exit 0", "clean"),
        ("cat >/dev/null; echo Bad.Thing; exit 1", "0 file-infected [\"Bad.Thing\"]"),
        ("cat >/dev/null; exit 1", "0 file-infected [\"unnamed\"]"),
        ("cat >/dev/null; exit 2", "held"),
        ("kill -9 $$", "held"),
        ("exit 0", "held"),
        ("exec sleep 30", "held"),
        ("test -z \"$HOME\" && cat >/dev/null", "clean"),
        ("head -c 100000 /dev/zero; cat >/dev/null", "clean"),
        ("test $(wc -c) = 200000", "clean"),
    ] {
        let words = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let scanner = Scanner::Program(Program::new(words, Duration::from_secs(2)));
        let told = told(scanner, OnScannerDown::Quarantine, &file).await;
        assert_eq!(told, want, "{script}");
    }
    let missing = Program::new(vec!["/nowhere/scan".to_owned()], TIME);
    assert!(matches!(missing.check().await, Checked::Down(_)));
    let missing = Scanner::Program(missing);
    assert_eq!(told(missing, OnScannerDown::Quarantine, &file).await, "held");
}
