//! What the audit walk finds when somebody changes the row of a case, or of a file of it, and
//! leaves its history alone: each forgery has a case of its own, and the walk must name that
//! case, and no other one. It must never pass because a case was wrong before.

use desk::audit::Findings;
use desk::execute::Order;
use domain::case::{ActOrder, Ask};
use domain::case::{Archived, ByHand, Channel, Command, PaymentRef, Report, Standing};
use domain::changes::Outcome;
use domain::evidence::{AttachOrder, Evidence};
use domain::ids::CaseId;
use domain::payment::PaymentStatus;
use domain::{Actor, Millis, Role};
use evidence::Said;
use store::engine::{EngineKind, Stmt};
use teststand::engines::BOTH;
use teststand::world::World;

/// What a case went through before it is forged.
#[derive(Clone, Copy)]
enum Past {
    /// An app reported it.
    Reported,
    /// And somebody took it.
    Taken,
    /// And it was given to the queue `vouchers`.
    Given,
    /// It was opened by hand, about no payment.
    ByHand,
    /// It was taken over from another system, silently.
    Imported,
    /// Its earlier case was closed, and it was reported after that.
    Again,
    /// It has a file.
    Filed,
    /// It has a file, and somebody was given it.
    Shown,
}

use Past::{Again, ByHand as Opened, Filed, Given, Imported, Reported, Shown, Taken};

/// What a case is, what is done to it (`?1` is its id), and a word that the findings must hold.
const FORGERIES: &[(Past, &str, &str)] = &[
    (Reported, "UPDATE cases SET assignee = 'evil' WHERE id = ?1", "person who works it"),
    (Reported, "UPDATE cases SET queue = 'zz', assignee = 'evil' WHERE id = ?1", "its queue is"),
    (Taken, "UPDATE cases SET queue = 'zz' WHERE id = ?1", "its queue is"),
    (Taken, "UPDATE cases SET assignee = 'evil' WHERE id = ?1", "person who works it"),
    (Given, "UPDATE cases SET queue = 'intake' WHERE id = ?1", "its queue is"),
    (Reported, "UPDATE cases SET refid = 'OTHER' WHERE id = ?1", "is of another payment"),
    (Reported, "UPDATE cases SET refid = 'NONE' WHERE id = ?1", "no payment of its reference"),
    (Reported, "UPDATE cases SET refid = '' WHERE id = ?1", "its payment is"),
    (Opened, "UPDATE cases SET refid = 'MORE' WHERE id = ?1", "is of another payment"),
    (Imported, "UPDATE cases SET refid = 'NIL' WHERE id = ?1", "no payment of its reference"),
    (Reported, "UPDATE cases SET customer = 'C-9' WHERE id = ?1", "its customer is"),
    (Reported, "UPDATE cases SET taken_by = 'evil' WHERE id = ?1", "person who took it"),
    (Imported, "UPDATE cases SET taken_by = 'evil' WHERE id = ?1", "person who took it"),
    (Reported, "UPDATE cases SET through = 'evil' WHERE id = ?1", "its credential"),
    (Opened, "UPDATE cases SET through = 'evil' WHERE id = ?1", "its credential"),
    (Again, "UPDATE cases SET earlier = id WHERE id = ?1", "the earlier case"),
    (
        Reported,
        "UPDATE cases SET earlier = (SELECT MIN(id) FROM cases) WHERE id = ?1",
        "the earlier case",
    ),
    (Taken, "UPDATE cases SET version = 1 WHERE id = ?1", "its version is"),
    (Filed, "UPDATE cases SET version = version + 2 WHERE id = ?1", "its version is"),
    (Taken, "UPDATE cases SET stage_at = stage_at + 1 WHERE id = ?1", "time of reaching its"),
    (Taken, "UPDATE cases SET slot = 77 WHERE id = ?1", "its slot of its payment"),
    (Reported, "UPDATE cases SET scope = scope + 2 WHERE id = ?1", "is of another account"),
    (Opened, "UPDATE cases SET scope = scope - 1 WHERE id = ?1", "is of another account"),
    (Imported, "UPDATE cases SET scope = scope + 2 WHERE id = ?1", "another system's case"),
    (Filed, "DELETE FROM evidence WHERE case_id = ?1", "is gone"),
    (Filed, "UPDATE evidence SET case_id = NULL WHERE case_id = ?1", "is gone"),
    (Filed, "UPDATE evidence SET state = 'infected' WHERE case_id = ?1", "the state of its file"),
    (Filed, "UPDATE evidence SET state = 'lost' WHERE case_id = ?1", "the state of its file"),
    (Filed, "UPDATE evidence SET finding = 'eicar' WHERE case_id = ?1", "the state of its file"),
    (Shown, "UPDATE evidence SET state = 'held' WHERE case_id = ?1", "the state of its file"),
    (
        Shown,
        "UPDATE evidence SET state = 'infected', finding = 'x', state_at = state_at + 9
         WHERE case_id = ?1",
        "the state of its file",
    ),
    (
        Filed,
        "UPDATE evidence SET sha256 = (SELECT head_digest FROM cases WHERE id = ?1)
         WHERE case_id = ?1",
        "size or digest of its",
    ),
    (Filed, "UPDATE evidence SET name = 'x.pdf' WHERE case_id = ?1", "name, kind, size or"),
    (Filed, "UPDATE evidence SET kind = 'png' WHERE case_id = ?1", "name, kind, size or"),
    (Filed, "UPDATE evidence SET size = 1 WHERE case_id = ?1", "name, kind, size or digest"),
    (Filed, "UPDATE evidence SET uploaded_by = 'evil' WHERE case_id = ?1", "the uploader of its"),
    (Filed, "UPDATE evidence SET scope = scope + 2 WHERE case_id = ?1", "the account of its"),
    (
        Reported,
        "INSERT INTO evidence (id, scope, case_id, name, kind, size, sha256, flags, state, state_at,
         finding, address, uploaded_by, created_at)
         SELECT 'ev_forged', scope, id, 'a.pdf', 'pdf', 1, head_digest, '', 'clean', 1, '', 'a',
         'b', 1 FROM cases WHERE id = ?1",
        "does not tell of its file ev_forged",
    ),
];

