//! The power is cut at 200 random points of one recorded run on SQLite, and the program itself
//! opens what a disk could then hold: every report that was acknowledged before is found, the
//! history verifies, the secrets open. The same run with syncs that do nothing must lose reports,
//! or this test could not see a loss.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use desk::Desk;
use domain::Instant;
use store::engine::{Db, Place as Store};
use tempfile::TempDir;
use teststand::dice::Seeded;
use teststand::receivers::HttpReceiver;
use tokio::task::JoinSet;
use vault::keyring::Keyring;

use super::super::support::Place;
use super::disk::{Disk, Rest};
use super::load::{Outsider, install};
use super::shim::{self, Journal, Op};

/// Points of the honest recording: while it was set up, and while it served and stopped.
const POINTS_SETTING_UP: usize = 30;
const POINTS_SERVING: usize = 170;
/// The same in a long run.
const LONGER: usize = 25;
/// Points of the recording whose syncs do nothing; those of its first half are left out, since
/// nothing may have been acknowledged yet.
const POINTS_LYING: usize = 20;

/// Payments; and how many reports must be taken before the recorded server stops.
const PAYMENTS: u32 = 2_000;
const REPORTS: usize = 400;
/// The load lasts at least so long: time for two seals.
const LOAD: Duration = Duration::from_millis(2_000);
/// And at most.
const LOAD_MAX: Duration = Duration::from_secs(60);

/// Images looked at at once.
const AT_ONCE: usize = 3;

/// A recorded run.
struct Recording {
    journal: Journal,
    /// How many records each step of the installation had left behind when it was done.
    steps: Vec<(String, usize)>,
    /// The first record of the server.
    serves_from: usize,
    /// The last one.
    stopped_at: usize,
    /// The API key that was made.
    key: String,
    /// Where it ran.
    place: Place,
}

/// Records an installation and a server under load; `lie` names files whose syncs do nothing.
async fn record(mark: u64, lie: Option<&str>) -> Recording {
    let receiver = HttpReceiver::always(200).await;
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("journal");
    let place = Place::new();
    let watched = place.dir();
    let watched = watched.parent().expect("it stands in a folder").to_str().expect("a path");
    let watched = watched.to_owned();
    let mut place = place
        .set("REDRESS_WEBHOOKS_ALLOW", "127.0.0.1")
        .set("REDRESS_AUDIT_SEAL_PERIOD_S", "1")
        .set("LD_PRELOAD", &shim::library())
        .set("SHIM_JOURNAL", path.to_str().expect("a path"))
        .set("SHIM_UNDER", &watched);
    if let Some(names) = lie {
        place = place.set("SHIM_LIE", names);
    }
    let written = || std::fs::metadata(&path).expect("a journal").len();
    let mut steps = Vec::new();
    let hook = receiver.url("/hook");
    let credentials =
        install(&place, &hook, PAYMENTS, |step| steps.push((step.to_owned(), written())));
    let outside = Outsider::new(&credentials, mark, PAYMENTS);
    // With a log beside it, the file itself is written only when the log is copied into it.
    let database = place.dir().join("redress.db");
    let written_at = || std::fs::metadata(&database).expect("a database").modified().expect("when");
    let before = written_at();
    let running = place.start(&["serve"]);
    let here = outside.at(&running.url);
    let dead = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (here, dead) = (here.clone(), Arc::clone(&dead));
        async move { here.load(&dead).await }
    });
    let enough = async {
        tokio::time::sleep(LOAD).await;
        while here.ledger().taken.len() < REPORTS || written_at() == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LOAD_MAX, enough).await.expect("reports are taken");
    dead.store(true, Ordering::Relaxed);
    load.await.expect("the load");
    assert_eq!(running.stop(), 0);
    let journal = Journal::read(&path);
    let steps: Vec<_> =
        steps.into_iter().map(|(step, bytes)| (step, journal.records_at(bytes))).collect();
    let serves_from = steps.last().expect("steps").1;
    let stopped_at = journal.ops.len();
    let mut heard = Heard::default();
    journal.ops.iter().for_each(|op| heard.listen(op));
    for case in here.ledger().taken.values() {
        assert!(heard.cases.contains(case), "the journal misses the answer about {case}");
    }
    Recording { journal, steps, serves_from, stopped_at, key: credentials.key, place }
}

