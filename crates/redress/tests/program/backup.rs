//! `backup` beside a server under load and `restore` elsewhere: on each engine, from one to the
//! other, and with what an operator or somebody else can get wrong.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::evidence::{Caller, pdf};
use super::support::{Installed, PAYMENTS, Place, Running};

const PHRASE: &str = "five random words and more\n";

/// Payments that can be reported, one for each report under load.
const PAYMENTS_UNDER_LOAD: usize = 120;

/// An installation with many payments, and a server on it.
fn busy(place: Place) -> (Installed, Running) {
    let installed = place.installed();
    let mut rows = PAYMENTS.lines().next().expect("a head").to_owned();
    for number in 0..PAYMENTS_UNDER_LOAD {
        write!(
            rows,
            "\nL-{number},U-{number},TNB,220001234513,1250,MYR,successful,\
             2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,"
        )
        .expect("a row");
    }
    let place = &installed.place;
    let file = place.file("many.csv", &(rows + "\n"));
    let scope = ["--tenant", "acme", "--env", "production"];
    place.ok(&[&["import", "transactions", &file], &scope[..]].concat());
    let running = place.start(&["serve"]);
    (installed, running)
}

/// Where a new installation shall be.
struct Target {
    place: Place,
    into: String,
}

fn target(place: Place) -> Target {
    let into = place.dir().to_str().expect("a path").to_owned();
    Target { place, into }
}

/// Reports under load, backs up meanwhile, and restores onto another place, engine or not.
fn story(from: Place, onto: Place) {
    let (installed, running) = busy(from);
    let place = &installed.place;
    let phrase = place.file("phrase", PHRASE);
    let archive = place.dir().with_file_name("backup.tar");
    let archive = archive.to_str().expect("a path");
    let caller = Caller::new(&installed, &running);
    let (file, number) = wait(caller.upload(&running.url, 7)).expect("taken");

    let stop = AtomicBool::new(false);
    let (before, after) = std::thread::scope(|scope| {
        let loading = scope.spawn(|| load(&installed, &running, &stop));
        // Some are acknowledged before the backup begins.
        let early: Vec<_> = (0..6).map(|n| acknowledged(&installed, &running, 100 + n)).collect();
        let said = place.ok(&["backup", archive, "--passphrase-file", &phrase]);
        assert!(said.contains("locked with the passphrase"), "{said}");
        stop.store(true, Ordering::Relaxed);
        (early, loading.join().expect("the load"))
    });
    assert!(!after.is_empty(), "there was no load");
    place.ends(0, &["audit", "verify"], &["nothing is wrong"]);

    let Target { place: new, into } = target(onto);
    let said = new.ok(&["restore", archive, "--into", &into, "--passphrase-file", &phrase]);
    let files = "all 1 files of cases are there";
    for word in ["4 keys written", files, "nothing is wrong", "restored; `redress serve --dir"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // The command that was printed needs nothing of the environment.
    let new = new.without_storage();
    new.ends(0, &["doctor"], &["ok     secrets", "ok     schema"]);
    new.ends(0, &["audit", "verify"], &["nothing is wrong", "was looked for"]);

    // Everything acknowledged before the backup is there, and the two go separate ways.
    let there = Installed { place: new, api_key: installed.api_key.clone() };
    let there = with_credentials(there, &installed);
    let second = there.place.start(&["serve"]);
    for refid in &before {
        let again = there.report(&second, refid);
        assert_eq!(again.code, 3, "{refid} was acknowledged before: {again:?}");
    }
    let content = format!("{}/api/v1/evidence/{file}/content", second.url);
    assert!(wait(caller.get(&content)) == pdf(number), "the file came back as it was");
    assert!(wait(caller.upload(&second.url, 8)).is_some(), "new files come in");
    assert_eq!(there.report(&second, "R-3").code, 0, "new reports come in");
    assert_eq!(second.stop(), 0);
    assert_eq!(running.stop(), 0);
    there.place.ends(0, &["audit", "verify"], &["nothing is wrong", "0 notes not yet sealed"]);
}

/// What a future comes to, from within a runtime or without one.
fn wait<F: Future<Output: Send> + Send>(future: F) -> F::Output {
    std::thread::scope(|scope| {
        let on_its_own = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(future)
        };
        scope.spawn(on_its_own).join().expect("it came")
    })
}