async fn walk(world: &World) -> Findings {
    world.desk.verify_audit(None, &mut |_| ()).await.expect("the walk ends")
}

async fn done(world: &World, by: &Actor, command: Command) -> CaseId {
    world.clock.tick(Millis::seconds(1));
    let order = Order { by: by.clone(), command, key: None, nonce: None };
    match world.desk.execute(&order).await.expect("it is done").outcome {
        Outcome::Reported { case, .. } | Outcome::Acted { case, .. } => case,
        other => panic!("{other:?}"),
    }
}

async fn act(world: &World, case: &CaseId, ask: Ask) {
    let ann = world.actor(Role::Agent, "ann");
    let order = ActOrder { case: case.clone(), ask, says: String::new(), version: None };
    done(world, &ann, Command::Act(order)).await;
}

async fn report(world: &World, refid: &str) -> CaseId {
    let report = Report {
        payment: PaymentRef::Refid(refid.into()),
        addresses: vec!["buyer@example.test".into()],
        says: "gone".into(),
        category: String::new(),
    };
    done(world, &world.actor(Role::Client, "app"), Command::Report(report)).await
}

/// Two files come together: one version of the case, two notes.
async fn file(world: &World, case: &CaseId) -> Vec<Evidence> {
    let ann = world.actor(Role::Agent, "ann");
    let rules = world.desk.cabinet().expect("a cabinet").rules().clone();
    let mut intake = world.desk.intake(ann.scope, rules).expect("an intake");
    for name in ["one.pdf", "two.pdf"] {
        let said = Said { name: Some(name.into()), media_type: None };
        let mut upload = intake.begin(said).await.expect("a spool");
        upload.write(format!("%PDF-1.4\n{name}\n%%EOF\n").as_bytes()).await.expect("spooled");
        intake.end(upload).await.expect("spooled");
    }
    let Ok(files) = world.desk.keep_files(&ann, intake).await else { panic!("they are kept") };
    let order = AttachOrder { case: case.clone(), files, version: None };
    world.desk.attach_evidence(&ann, order, None).await.expect("attached").files
}