/// What the program said before some point, as whoever listens could have heard it.
#[derive(Clone, Default)]
struct Heard {
    /// Cases whose report was acknowledged.
    cases: BTreeSet<String>,
    /// The highest acknowledged version of cases that were acted on.
    versions: BTreeMap<String, i64>,
    /// Events that a receiver got.
    events: BTreeSet<String>,
}

impl Heard {
    fn listen(&mut self, op: &Op) {
        let Op::Said { text } = op else { return };
        let text = String::from_utf8_lossy(text);
        for (_, rest) in after(&text, "redress-case-id: ") {
            self.cases.insert(word(rest));
        }
        for (_, rest) in after(&text, "webhook-id: ") {
            self.events.insert(word(rest));
        }
        for (_, rest) in after(&text, "{\"id\":\"cs_") {
            let Some((_, version)) = rest.split_once("\"version\":") else { continue };
            let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
            let known = self.versions.entry(format!("cs_{}", word(rest))).or_default();
            *known = (*known).max(digits.parse().expect("a version"));
        }
    }
}

fn after<'t>(text: &'t str, mark: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    text.match_indices(mark).map(move |(at, _)| (at, &text[at + mark.len()..]))
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// One cut: what the disk holds, and what must be in it.
struct Cut {
    at: usize,
    rest: Rest,
    image: TempDir,
    heard: Heard,
    /// Steps of the installation that were done.
    steps: Vec<String>,
    key: String,
}

impl Cut {
    fn dir(&self) -> PathBuf {
        self.image.path().join("data")
    }

    /// Runs the program on the image.
    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_redress"));
        program.env("REDRESS_LOG_LEVEL", "error").arg("--dir").arg(self.dir()).args(args);
        let output = program.output().expect("the program starts");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code().unwrap_or(-1), said)
    }

    fn done(&self, step: &str) -> bool {
        self.steps.iter().any(|done| done == step)
    }

    /// What is wrong with what was found.
    async fn look(&self) -> Result<(), String> {
        if !self.done("import") {
            self.set_up_again()?;
        }
        // The program is the first to open it.
        let (code, said) = self.run(&["audit", "verify"]);
        let db = Db::open(&Store::sqlite(self.dir().join("redress.db"))).await;
        let db = db.map_err(|why| why.to_string())?;
        self.rows(&db).await?;
        if code != 0 || !said.contains("nothing is wrong") {
            return Err(format!("audit verify: {code}: {said}"));
        }
        let keys = Keyring::open(&self.dir().join("keys")).map_err(|why| why.to_string())?;
        let clock = Arc::new(StandingClock(Instant::from_millis(0)));
        let desk = Desk::new(db, Arc::new(keys), clock, Box::new(Seeded::new(0)));
        let opened = desk.open_all_secrets().await.map_err(|why| format!("{why:?}"))?;
        let expected = usize::from(self.done("key")) + usize::from(self.done("webhook"));
        match opened >= expected {
            true => Ok(()),
            false => Err(format!("{opened} secrets of {expected} open")),
        }
    }

    /// A command that was cut short can be given again, and one that was done is known.
    fn set_up_again(&self) -> Result<(), String> {
        let (code, said) = self.run(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
        let known = code == 1 && said.contains("already");
        if !known && (self.done("tenant") || code != 0) {
            return Err(format!("tenant add, after {:?}: {code}: {said}", self.steps));
        }
        let (code, said) = self.run(&["key", "list", "--tenant", "acme"]);
        if code != 0 || self.done("key") && !said.contains(&self.key) {
            return Err(format!("key list, after {:?}: {code}: {said}", self.steps));
        }
        Ok(())
    }

    async fn rows(&self, db: &Db) -> Result<(), String> {
        let fault = |why: store::Fault| why.to_string();
        let rows = db.rows("SELECT id, version, refid FROM cases", vec![]).await.map_err(fault)?;
        let mut found = BTreeMap::new();
        let mut payments = BTreeSet::new();
        for row in rows {
            let (id, version) = (row.text(0).map_err(fault)?, row.int(1).map_err(fault)?);
            found.insert(id.to_owned(), version);
            if !payments.insert(row.text(2).map_err(fault)?.to_owned()) {
                return Err(format!("{id} is the second case of its payment"));
            }
        }
        let lost = self.heard.cases.iter().filter(|case| !found.contains_key(*case)).count();
        if lost > 0 {
            return Err(format!("{lost} acknowledged reports are lost"));
        }
        for (case, version) in &self.heard.versions {
            if found.get(case).is_none_or(|kept| kept < version) {
                return Err(format!("an acknowledged act on {case} is lost"));
            }
        }
        let rows = db.rows("SELECT id, channel, state FROM outbox", vec![]).await.map_err(fault)?;
        let mut messages = BTreeSet::new();
        for row in rows {
            let id = row.text(0).map_err(fault)?;
            let sent = row.text(1).map_err(fault)? == "mail" && row.int(2).map_err(fault)? == 1;
            let file = self.dir().join("mail").join(format!("{id}.eml"));
            if sent && std::fs::read(&file).map_or(true, |mail| !mail.ends_with(b"\r\n")) {
                return Err(format!("{id} counts as sent, and is not there"));
            }
            messages.insert(id.to_owned());
        }
        match self.heard.events.iter().find(|event| !messages.contains(*event)) {
            Some(event) => Err(format!("{event} was sent and is not known any more")),
            None => Ok(()),
        }
    }
}

