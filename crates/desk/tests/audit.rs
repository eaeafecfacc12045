//! What the audit walk finds when somebody who holds the database changes it: an altered, removed,
//! cut or newly written history, and an old copy put back.

use desk::audit::{Findings, Witness};
use domain::payment::PaymentStatus;
use store::engine::Stmt;
use teststand::engines::BOTH;
use teststand::world::World;

const STORY: &str = "report app A-1 says one
act agent ann 1 start
act agent ann 1 resolve rejected
report app A-2 says two
act agent ann 2 start
";

/// A world with two sealed histories, of three and two notes.
async fn sealed_world(kind: store::engine::EngineKind) -> World {
    let mut world = World::new(kind, 11).await;
    for refid in ["A-1", "A-2", "A-3"] {
        world.pay(world.scope, refid, PaymentStatus::Successful).await;
    }
    teststand::story::tell(&mut world, STORY).await;
    while world.desk.seal_once().await.expect("a seal").is_some() {}
    world
}

async fn walk(world: &World, witness: Option<Witness>) -> Findings {
    world.desk.verify_audit(witness, &mut |_| ()).await.expect("the walk ends")
}

async fn change(world: &World, sql: &'static [&'static str]) {
    let batch = sql.iter().map(|sql| Stmt::any(sql, vec![])).collect();
    world.db.commit(batch).await.expect("the database is changed behind the desk");
}

fn witness(findings: &Findings) -> Witness {
    let seal = &findings.last.as_ref().expect("a seal").seal;
    Witness { seq: seal.seq, digest: seal.digest() }
}

