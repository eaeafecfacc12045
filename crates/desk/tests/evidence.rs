//! Files of cases, on both engines: kept with their notes, given to who may have them, swept when
//! nobody names them.

use desk::evidence::{FilesFailure, Swept};
use desk::execute::Order;
use desk::{Desk, Failure};
use domain::actor::Right;
use domain::case::{ActOrder, Ask, Command, PaymentRef, Report};
use domain::changes::Outcome;
use domain::evidence::{AttachOrder, Evidence, ScanState};
use domain::ids::CaseId;
use domain::payment::PaymentStatus;
use domain::{Actor, Env, Millis, Refusal, Role, Scope};
use evidence::place::Plain;
use evidence::scan::{Program, Scanner};
use evidence::{FileFault, Said};
use std::time::Duration;
use teststand::engines::BOTH;
use teststand::world::{World, cabinet};

/// Longer than any request.
const GRACE: Millis = Millis::hours(1);

fn pdf(inside: &str, size: usize) -> Vec<u8> {
    let mut file = format!("%PDF-1.4\n{inside}\n").into_bytes();
    file.resize(size.max(100) - 6, b' ');
    file.extend_from_slice(b"%%EOF\n");
    file
}

async fn case(world: &World, refid: &str) -> CaseId {
    world.pay(world.scope, refid, PaymentStatus::Successful).await;
    let report = Report {
        payment: PaymentRef::Refid(refid.into()),
        addresses: vec!["buyer@example.test".into()],
        says: "gone".into(),
        category: String::new(),
    };
    let by = world.actor(Role::Client, "app");
    let order = Order { by, command: Command::Report(report), key: None, nonce: None };
    match world.desk.execute(&order).await.expect("a case").outcome {
        Outcome::Reported { case, .. } => case,
        other => panic!("{other:?}"),
    }
}

async fn keep(
    desk: &Desk,
    by: &Actor,
    files: &[(&str, &[u8])],
) -> Result<Vec<Evidence>, FilesFailure> {
    let rules = desk.cabinet().expect("a cabinet").rules().clone();
    let mut intake = desk.intake(by.scope, rules).expect("an intake");
    for (name, bytes) in files {
        let said = Said { name: Some((*name).to_owned()), media_type: None };
        let mut upload = intake.begin(said).await.expect("a spool");
        for piece in bytes.chunks(30_000) {
            upload.write(piece).await.expect("spooled");
        }
        intake.end(upload).await.expect("spooled");
    }
    desk.keep_files(by, intake).await
}

async fn attach(
    desk: &Desk,
    by: &Actor,
    case: &CaseId,
    files: Vec<Evidence>,
    key: Option<&str>,
) -> Result<desk::evidence::Attached, Failure> {
    let order = AttachOrder { case: case.clone(), files, version: None };
    desk.attach_evidence(by, order, key.map(str::to_owned)).await
}