fn acknowledged(installed: &Installed, running: &Running, number: usize) -> String {
    let refid = format!("L-{number}");
    let said = installed.report(running, &refid);
    assert_eq!(said.code, 0, "{said:?}");
    refid
}

fn load(installed: &Installed, running: &Running, stop: &AtomicBool) -> Vec<String> {
    let until_stopped = (0..100).take_while(|_| !stop.load(Ordering::Relaxed));
    until_stopped.map(|number| acknowledged(installed, running, number)).collect()
}

/// The same caller at another place.
fn with_credentials(there: Installed, here: &Installed) -> Installed {
    let names = ["REDRESS_API_KEY", "REDRESS_API_SECRET", "REDRESS_TOKEN"];
    let set = |place: Place, name: &&str| {
        let value = here.place.variable(name).expect("a credential");
        place.set(name, &value)
    };
    Installed { place: names.iter().fold(there.place, set), ..there }
}

#[test]
fn under_load_from_sqlite_to_sqlite() {
    story(Place::new(), Place::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_from_postgres_to_postgres() {
    story(Place::on_postgres().await, Place::on_postgres().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_from_sqlite_to_postgres() {
    story(Place::new(), Place::on_postgres().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_from_postgres_to_sqlite() {
    story(Place::on_postgres().await, Place::new());
}

/// A backup of a small installation, with one case, beside it.
fn small(args: &[&str]) -> (Installed, String) {
    let installed = Place::new().installed();
    let place = &installed.place;
    let running = place.start(&["serve"]);
    assert_eq!(installed.report(&running, "R-1").code, 0);
    assert_eq!(running.stop(), 0);
    let archive = place.dir().with_file_name("small.tar").to_str().expect("a path").to_owned();
    place.ok(&[&["backup", &archive], args].concat());
    (installed, archive)
}

fn is_untouched(dir: &Path) -> bool {
    !dir.exists()
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_written() {
    let (installed, archive) = small(&["--include-keys"]);
    let whole = std::fs::read(&archive).expect("the archive");
    let find = |text: &[u8]| whole.windows(text.len()).position(|at| at == text).expect("there");
    let note = find(b"tables/notes/000001.jsonl") + 512 + 20;
    let mut altered = whole.clone();
    altered[note] ^= 1;
    for (bytes, words) in [
        (altered, ["tables/notes/000001.jsonl", "is not what was written"]),
        (whole[..note].to_vec(), ["cut off", "within tables/notes/000001.jsonl"]),
        (b"something else".repeat(100), ["no backup of ours", ""]),
    ] {
        std::fs::write(&archive, bytes).expect("damaged");
        let Target { place, into } = target(Place::new());
        place.ends(1, &["restore", &archive, "--into", &into], &words);
        assert!(is_untouched(&place.dir()));
    }
    std::fs::write(&archive, &whole).expect("mended");
    let dir = installed.place.dir();
    let into = dir.to_str().expect("a path");
    installed.place.ends(1, &["restore", &archive, "--into", into], &["is not empty"]);
}

#[test]
fn keys_go_in_locked_open_or_not_at_all() {
    let (installed, archive) = small(&[]);
    let into_new = || target(Place::new());
    let Target { place, into } = into_new();
    place.ends(1, &["restore", &archive, "--into", &into], &["keys are not in this backup"]);
    assert!(is_untouched(&place.dir()));
    // The operator's own copy of the keys is used, and another installation's is not.
    let carry = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).expect("a folder");
        let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
        assert!(copied.expect("cp").success());
    };
    carry(&installed.place.dir().join("keys"), &place.dir());
    place.ends(0, &["restore", &archive, "--into", &into], &["are used", "nothing is wrong"]);
    let stranger = Place::new().installed();
    let Target { place, into } = into_new();
    carry(&stranger.place.dir().join("keys"), &place.dir());
    place.ends(1, &["restore", &archive, "--into", &into], &["manifest.seal", "same installation"]);

    let place = &installed.place;
    let phrase = place.file("phrase", PHRASE);
    let locked = place.dir().with_file_name("locked.tar");
    let locked = locked.to_str().expect("a path");
    place.ends(
        1,
        &["backup", locked, "--passphrase-file", &place.file("short", "short")],
        &["16 letters"],
    );
    assert!(!Path::new(locked).exists());
    place.ok(&["backup", locked, "--passphrase-file", &phrase]);
    place.ends(
        1,
        &["backup", locked, "--include-keys"],
        &["cannot replace", "locked.tar", "folder"],
    );
    let Target { place: new, into } = into_new();
    new.ends(1, &["restore", locked, "--into", &into], &["--passphrase-file"]);
    let wrong = place.file("wrong", "five random words and less");
    let args = ["restore", locked, "--into", &into, "--passphrase-file"];
    new.ends(1, &[&args[..], &[&wrong]].concat(), &["keys.locked", "does not open"]);
    assert!(is_untouched(&new.dir()));
    new.ends(0, &[&args[..], &[&phrase]].concat(), &["nothing is wrong"]);
}

#[test]
fn settings_come_along_and_given_ones_win() {
    let installed = Place::new().installed();
    let place = &installed.place;
    std::fs::write(place.dir().join("redress.toml"), "[audit]\nseal_period_s = 7\n").expect("set");
    let folder = place.dir().with_file_name("folder");
    std::fs::create_dir(&folder).expect("a folder");
    place.ok(&["backup", folder.to_str().expect("a path"), "--include-keys"]);
    let archive = std::fs::read_dir(&folder).expect("a folder").next().expect("one file");
    let archive = archive.expect("one file").path();
    let name = archive.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("redress-2") && name.ends_with("Z.tar"), "{name}");
    let archive = archive.to_str().expect("a path");

    let Target { place, into } = target(Place::new());
    place.ends(0, &["restore", archive, "--into", &into], &["nothing is wrong"]);
    let settings = std::fs::read_to_string(place.dir().join("redress.toml")).expect("settings");
    assert!(settings.contains("seal_period_s = 7"));
    let Target { place, into } = target(Place::new());
    std::fs::create_dir(place.dir()).expect("a folder");
    std::fs::write(place.dir().join("redress.toml"), "[audit]\nseal_period_s = 9\n").expect("set");
    place.ends(0, &["restore", archive, "--into", &into], &["settings in the backup are not used"]);
    let settings = std::fs::read_to_string(place.dir().join("redress.toml")).expect("settings");
    assert!(settings.contains("seal_period_s = 9"));
}

#[test]
fn files_of_cases_have_room_or_are_missed() {
    let installed = Place::new().installed();
    let place = &installed.place;
    let running = place.start(&["serve"]);
    let caller = Caller::new(&installed, &running);
    wait(caller.upload(&running.url, 1)).expect("taken");
    let (lost, _) = wait(caller.upload(&running.url, 2)).expect("taken");
    assert_eq!(running.stop(), 0);
    let archive = |name: &str| {
        let archive = place.dir().with_file_name(name).to_str().expect("a path").to_owned();
        let said = place.ok(&["backup", &archive, "--include-keys"]);
        (archive, said)
    };
    let (whole, said) = archive("whole.tar");
    assert!(said.contains(" 2 files,"), "{said}");

    // Nothing is written before it is known where files go.
    let taken = place.dir().join("files").to_str().expect("a path").to_owned();
    for (name, value, words) in [
        ("REDRESS_EVIDENCE_FOLDER", taken.as_str(), ["is not empty", "`evidence.folder`"]),
        ("REDRESS_EVIDENCE_STORAGE", "s3", ["2 files of cases", "set it to folder"]),
    ] {
        let new = Place::new().set("REDRESS_EVIDENCE_S3_BUCKET", "somewhere");
        let Target { place: new, into } = target(new.set(name, value));
        new.ends(1, &["restore", &whole, "--into", &into], &words);
        assert!(is_untouched(&new.dir()));
    }

    // A folder elsewhere is filled, and read from there.
    let elsewhere = place.dir().with_file_name("elsewhere").to_str().expect("a path").to_owned();
    let new = Place::new().set("REDRESS_EVIDENCE_FOLDER", &elsewhere);
    let Target { place: new, into } = target(new);
    new.ends(0, &["restore", &whole, "--into", &into], &["2 files", "all 2 files of cases are"]);
    let running = new.start(&["serve"]);
    let content = format!("{}/api/v1/evidence/{lost}/content", running.url);
    assert!(wait(caller.get(&content)) == pdf(2), "the file came back as it was");
    assert_eq!(running.stop(), 0);
    let again = place.dir().with_file_name("again.tar").to_str().expect("a path").to_owned();
    let said = new.ok(&["backup", &again, "--include-keys"]);
    assert!(said.contains(" 2 files,"), "{said}");

    // What the disk lost before is said by name.
    let kept = place.dir().join("files/kept");
    let shard = |id: &str| {
        let folders =
            std::fs::read_dir(&kept).expect("folders").map(|one| one.expect("one").path());
        let files = folders.flat_map(|one| std::fs::read_dir(one).expect("files"));
        let mut paths = files.map(|one| one.expect("one").path());
        paths.find(|path| path.to_string_lossy().ends_with(id)).expect("the file")
    };
    std::fs::remove_file(shard(&lost)).expect("lost");
    let (part, _) = archive("part.tar");
    let Target { place: new, into } = target(Place::new());
    let words = ["1 of 2 files of cases are not there", lost.as_str()];
    new.ends(3, &["restore", &part, "--into", &into], &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_holds_something_is_refused() {
    let (_installed, archive) = small(&["--include-keys"]);
    let taken = Place::on_postgres().await;
    taken.ok(&["tenant", "add", "other", "--email", "ops@other.example"]);
    let url = taken.variable("REDRESS_STORAGE_URL").expect("an address");
    let place = Place::new().set("REDRESS_STORAGE_ENGINE", "postgres");
    let Target { place, into } = target(place.set("REDRESS_STORAGE_URL", &url));
    place.ends(1, &["restore", &archive, "--into", &into], &["PostgreSQL is not empty"]);
    assert!(is_untouched(&place.dir()));
    taken.ends(0, &["tenant", "list"], &["other"]);
}

#[test]
fn a_demo_comes_back_as_a_demo() {
    let place = Place::new();
    let running = place.start(&["demo"]);
    let archive = place.dir().with_file_name("demo.tar");
    let archive = archive.to_str().expect("a path");
    place.ok(&["backup", archive, "--include-keys"]);
    assert_eq!(running.stop(), 0);
    let Target { place: new, into } = target(Place::new());
    new.ends(0, &["restore", archive, "--into", &into], &["`redress demo --dir"]);
    let running = new.start(&["demo"]);
    assert_eq!(running.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_beside_another_database_does_not_start() {
    let installed = Place::new().installed();
    let place = &installed.place;
    let running = place.start(&["serve"]);
    assert_eq!(running.stop(), 0);
    let (dir, kept) = (place.dir(), place.dir().with_file_name("kept"));
    std::fs::create_dir(&kept).expect("a folder");
    let carry = |from: &Path, to: &Path| {
        for name in ["redress.db", "redress.db-wal", "redress.db-shm"] {
            std::fs::copy(from.join(name), to.join(name)).expect("a copy");
        }
    };
    carry(&dir, &kept);
    let running = place.start(&["serve"]);
    assert_eq!(installed.report(&running, "R-1").code, 0);
    assert_eq!(running.stop(), 0);

    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let elsewhere = Place::on_postgres().await;
    let url = elsewhere.variable("REDRESS_STORAGE_URL").expect("an address");
    let wrong =
        ["REDRESS_STORAGE_ENGINE=postgres".to_owned(), format!("REDRESS_STORAGE_URL={url}")];
    let said = place.run_with(&serve, &wrong);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("is empty") && said.err.contains("storage.url"), "{said:?}");
    elsewhere.ok(&["tenant", "add", "other", "--email", "ops@other.example"]);
    let said = place.run_with(&serve, &wrong);
    assert!(said.code == 1 && said.err.contains("is not in the database"), "{said:?}");

    // Set back on purpose: only who says so gets it, and the evidence stays.
    carry(&kept, &dir);
    place.ends(1, &serve, &["is not in the database", "--accept-database"]);
    let running = place.start(&["serve", "--accept-database"]);
    assert_eq!(running.stop(), 0);
    let names = std::fs::read_dir(&dir).expect("the directory").map(|entry| entry.expect("one"));
    let strange = |entry: &std::fs::DirEntry| {
        entry.file_name().to_string_lossy().starts_with("last-seal.strange-")
    };
    assert_eq!(names.filter(strange).count(), 1);
    let running = place.start(&["serve"]);
    assert_eq!(running.stop(), 0);
}
