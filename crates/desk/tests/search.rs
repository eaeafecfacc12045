//! Searching on both engines: the same cases as a plain scan with the same words finds, in the same
//! order; kept up, built anew and taken away while it answers; never another account's.

use std::collections::BTreeSet;

use desk::execute::Order;
use desk::search::{SearchAnswer, SearchAsk};
use domain::case::{ActOrder, Ask, ByHand, Command, Outcome as Verdict, PaymentRef, Report};
use domain::changes::{Change, Changes, Outcome};
use domain::ids::CaseId;
use domain::payment::PaymentStatus;
use domain::search::{Field, Page, Question};
use domain::{Actor, Env, Millis, Role, Scope};
use store::engine::Stmt;
use teststand::engines::BOTH;
use teststand::narratives::{OURS, narratives};
use teststand::world::World;

/// Texts searched through: enough for words that are rare and words that are everywhere.
const TEXTS: usize = 60;

async fn report(world: &World, scope: Scope, refid: &str, says: &str) -> CaseId {
    world.pay(scope, refid, PaymentStatus::Successful).await;
    let report = Report {
        payment: PaymentRef::Refid(refid.into()),
        addresses: vec![format!("buyer.{refid}@example.test")],
        says: says.into(),
        category: "voucher".into(),
    };
    let by = Actor { scope, ..world.actor(Role::Client, "app") };
    let order = Order { by, command: Command::Report(report), key: None, nonce: None };
    match world.desk.execute(&order).await.expect("a case").outcome {
        Outcome::Reported { case, .. } => case,
        other => panic!("{other:?}"),
    }
}

async fn act(world: &World, case: &CaseId, ask: Ask, says: &str) {
    let act = ActOrder { case: case.clone(), ask, says: says.into(), version: None };
    let by = world.actor(Role::Agent, "ann");
    let order = Order { by, command: Command::Act(act), key: None, nonce: None };
    world.desk.execute(&order).await.expect("an act");
}

async fn index(world: &World) {
    while world.desk.index_once().await.expect("a step") > 0 {}
}

fn ask(text: &str) -> SearchAsk {
    let (from, to, after) = (None, None, None);
    let text = Some(text.to_owned());
    SearchAsk { text, fields: Vec::new(), from, to, after, limit: 50, facets: false }
}

async fn answer(world: &World, ask: &SearchAsk) -> SearchAnswer {
    let by = world.actor(Role::Agent, "ann");
    world.desk.search(&by, ask).await.expect("an answer")
}

/// All pages, a few at a time.
async fn ids(world: &World, ask: &SearchAsk) -> Vec<CaseId> {
    let mut ask = SearchAsk { limit: 7, ..ask.clone() };
    let mut all = Vec::new();
    loop {
        let page = answer(world, &ask).await;
        all.extend(page.found.into_iter().map(|found| found.case.id));
        match page.next {
            Some(next) => ask.after = Some(next),
            None => return all,
        }
    }
}