async fn whole(mut plain: Plain) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(chunk) = plain.next().await.expect("the file reads") {
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

fn files_below(world: &World) -> usize {
    let files = world.dir().join("evidence/kept");
    let count = |folder| std::fs::read_dir(folder).expect("a folder").count();
    let shards = std::fs::read_dir(files).expect("the shards");
    shards.map(|shard| count(shard.expect("a shard").path())).sum()
}

fn refused<T: std::fmt::Debug>(done: Result<T, Failure>) -> Refusal {
    match done {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_back_as_it_came_and_every_reading_is_noted() {
    for kind in BOTH {
        let mut world = World::new(kind, 3).await;
        let case = case(&world, "A-1").await;
        let ann = world.actor(Role::Agent, "ann");
        let bytes = pdf("/JavaScript", 200_000);
        let kept = keep(&world.desk, &ann, &[("brief.pdf", &bytes)]).await.expect("kept");
        let done = attach(&world.desk, &ann, &case, kept, None).await.expect("attached");
        let file = done.files[0].clone();
        assert_eq!((done.version, file.case.as_ref()), (2, Some(&case)));
        world.restart().await;
        let listed = world.desk.evidence_of(&ann, &case).await.expect("listed");
        assert_eq!(listed, std::slice::from_ref(&file));
        assert_eq!(file.sha256, vault::digest::sha256(&bytes));
        let (_, plain) = world.desk.open_evidence(&ann, &file.id).await.expect("opened");
        assert!(whole(plain).await == bytes);

        let timeline = world.desk.timeline(&ann, &case).await.expect("a timeline");
        let told: Vec<(&str, &str)> = timeline
            .happenings
            .iter()
            .map(|one| (one.act.as_str(), one.facts.word.as_str()))
            .collect();
        let read = format!("{} original", file.id);
        let want =
            [("report", ""), ("evidence", file.id.as_str()), ("evidence-read", read.as_str())];
        assert_eq!(told, want);
        let says = timeline.happenings[1].says.clone().expect("a text");
        assert!(says.contains(&vault::digest::hex(&file.sha256)), "{says}");
        // A reading is no new version, and the history verifies.
        let view = world.desk.case(&ann, &case).await.expect("the case");
        assert_eq!(view.case.version, 2);
        let order = ActOrder { case, ask: Ask::Start, says: String::new(), version: Some(2) };
        let order = Order { by: ann, command: Command::Act(order), key: None, nonce: None };
        world.desk.execute(&order).await.expect("the act is not stale");
        let found = world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
        assert_eq!((found.flaws, found.notes), (0, 4), "{:?}", found.listed);
        let stored = stored_bytes(&world);
        assert!(!stored.windows(8).any(|window| window == b"%PDF-1.4"), "sealed at rest");
    }
}

fn stored_bytes(world: &World) -> Vec<u8> {
    let mut all = Vec::new();
    let mut folders = vec![world.dir().join("evidence")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.extend(std::fs::read(path).expect("a file"));
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_gets_a_file_and_only_in_its_scope() {
    let world = World::new(BOTH[0], 3).await;
    let case = case(&world, "A-1").await;
    let ann = world.actor(Role::Agent, "ann");
    let kept = keep(&world.desk, &ann, &[("a.pdf", &pdf("", 100))]).await.expect("kept");
    let id = kept[0].id.clone();
    attach(&world.desk, &ann, &case, kept, None).await.expect("attached");
    for role in Role::ALL {
        let by = world.actor(role, "x");
        let opened = world.desk.open_evidence(&by, &id).await.map(|_| ());
        match role {
            Role::Agent
            | Role::Supervisor
            | Role::Compliance
            | Role::Auditor
            | Role::Administrator => opened.expect("may read"),
            _ => assert_eq!(
                refused(opened),
                Refusal::NotAllowed { right: Right::ReadEvidence, role },
                "{role:?}"
            ),
        }
    }
    let mut elsewhere = ann.clone();
    for scope in [Scope::new(world.scope.tenant(), Env::Staging), Scope::from_number(99)] {
        elsewhere.scope = scope;
        let opened = world.desk.open_evidence(&elsewhere, &id).await.map(|_| ());
        assert_eq!(refused(opened), Refusal::EvidenceUnknown);
        let listed = world.desk.evidence_of(&elsewhere, &case).await;
        assert_eq!(refused(listed), Refusal::CaseUnknown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_key_keeps_the_first_files_only() {
    for kind in BOTH {
        let world = World::new(kind, 3).await;
        let case = case(&world, "A-1").await;
        let ann = world.actor(Role::Agent, "ann");
        let bytes = pdf("", 500);
        let once = async || {
            let kept = keep(&world.desk, &ann, &[("a.pdf", &bytes)]).await.expect("kept");
            attach(&world.desk, &ann, &case, kept, Some("k")).await.expect("attached")
        };
        let (first, second) = (once().await, once().await);
        assert!(!first.repeated && second.repeated);
        assert_eq!((&first.files, first.version), (&second.files, second.version));
        assert_eq!(files_below(&world), 1);
        let other = pdf("/Launch", 500);
        let kept = keep(&world.desk, &ann, &[("a.pdf", &other)]).await.expect("kept");
        let reused = attach(&world.desk, &ann, &case, kept, Some("k")).await;
        assert_eq!(refused(reused), Refusal::KeyReusedForOther);
        assert_eq!(files_below(&world), 1, "what was refused is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_names_is_swept_after_its_time_and_nothing_else() {
    for kind in BOTH {
        let world = World::new(kind, 3).await;
        let case = case(&world, "A-1").await;
        let ann = world.actor(Role::Agent, "ann");
        let desk = &world.desk;
        let named = keep(desk, &ann, &[("a.pdf", &pdf("", 500))]).await.expect("kept");
        attach(desk, &ann, &case, named, None).await.expect("attached");
        let files: [(&str, &[u8]); 2] = [("b.pdf", &pdf("", 500)), ("c.pdf", &pdf("", 900))];
        keep(desk, &ann, &files).await.expect("kept, and never named");
        std::fs::write(world.dir().join("evidence/spool/ev_left"), b"x").expect("left by a kill");
        assert_eq!(files_below(&world), 3);
        // The files have this machine's time, the desk its own.
        let now = std::fs::metadata(world.dir().join("evidence/spool/ev_left"));
        let now = now.and_then(|about| about.modified()).expect("a time");
        let now = now.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
        let lag = i64::try_from(now).expect("a time") - desk.now().millis();
        world.clock.tick(Millis(lag + 5_000));
        assert_eq!(desk.sweep_evidence(GRACE).await.expect("a sweep"), Swept::default());
        world.clock.tick(GRACE);
        let swept = desk.sweep_evidence(GRACE).await.expect("a sweep");
        assert_eq!(swept, Swept { orphans: 2, spooled: 1 });
        assert_eq!(files_below(&world), 1);
        let left = desk.evidence_of(&ann, &case).await.expect("listed");
        desk.open_evidence(&ann, &left[0].id).await.expect("what is named is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_files_are_given_to_nobody_until_they_were_looked_at() {
    for kind in BOTH {
        let mut world = World::new(kind, 3).await;
        let case = case(&world, "A-1").await;
        let ann = world.actor(Role::Agent, "ann");
        let switch = world.dir().join("up");
        // Down until the switch is there; then it finds what names EICAR.
        let script = format!(
            "test -e {} || exit 2; if grep -q EICAR; then echo Eicar; exit 1; fi; exit 0",
            switch.display()
        );
        let words = ["/bin/sh", "-c", &script].map(str::to_owned).to_vec();
        let program = Program::new(words, Duration::from_secs(5));
        let desk = with_scanner(&mut world, Scanner::Program(program)).await;
        let files: [(&str, &[u8]); 2] =
            [("a.pdf", &pdf("", 300)), ("b.pdf", &pdf("EICAR-STANDARD", 300))];
        let kept = keep(&desk, &ann, &files).await.expect("taken and held");
        let ids: Vec<_> = kept.iter().map(|file| file.id.clone()).collect();
        attach(&desk, &ann, &case, kept, None).await.expect("attached");
        for id in &ids {
            let opened = desk.open_evidence(&ann, id).await.map(|_| ());
            assert_eq!(refused(opened), Refusal::EvidenceHeld);
        }
        assert_eq!(desk.rescan_held().await.expect("a sweep"), 0, "still down");
        std::fs::write(&switch, b"").expect("switched on");
        assert_eq!(desk.rescan_held().await.expect("a sweep"), 2);
        desk.open_evidence(&ann, &ids[0]).await.expect("clean");
        let opened = desk.open_evidence(&ann, &ids[1]).await.map(|_| ());
        assert_eq!(refused(opened), Refusal::EvidenceInfected);

        let infected = keep(&desk, &ann, &files).await.expect_err("found at once");
        let FilesFailure::Refused { refused: why, infected } = infected else {
            panic!("{infected:?}")
        };
        assert_eq!((why.place, why.fault), (1, FileFault::Infected));
        let row = desk.evidence(&ann, &infected[0]).await.expect("written down");
        assert_eq!(
            (row.state, row.case, row.finding.as_str()),
            (ScanState::Infected, None, "Eicar")
        );
        assert_eq!(files_below(&world), 3, "two of the case, and the one that is held apart");
    }
}

/// A desk over the same data whose files are looked at.
async fn with_scanner(world: &mut World, scanner: Scanner) -> Desk {
    use std::sync::Arc;
    let keys = Arc::clone(world.desk.keyring());
    let dice = Box::new(teststand::dice::Seeded::new(77));
    let desk = Desk::new(world.db.clone(), Arc::clone(&keys), world.clock.clone(), dice);
    assert!(desk.furnish(cabinet(world.dir(), keys, scanner).await));
    desk
}