/// What is done behind the desk's back, and a word that the findings must hold.
const FORGERIES: &[(&str, &[&str], &str)] = &[
    ("an actor", &["UPDATE notes SET actor = 'eve' WHERE seq = 2"], "was altered"),
    ("an outcome", &["UPDATE notes SET fact = 'upheld' WHERE seq = 3"], "was altered"),
    (
        "a word of a customer",
        &["UPDATE notes SET content = salt WHERE seq = 1"],
        "content of note 1",
    ),
    ("a note removed", &["DELETE FROM notes WHERE seq = 2"], "is missing"),
    ("a tail cut", &["DELETE FROM notes WHERE seq = 3"], "was sealed and is gone"),
    (
        "a tail cut and the case with it",
        &[
            "DELETE FROM notes WHERE seq = 3",
            "UPDATE cases SET head_seq = 2, head_digest = (SELECT digest FROM notes
             WHERE notes.case_id = cases.id AND notes.seq = 2) WHERE head_seq = 3",
        ],
        "was sealed and is gone",
    ),
    (
        "a case removed with its history",
        &[
            "DELETE FROM notes WHERE case_id IN (SELECT id FROM cases WHERE refid = 'A-1')",
            "DELETE FROM cases WHERE refid = 'A-1'",
        ],
        "was sealed and is gone",
    ),
    (
        "a case removed with its history and its seal's heads",
        &[
            "DELETE FROM seal_heads WHERE case_id IN (SELECT id FROM cases WHERE refid = 'A-1')",
            "DELETE FROM notes WHERE case_id IN (SELECT id FROM cases WHERE refid = 'A-1')",
            "DELETE FROM cases WHERE refid = 'A-1'",
        ],
        "its heads are not the ones that were sealed",
    ),
    ("a case without its history", &["DELETE FROM cases WHERE refid = 'A-2'"], "has no case"),
    (
        "a case's stage",
        &["UPDATE cases SET stage = 'closed', stage_fact = 'settled' WHERE refid = 'A-1'"],
        "its stage is not what its history says",
    ),
    (
        "whom to tell",
        &["UPDATE cases SET addresses = 'eve@example.test' WHERE refid = 'A-2'"],
        "its list of addresses is not what its history says",
    ),
    (
        "an outcome of the row",
        &["UPDATE cases SET outcome = 'upheld' WHERE refid = 'A-1'"],
        "its outcome is not what its history says",
    ),
    (
        "a time of receipt",
        &["UPDATE cases SET received_at = received_at + 1 WHERE refid = 'A-2'"],
        "its time of receipt is not what its history says",
    ),
    (
        "a channel",
        &["UPDATE cases SET channel = 'letter' WHERE refid = 'A-2'"],
        "its channel is not what its history says",
    ),
    (
        "a language",
        &["UPDATE cases SET language = 'en' WHERE refid = 'A-2'"],
        "its language is not what its history says",
    ),
    ("a seal's time", &["UPDATE seals SET at = at + 1"], "the signature is not ours"),
    ("a seal's signer", &["UPDATE seals SET signer = 'audit-9'"], "not held here"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_forgery_is_found() {
    for kind in BOTH {
        let clean = walk(&sealed_world(kind).await, None).await;
        assert_eq!((clean.cases, clean.notes, clean.flaws), (2, 5, 0), "{:?}", clean.listed);
        assert_eq!(clean.unsealed, 0);
        for (what, sql, word) in FORGERIES {
            let world = sealed_world(kind).await;
            change(&world, sql).await;
            let found = walk(&world, None).await;
            let said = found.listed.join("; ");
            assert!(said.contains(word), "{what} on {kind:?}: {said:?} says nothing of {word:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_written_anew_does_not_fit_its_seal() {
    for kind in BOTH {
        let world = sealed_world(kind).await;
        let all = store::read::audit::all_notes(&world.db, "", 0).await.expect("the notes");
        let last = all.iter().rfind(|kept| kept.note.seq == 3).expect("a third note");
        let mut note = last.note.clone();
        note.fact = "upheld".into();
        let digest = note.digest();
        let forge = |sql: &'static str| {
            let values = vec![note.case.as_str().into(), digest.as_slice().into()];
            Stmt::one(sql, values, "forged")
        };
        let batch = vec![
            forge("UPDATE notes SET fact = 'upheld', digest = ?2 WHERE case_id = ?1 AND seq = 3"),
            forge("UPDATE cases SET stage_fact = 'upheld', head_digest = ?2 WHERE id = ?1"),
        ];
        world.db.commit(batch).await.expect("the forgery");
        let found = walk(&world, None).await;
        assert!(found.listed.join("; ").contains("another one now"), "{:?}", found.listed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_lacks_the_seal_that_was_kept_outside() {
    for kind in BOTH {
        let mut world = sealed_world(kind).await;
        let old = walk(&world, None).await;
        let page = "report app A-3\n";
        teststand::story::tell(&mut world, page).await;
        world.desk.seal_once().await.expect("a seal").expect("something to seal");
        let new = walk(&world, None).await;
        assert!(walk(&world, Some(witness(&new))).await.clean());
        assert!(walk(&world, Some(witness(&old))).await.clean(), "an older seal is in it too");
        change(
            &world,
            &[
                "DELETE FROM seal_heads WHERE seal = 2",
                "DELETE FROM seals WHERE seq = 2",
                "DELETE FROM notes WHERE case_id IN (SELECT id FROM cases WHERE refid = 'A-3')",
                "DELETE FROM cases WHERE refid = 'A-3'",
            ],
        )
        .await;
        assert!(walk(&world, None).await.clean(), "from inside an old copy looks whole");
        let found = walk(&world, Some(witness(&new))).await;
        assert!(found.listed.join("; ").contains("old copy"), "{:?}", found.listed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_content_leaves_the_chain_whole() {
    for kind in BOTH {
        let world = sealed_world(kind).await;
        change(&world, &["UPDATE notes SET content = NULL, salt = NULL WHERE seq = 1"]).await;
        let found = walk(&world, None).await;
        assert!(found.clean(), "{:?}", found.listed);
        assert_eq!(found.erased, 2, "and it is counted");
    }
}

/// What was administered is under the same seals: a tail that is cut, or a whole history that is
/// written anew with a chain of its own, does not fit them.
#[tokio::test(flavor = "multi_thread")]
async fn administration_is_sealed_too() {
    for kind in BOTH {
        for (what, sql) in [
            ("a tail cut", "DELETE FROM admin_history WHERE seq = 2"),
            ("all of it", "DELETE FROM admin_history"),
            ("another entry", "UPDATE admin_history SET digest = previous WHERE seq = 2"),
        ] {
            let world = sealed_world(kind).await;
            world.queue("one").await;
            world.queue("two").await;
            let seal = world.desk.seal_once().await.expect("asked").expect("a seal");
            assert_eq!(seal.seal.heads, 1, "one account, no case");
            assert!(world.desk.seal_once().await.expect("asked").is_none(), "nothing is left");
            assert!(walk(&world, None).await.clean(), "{kind:?}");
            world.db.commit(vec![Stmt::any(sql, vec![])]).await.expect("forged");
            let found = walk(&world, None).await.listed.join("; ");
            assert!(found.contains("entry 2 was sealed and is gone"), "{what} {kind:?}: {found}");
        }
        let world = sealed_world(kind).await;
        world.queue("one").await;
        world.desk.seal_once().await.expect("asked").expect("a seal");
        change(&world, &["DELETE FROM admin_seal_heads"]).await;
        let found = walk(&world, None).await.listed.join("; ");
        assert!(found.contains("its heads are not the ones"), "{found}");
        while world.desk.number_feed_once().await.expect("numbered") > 0 {}
        assert_eq!(world.desk.feed_lag().await.expect("a lag").0, 0, "{kind:?}");
        assert_eq!(world.desk.search_lag().await.expect("a lag").0, 1, "only the cases' seal");
    }
}

/// What stands in rows of their own beside a history that tells of it, as above.
const BESIDE: &[(&str, &[&str], &str)] = &[
    ("a link cut", &["DELETE FROM case_links WHERE kind = 'parent'"], "list of links"),
    ("a link of another kind", &["UPDATE case_links SET kind = 'related'"], "list of links"),
    (
        "a link made",
        &["INSERT INTO case_links (scope, case_id, other_id, kind, at)
           SELECT scope, case_id, other_id, 'duplicate', at FROM case_links
           WHERE kind = 'parent'"],
        "list of links",
    ),
    (
        "a proposal taken over",
        &["UPDATE cases SET proposed_by = 'eve' WHERE proposal = 'refund'"],
        "its proposal is not",
    ),
    (
        "a proposal made",
        &["UPDATE cases SET proposal = 'refund', proposed_by = 'eve' WHERE refid = 'A-2'"],
        "its proposal is not",
    ),
];

const TIED: &str = "act agent ann 1 reopen
act agent ann 1 propose refund
act agent ann 1 link parent 2
act agent ann 2 merge 1
act agent ann 1 split says more
";

#[tokio::test(flavor = "multi_thread")]
async fn links_and_proposals_are_held_against_the_histories() {
    for kind in BOTH {
        for (what, sql, word) in BESIDE {
            let mut world = World::new(kind, 12).await;
            for refid in ["A-1", "A-2"] {
                world.pay(world.scope, refid, PaymentStatus::Successful).await;
            }
            let told = teststand::story::tell(&mut world, &format!("{STORY}{TIED}")).await;
            assert!(walk(&world, None).await.clean(), "{told}");
            change(&world, sql).await;
            let said = walk(&world, None).await.listed.join("; ");
            assert!(said.contains(word), "{what} on {kind:?}: {said:?} says nothing of {word:?}");
        }
    }
}