struct StandingClock(Instant);

impl desk::Clock for StandingClock {
    fn now(&self) -> Instant {
        self.0
    }
}

/// Random points in order: half of them just after something was said, when most is at stake.
fn points(
    recording: &Recording,
    dice: &mut Seeded,
    setting_up: usize,
    serving: usize,
) -> Vec<usize> {
    let (from, to) = (recording.serves_from, recording.stopped_at);
    let ops = &recording.journal.ops;
    let said: Vec<usize> = (from..to).filter(|at| matches!(ops[*at], Op::Said { .. })).collect();
    let mut points: Vec<usize> = (0..setting_up).map(|_| 1 + dice.below(from - 1)).collect();
    points.extend((0..serving / 2).map(|_| from + 1 + dice.below(to - from)));
    points.extend((serving / 2..serving).map(|_| said[dice.below(said.len())] + 1));
    points.sort_unstable();
    points
}

/// Cuts the power at the points, each time with one of these fates for what was not synced; what
/// was wrong, and where.
async fn cut(
    recording: &Recording,
    points: &[usize],
    rests: &[Rest],
    dice: &mut Seeded,
) -> Vec<String> {
    let (mut disk, mut heard, mut done) = (Disk::new(), Heard::default(), 0);
    let (mut tasks, mut wrong) = (JoinSet::new(), Vec::new());
    for at in points {
        for op in &recording.journal.ops[done..*at] {
            disk.apply(op);
            heard.listen(op);
        }
        done = *at;
        let rest = rests[dice.below(rests.len())];
        let image = tempfile::tempdir().expect("a directory");
        disk.image(image.path(), rest, dice);
        let steps = recording.steps.iter().filter(|(_, records)| records <= at);
        let steps = steps.map(|(step, _)| step.clone()).collect();
        let (heard, key) = (heard.clone(), recording.key.clone());
        let cut = Cut { at: *at, rest, image, heard, steps, key };
        if tasks.len() >= AT_ONCE {
            wrong.extend(tasks.join_next().await.and_then(|ended| ended.expect("a look")));
        }
        tasks.spawn(async move {
            let (at, rest) = (cut.at, cut.rest);
            cut.look().await.err().map(|why| format!("record {at}, the rest {rest:?}: {why}"))
        });
    }
    while let Some(ended) = tasks.join_next().await {
        wrong.extend(ended.expect("a look"));
    }
    wrong
}

