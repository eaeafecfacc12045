//! The laws can fail: a world that keeps them all, in which one thing after another is done behind
//! the program's back. The law that it breaks must find each, or it never finds anything.

use desk::execute::Order;
use desk::outbox::Parcel;
use domain::Role;
use domain::case::{ByHand, Command};
use domain::changes::Outcome;
use domain::ids::CaseId;
use domain::message::Telling;
use store::engine::{Place, Stmt, Value};
use teststand::world::World;

use crate::laws::Law;
use crate::ledger::Fate;
use crate::run::Run;
use crate::{NODES, STEPS};

/// A world in which enough happens.
const SEED: u64 = 7;

/// What is done to the database, and the law that must find it.
const IN_THE_DATABASE: [(Law, &[&str]); 8] = [
    (Law::WholeHistories, &["UPDATE cases SET language = 'ms'"]),
    (Law::JobsAddUp, &["UPDATE jobs SET done = done + 1 WHERE id = (SELECT MIN(id) FROM jobs)"]),
    (
        Law::JobsAddUp,
        &["UPDATE job_rows SET state = 0 WHERE number = 1
           AND job_id = (SELECT MAX(id) FROM jobs WHERE done + refused > 0)"],
    ),
    (
        Law::IndexIsAPlainScan,
        &["DELETE FROM search_docs WHERE case_id = (SELECT MIN(id) FROM cases)"],
    ),
    (
        Law::ExportedOnce,
        &["DELETE FROM feed_events WHERE seq = (SELECT MAX(seq) FROM feed_events)"],
    ),
    (Law::EveryMessageArrives, &["UPDATE outbox SET state = 0 WHERE channel = 'mail'"]),
    (Law::TimesInOrder, &["UPDATE cases SET stage_at = opened_at - 86400000"]),
    (
        Law::OneOpenCase,
        &[
            "DROP INDEX cases_payment",
            "UPDATE cases SET refid = 'P-0', slot = 0, stage = 'open', stage_fact = ''",
        ],
    ),
];

async fn a_world_that_keeps_the_laws() -> Run {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let place = Place::sqlite(dir.path().join("redress.db"));
    let mut run = Run::new(World::over(place, dir, SEED).await, SEED).await;
    for number in 0..STEPS {
        run.step(number).await;
    }
    run.heal_and_settle().await;
    let breaches = run.breaches().await;
    assert!(breaches.is_empty(), "{breaches:#?}");
    run
}

async fn does(run: &Run, texts: &[&'static str]) {
    let batch = texts.iter().map(|text| Stmt::any(text, Vec::<Value>::new())).collect();
    run.world.db.commit(batch).await.expect("it is done");
}

/// Breaches of one law.
async fn breaches(run: &mut Run, law: Law) -> usize {
    run.breaches().await.iter().filter(|(broken, _)| *broken == law).count()
}

fn a_kept_word(run: &Run) -> (String, CaseId) {
    let kept = run.ledger.words.iter().find_map(|(words, fate)| match fate {
        Fate::Kept(case) => Some((words.clone(), case.clone())),
        _ => None,
    });
    kept.expect("something was said")
}

/// What is done to what the outside knows.
async fn outside(run: &mut Run) -> Vec<(Law, &'static str, usize)> {
    let mut found = Vec::new();
    let (words, case) = a_kept_word(run);
    run.ledger.words.insert("never kept".into(), Fate::Kept(case));
    found.push((Law::Acknowledged, "an answer was a lie", breaches(run, Law::Acknowledged).await));
    let kept = run.ledger.words.insert(words.clone(), Fate::Refused).expect("it was kept");
    let many = breaches(run, Law::NothingUnasked).await;
    found.push((Law::NothingUnasked, "a refused command was kept", many));
    run.ledger.words.insert(words, kept);
    let (id, heard) = run.ledger.heard.pop_first().expect("something was heard");
    let many = breaches(run, Law::EveryMessageArrives).await;
    found.push((Law::EveryMessageArrives, "the receiver never heard it", many));
    run.ledger.heard.insert(id, heard);
    run.ledger.hears("msg_of_nobody", &Parcel::Telling(Telling::Acknowledge));
    let many = breaches(run, Law::NothingElseTold).await;
    found.push((Law::NothingElseTold, "the receiver heard something else", many));
    let by = run.world.actor(Role::Agent, "ann");
    let command = Command::Open(ByHand { says: "by nobody".into(), ..ByHand::empty() });
    let order = Order { by, command, key: None, nonce: None };
    let done = run.world.desk.execute(&order).await.expect("a case");
    assert!(matches!(done.outcome, Outcome::Reported { .. }));
    run.heal_and_settle().await;
    let many = breaches(run, Law::NothingUnasked).await;
    found.push((Law::NothingUnasked, "a case of nobody's", many));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_law_finds_what_breaks_it() {
    let mut run = a_world_that_keeps_the_laws().await;
    for (law, what, many) in outside(&mut run).await {
        assert!(many > 0, "{law:?} does not see that {what}");
    }
    for (law, texts) in IN_THE_DATABASE {
        let before = breaches(&mut run, law).await;
        does(&run, texts).await;
        let after = breaches(&mut run, law).await;
        assert!(after > before, "{law:?} does not see {texts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_or_a_key_that_is_forgotten_is_noticed() {
    let mut run = a_world_that_keeps_the_laws().await;
    assert!(run.replay_is_refused().await && run.key_says_the_same().await);
    does(&run, &["DELETE FROM nonces", "DELETE FROM saved_keys"]).await;
    for node in 0..NODES {
        run.restart(node).await;
    }
    assert!(!run.replay_is_refused().await, "a nonce may be used again");
    assert!(!run.key_says_the_same().await, "a key says something else");
}