async fn import(world: &World, refid: &str) -> CaseId {
    let received_at = world.desk.now().plus(Millis::days(-400));
    let archived = Archived {
        source: "old-desk".into(),
        external_id: refid.into(),
        payment: Some(PaymentRef::Refid(refid.into())),
        channel: Channel::Letter,
        received_at,
        addresses: Vec::new(),
        customer: "C-1".into(),
        language: "ms".into(),
        says: "It never came.".into(),
        category: String::new(),
        queue: String::new(),
        assignee: "asha".into(),
        standing: Standing::parse("resolved rejected").expect("a standing"),
        moved_at: None,
        history: Vec::new(),
        tell: false,
    };
    let by = world.actor(Role::Administrator, "import");
    match world.desk.take_over(&by, &archived, false).await.expect("it is taken over") {
        desk::archive::TakenOver::New(id) => id,
        desk::archive::TakenOver::Known(id) => panic!("{id} was known"),
    }
}

async fn with_past(world: &World, past: Past, refid: &str) -> CaseId {
    match past {
        Imported => return import(world, refid).await,
        Opened => {
            let ann = world.actor(Role::Agent, "ann");
            let by_hand = ByHand {
                customer: "C-2".into(),
                taken_by: "the counter".into(),
                says: "lost".into(),
                ..ByHand::empty()
            };
            return done(world, &ann, Command::Open(by_hand)).await;
        }
        _ => {}
    }
    let case = report(world, refid).await;
    match past {
        Taken => act(world, &case, Ask::Take).await,
        Given => {
            let (queue, person) = (Some("vouchers".to_owned()), None);
            act(world, &case, Ask::Assign { queue, person }).await;
        }
        Again => {
            let reason = domain::case::CloseReason::Withdrawn;
            act(world, &case, Ask::Close { reason }).await;
            return report(world, refid).await;
        }
        Filed => drop(file(world, &case).await),
        Shown => {
            let files = file(world, &case).await;
            let ann = world.actor(Role::Agent, "ann");
            for one in files {
                world.desk.open_evidence(&ann, &one.id).await.expect("it is given");
            }
        }
        _ => {}
    }
    case
}

/// A world with a case for each forgery, and the cases in that order.
async fn forgeable(kind: EngineKind) -> (World, Vec<CaseId>) {
    let world = World::new(kind, 31).await;
    world.queue("vouchers").await;
    let refids: Vec<String> = (0..FORGERIES.len()).map(|number| format!("F-{number}")).collect();
    let mut all: Vec<&str> = refids.iter().map(String::as_str).collect();
    all.extend(["OTHER", "MORE"]);
    world.pay_all(world.scope, &all, PaymentStatus::Successful).await;
    let mut cases = Vec::new();
    for ((past, ..), refid) in FORGERIES.iter().zip(&refids) {
        cases.push(with_past(&world, *past, refid).await);
    }
    while world.desk.seal_once().await.expect("a seal").is_some() {}
    (world, cases)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_forged_row_of_a_case_is_named() {
    for kind in BOTH {
        let (world, cases) = forgeable(kind).await;
        let clean = walk(&world).await;
        assert!(clean.clean(), "{kind:?}: {:?}", clean.listed);
        let (mut before, mut missed): (Vec<String>, Vec<String>) = Default::default();
        for ((_, sql, word), case) in FORGERIES.iter().zip(&cases) {
            let forged = Stmt::any(sql, vec![case.as_str().into()]);
            world.db.commit(vec![forged]).await.expect("changed behind the desk");
            let mut found = walk(&world).await.listed;
            found.sort();
            let new: Vec<&String> = found.iter().filter(|one| !before.contains(one)).collect();
            let said = format!("{sql} on {kind:?}: {new:?}");
            if !new.iter().any(|flaw| flaw.contains(word)) {
                missed.push(format!("{said} lacks {word:?}"));
            } else if !new.iter().all(|flaw| flaw.contains(case.as_str())) {
                missed.push(format!("{said} names another case than {case}"));
            }
            before = found;
        }
        assert!(missed.is_empty(), "{missed:#?}");
    }
}