/// The journal replayed to its end must be what stands on the real disk, byte for byte: whatever
/// the shim does not see would make the images kinder or wrong.
fn nothing_was_overlooked(recording: &Recording) {
    let mut disk = Disk::new();
    recording.journal.ops.iter().for_each(|op| disk.apply(op));
    let image = tempfile::tempdir().expect("a directory");
    disk.image(image.path(), Rest::Kept, &mut Seeded::new(0));
    let (real, replayed) = (tree(&recording.place.dir()), tree(&image.path().join("data")));
    let names = |tree: &BTreeMap<String, Vec<u8>>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&real), names(&replayed));
    // The index of the log is written through memory.
    for (name, bytes) in real.iter().filter(|(name, _)| !name.ends_with("-shm")) {
        assert!(bytes == &replayed[name], "{name} was changed behind the shim's back");
    }
}

/// Every file below a folder.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
        if path.is_dir() {
            files.extend(tree(&path).into_iter().map(|(rest, b)| (format!("{name}/{rest}"), b)));
        } else {
            files.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    files
}

/// SQLite maps the index of its log, which it makes anew after a crash, and nothing else.
fn only_the_index_is_mapped(recording: &Recording) {
    let mut names = BTreeMap::new();
    let mut mapped = BTreeSet::new();
    for op in &recording.journal.ops {
        match op {
            Op::Open { handle, path } | Op::Create { handle, path } => {
                names.insert(*handle, path.as_str());
            }
            Op::Map { handle } => drop(mapped.insert(names[handle])),
            _ => {}
        }
    }
    assert_eq!(mapped.into_iter().collect::<Vec<_>>(), ["data/redress.db-shm"]);
}

/// Whether the log was copied into the file under load: cuts in the middle of that are the point.
fn copied_into_the_file(recording: &Recording) -> bool {
    let mut names = BTreeMap::new();
    let serving = |at: usize| at > recording.serves_from;
    recording.journal.ops.iter().enumerate().any(|(at, op)| match op {
        Op::Open { handle, path } | Op::Create { handle, path } => {
            names.insert(*handle, path.as_str());
            false
        }
        Op::Write { handle, .. } => serving(at) && names[handle] == "data/redress.db",
        _ => false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_loses_nothing_acknowledged() {
    let mut dice = super::dice("power cuts");
    let recording = record(dice.next(), None).await;
    only_the_index_is_mapped(&recording);
    nothing_was_overlooked(&recording);
    let ops = &recording.journal.ops[recording.serves_from..];
    assert!(copied_into_the_file(&recording), "the load was too small to fill the log");
    let syncs = ops.iter().filter(|op| matches!(op, Op::SyncEnded { .. })).count();
    let longer = if super::long() { LONGER } else { 1 };
    let points = points(&recording, &mut dice, POINTS_SETTING_UP * longer, POINTS_SERVING * longer);
    let rests = [Rest::Lost, Rest::Kept, Rest::Chance, Rest::Chance];
    let wrong = cut(&recording, &points, &rests, &mut dice).await;
    eprintln!("{} points in {} records with {syncs} syncs", points.len(), ops.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), points.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_syncs_a_power_cut_loses_reports() {
    let mut dice = super::dice("power cuts without syncs");
    let recording = record(dice.next(), Some("redress.db")).await;
    let mut points = points(&recording, &mut dice, 0, POINTS_LYING);
    points.retain(|at| *at > (recording.serves_from + recording.stopped_at) / 2);
    let wrong = cut(&recording, &points, &[Rest::Lost], &mut dice).await;
    let lost = wrong.iter().filter(|why| why.contains("acknowledged reports are lost")).count();
    eprintln!("{lost} of {} points lose reports:\n{}", points.len(), wrong.join("\n"));
    assert!(lost > 0 && lost == points.len(), "syncs that do nothing must be noticed");
}

/// What PostgreSQL's durability rests on is read back from the server itself.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_set_to_keep_what_it_answered() {
    let url = teststand::engines::fresh_postgres().await;
    let db = Db::open(&Store::postgres(url)).await.expect("the test server");
    let settings = db.durability().await.expect("its settings");
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        let setting = settings.iter().find(|one| one.name == name);
        let setting = setting.unwrap_or_else(|| panic!("{name} is not read back"));
        assert!(setting.sound && setting.value == "on", "{setting:?}");
    }
}