fn page(case: &CaseId, refid: &str, says: &str) -> BTreeSet<String> {
    let address = format!("buyer.{refid}@example.test");
    let trxid = format!("T-{refid}");
    let references = [case.as_str(), refid, &trxid, &address, "220001234513"];
    Page {
        texts: vec![format!("voucher\n{says}"), "tnb".into(), "TNB".into()],
        references: references.map(str::to_owned).to_vec(),
        fields: vec![(Field::Stage, "received".into()), (Field::Refid, refid.into())],
    }
    .tokens()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_find_what_a_plain_scan_finds() {
    let texts = narratives(TEXTS);
    let mut asked: Vec<String> = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let words: Vec<&str> = text.split_whitespace().collect();
        let at = |step: usize| words[(number * 7 + step) % words.len()];
        asked.push(match number % 4 {
            0 => at(0).to_owned(),
            1 => format!("{} ", at(1)),
            2 => format!("{} {}", at(0), at(9)),
            _ => at(3).chars().take(2).collect(),
        });
    }
    let more = ["R-00", "r 0012", "buyer.R-0003@example.test", "2200-0123", "bills", "membayar"];
    asked.extend(more.map(str::to_owned));
    asked
        .extend(["'", "\"", "a\" OR \"b", "!(", "*", ":*", "\\", "", "voucher"].map(str::to_owned));
    let mut both = Vec::new();
    for kind in BOTH {
        let world = World::new(kind, 5).await;
        let mut pages = Vec::new();
        for (number, says) in texts.iter().enumerate() {
            world.clock.tick(Millis(1));
            let refid = format!("R-{number:04}");
            let case = report(&world, world.scope, &refid, says).await;
            pages.push((case.clone(), page(&case, &refid, says)));
        }
        index(&world).await;
        let mut answers = Vec::new();
        for text in &asked {
            let question = Question::new(Some(text), &[]).expect("a short text");
            let scan: Vec<CaseId> = pages
                .iter()
                .rev()
                .filter(|(_, page)| question.fits(page))
                .map(|(case, _)| case.clone())
                .collect();
            let found = ids(&world, &ask(text)).await;
            assert_eq!(found, scan, "{text:?} on {kind:?}");
            answers.push(found);
        }
        assert!(answers.iter().filter(|found| found.len() > 7).count() > 5, "too few hits");
        both.push(answers);
    }
    assert_eq!(both[0], both[1], "the engines differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_found_as_it_stands() {
    for kind in BOTH {
        let world = World::new(kind, 6).await;
        let case = report(&world, world.scope, "A-1", OURS[0]).await;
        report(&world, world.scope, "A-2", OURS[1]).await;
        index(&world).await;
        act(&world, &case, Ask::Comment { to_customer: false }, "the biller confirmed it").await;
        // Sealed between: what is taken from seals and what is fresh must not be taken twice.
        while world.desk.seal_once().await.expect("a seal").is_some() {}
        index(&world).await;
        act(&world, &case, Ask::Resolve { outcome: Verdict::Upheld }, "").await;
        // Behind: what was indexed does not answer any more and is not shown.
        let stage = |stage: &str| SearchAsk {
            text: None,
            fields: vec![(Field::Stage, stage.into())],
            ..ask("")
        };
        assert_eq!(ids(&world, &stage("received")).await.len(), 1, "{kind:?}");
        let lag = world.desk.search_lag().await.expect("a lag");
        assert_eq!(lag, (0, Millis(0)), "the clock stands still");
        world.clock.tick(Millis::seconds(3));
        assert_eq!(world.desk.search_lag().await.expect("a lag").1, Millis::seconds(3));
        index(&world).await;
        assert_eq!(world.desk.search_lag().await.expect("a lag").1, Millis(0));
        assert_eq!(ids(&world, &stage("resolved")).await, std::slice::from_ref(&case), "{kind:?}");
        let found = answer(&world, &SearchAsk { facets: true, ..ask("confirming payments") }).await;
        let excerpt = &found.found[0].excerpts[0];
        assert_eq!((excerpt.place, excerpt.seq, excerpt.parts[0].hit), ("text", Some(1), false));
        let counts = found.counts.expect("counts");
        assert_eq!((counts.count, counts.more), (1, false));
        let facets: Vec<_> = counts.facets.iter().filter(|(_, list)| !list.is_empty()).collect();
        let said: Vec<String> =
            facets.iter().map(|(name, list)| format!("{name} {}", list[0].0)).collect();
        let expected = [
            "stage resolved",
            "outcome upheld",
            "queue intake",
            "channel app",
            "provider tnb",
            "product TNB",
        ];
        assert_eq!(said, expected, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_built_anew_while_it_answers() {
    for kind in BOTH {
        let world = World::new(kind, 7).await;
        let mut cases = Vec::new();
        for number in 0..30 {
            cases.push(report(&world, world.scope, &format!("A-{number}"), OURS[0]).await);
        }
        index(&world).await;
        // Damaged: half of it is gone.
        let sql = "DELETE FROM search_docs WHERE doc % 2 = 0";
        world.db.commit(vec![Stmt::any(sql, vec![])]).await.expect("the index is damaged");
        while world.desk.seal_once().await.expect("a seal").is_some() {}
        assert_eq!(ids(&world, &ask("electricity")).await.len(), 15, "{kind:?}");
        let by = Actor::operator(world.scope);
        assert_eq!(world.desk.rebuild_search(&by, None).await.expect("it begins"), (2, false));
        assert_eq!(world.desk.rebuild_search(&by, None).await.expect("it goes on"), (2, false));
        let begun = world.desk.search_progress(&by).await.expect("progress");
        assert!(begun.building && begun.generation == 1, "{begun:?}");
        cases.push(report(&world, world.scope, "A-during", OURS[0]).await);
        index(&world).await;
        let done = world.desk.search_progress(&by).await.expect("progress");
        assert!(!done.building && done.generation == 2, "{done:?}");
        let mut expected = cases.clone();
        expected.sort();
        let mut found = ids(&world, &ask("electricity")).await;
        found.sort();
        assert_eq!(found, expected, "{kind:?}");
        world.clock.tick(Millis::minutes(2));
        index(&world).await;
        let left = world.db.one("SELECT COUNT(*) FROM search_docs", vec![]).await;
        assert_eq!(left.expect("a count").expect("a row").int(0).expect("a number"), 31);
        let agent = world.actor(Role::Agent, "ann");
        assert!(world.desk.rebuild_search(&agent, None).await.is_err(), "agents may not");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_what_is_anothers_or_sealed() {
    for kind in BOTH {
        let world = World::new(kind, 8).await;
        let staging = Scope::new(world.scope.tenant(), Env::Staging);
        let draft = desk::accounts::TenantDraft {
            slug: "sealed".into(),
            name: "Sealed".into(),
            email: "desk@sealed.test".into(),
            seal_narratives: true,
        };
        let other = world.desk.add_tenant(draft).await.expect("a tenant").expect("a new one");
        let other = Scope::new(other.id, Env::Production);
        let ours = report(&world, world.scope, "A-1", OURS[0]).await;
        let test = report(&world, staging, "A-1", OURS[0]).await;
        let sealed = report(&world, other, "A-1", OURS[0]).await;
        index(&world).await;
        for (scope, text, expected) in [
            (world.scope, "electricity", Some(&ours)),
            (world.scope, "A-1", Some(&ours)),
            (world.scope, test.as_str(), None),
            (staging, "electricity", Some(&test)),
            (other, "electricity", None),
            (other, "A-1", Some(&sealed)),
        ] {
            for after in [None, Some(&ours), Some(&test), Some(&sealed)] {
                let by = Actor { scope, ..world.actor(Role::Agent, "ann") };
                let ask = SearchAsk { after: after.cloned(), facets: true, ..ask(text) };
                let answer = world.desk.search(&by, &ask).await.expect("an answer");
                let found: Vec<&CaseId> = answer.found.iter().map(|one| &one.case.id).collect();
                let expected = if after.is_none() { expected } else { None };
                assert_eq!(found, Vec::from_iter(expected), "{text} after {after:?} on {kind:?}");
                let counted = answer.counts.expect("counts").count;
                assert_eq!(counted, usize::from(expected.is_some()), "{text} on {kind:?}");
            }
        }
        // A merchant finds its references, and not what is said inside.
        let by = world.actor(Role::Merchant, "shop");
        for (text, many) in [("electricity", 0), ("a-1", 1)] {
            let answer = world.desk.search(&by, &ask(text)).await.expect("an answer");
            assert_eq!(answer.found.len(), many, "{text}");
            assert!(answer.found.iter().all(|one| one.excerpts[0].place == "refid"));
        }
        let change = Change::SearchForgotten { case: ours };
        let mut changes = Changes::none(world.scope, world.desk.now());
        changes.list.push(change);
        store::commit(&world.db, &changes).await.expect("it is forgotten");
        assert!(ids(&world, &ask("electricity")).await.is_empty(), "{kind:?}");
    }
}

/// Who of the staff has a case is nothing that a merchant may ask, and how a text is kept is
/// nothing that anybody finds.
#[tokio::test(flavor = "multi_thread")]
async fn neither_staff_nor_the_form_of_a_note_is_found() {
    for kind in BOTH {
        let world = World::new(kind, 12).await;
        let by_hand = ByHand { says: "She paid twice".into(), ..ByHand::empty() };
        let by = world.actor(Role::Agent, "ann");
        let order = Order { by, command: Command::Open(by_hand), key: None, nonce: None };
        world.desk.execute(&order).await.expect("a case");
        index(&world).await;
        assert_eq!(answer(&world, &ask("paid twice")).await.found.len(), 1, "{kind:?}");
        assert_eq!(answer(&world, &ask("category")).await.found.len(), 0, "{kind:?}");
        let merchant = world.actor(Role::Merchant, "shop");
        for field in [Field::Assignee, Field::Through] {
            let of = SearchAsk { fields: vec![(field, "ann".into())], text: None, ..ask("") };
            assert!(world.desk.search(&merchant, &of).await.is_err(), "{kind:?} {field:?}");
        }
    }
}

/// Whoever may not know who a customer is learns nothing by guessing either: not from what is
/// found, how much there is, or how it is counted.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_persons_nothing_personal_is_matched() {
    for kind in BOTH {
        let world = World::new(kind, 11).await;
        let case = report(&world, world.scope, "A-1", "I was charged twice").await;
        index(&world).await;
        let developer = world.actor(Role::Developer, "dev");
        for (text, may_find) in [
            ("buyer.A-1@example.test", false),
            ("buyer", false),
            ("b", false),
            ("220001234513", false),
            ("2200", false),
            ("charged", false),
            ("A-1 buyer", false),
            ("A-", true),
            ("T-A-1", true),
            (case.as_str(), true),
            (&case.as_str()[..8], true),
        ] {
            let ask = SearchAsk { facets: true, ..ask(text) };
            let found = world.desk.search(&developer, &ask).await.expect("an answer");
            let count = found.counts.expect("counts").count;
            let expected = usize::from(may_find);
            assert_eq!((found.found.len(), count), (expected, expected), "{text} on {kind:?}");
            assert!(found.found.iter().all(|one| !one.excerpts.is_empty()), "{text}");
            let staff = answer(&world, &ask).await;
            assert_eq!(staff.found.len(), 1, "{text} is there on {kind:?}");
        }
        for field in [Field::Address, Field::Account, Field::Customer] {
            let fields = vec![(field, "220001234513".to_owned())];
            let ask = SearchAsk { text: None, fields, ..ask("") };
            let refused = world.desk.search(&developer, &ask).await.expect_err("personal");
            assert!(format!("{refused:?}").contains("ReadPersonal"), "{refused:?}");
        }
    }
}
