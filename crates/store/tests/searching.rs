//! The search index against a plain scan with the same tokens, on both engines: few and many hits,
//! in one stretch of cases and in many, from any place and between any times. Numbers are chosen
//! so that every way to the hits is taken.

use std::collections::BTreeSet;

use domain::ids::CaseId;
use domain::search::{Field, Page, Question};
use domain::{Env, Instant, Millis, Scope, TenantId};
use store::engine::Db;
use store::migrate::MIGRATIONS;
use store::search::{self as index, Entry, Wanted};
use teststand::dice::Seeded;
use teststand::engines::{BOTH, fresh};
use teststand::world::BEGINNING;

/// Cases: more than are looked at one by one, and fewer than make the test slow.
const CASES: usize = 1_200;

/// The newest stand side by side, the others each some way from the next.
const APART: i64 = 900;

const SCOPES: [Scope; 2] =
    [Scope::new(TenantId(1), Env::Staging), Scope::new(TenantId(2), Env::Production)];

/// A text in which words are common, less common, and rare.
fn says(number: usize, dice: &mut Seeded) -> String {
    let mut words = vec!["the".to_owned()];
    for one_in in [2, 5, 12, 40, 300] {
        if dice.below(one_in) == 0 {
            words.push(format!("word{one_in}"));
        }
    }
    words.push(["payment", "paid", "parcel", "bill"][dice.below(4)].to_owned());
    words.push(format!("only{number}"));
    words.join(" ")
}

fn entries(dice: &mut Seeded) -> Vec<Entry> {
    let mut list = Vec::new();
    let mut at = BEGINNING;
    let end = 1_i64 << 29;
    for number in 0..CASES {
        at = at.plus(Millis(1_000));
        let scope = SCOPES[usize::from(number % 10 == 0)];
        let place = i64::try_from(number).expect("a small number");
        let back = i64::try_from(CASES).expect("a small number") - place;
        let gap = if back > 500 { 500 + (back - 500) * APART } else { back };
        let page = Page {
            texts: vec![says(number, dice)],
            references: vec![format!("R-{number:05}")],
            fields: vec![(Field::Queue, format!("team-{}", number % 7))],
        };
        list.push(Entry {
            doc: ((1_i64 << 28 | scope.number()) << 29) + end - 1 - gap,
            known: false,
            generation: 1,
            scope,
            case: CaseId::new(at, dice),
            head: 1,
            opened_at: at,
            facets: std::array::from_fn(|_| String::new()),
            tokens: page.tokens(),
        });
    }
    list
}

fn questions() -> Vec<Question> {
    let mut texts: Vec<String> = [
        "the ",
        "word2 ",
        "word5 ",
        "word12 ",
        "word40 ",
        "word300 ",
        "pa",
        "the pa",
        "word5 pa",
        "word40 pa",
        "word300 pa",
        "word2 word5 word12 p",
        "word40 word300 pay",
        "only77 pa",
        "only7",
        "R-00",
        "the R-001",
        "R-00555",
        "nowhere pa",
        "nowhere ",
        "word",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend((0..CASES).step_by(97).map(|number| format!("only{number} b")));
    let queue = [(Field::Queue, "team-3".to_owned())];
    let read = |text: Option<&str>, fields: &[_]| Question::new(text, fields).expect("short");
    let mut all: Vec<Question> = texts.iter().map(|text| read(Some(text), &[])).collect();
    all.extend(texts.iter().take(13).map(|text| read(Some(text), &queue)));
    all.extend([read(None, &[]), read(None, &queue)]);
    all
}

async fn found(db: &Db, wanted: &Wanted<'_>) -> Vec<String> {
    let hits = index::find(db, wanted).await.expect("an answer");
    hits.into_iter().map(|hit| hit.case.as_str().to_owned()).collect()
}

fn scanned(entries: &[Entry], wanted: &Wanted<'_>) -> Vec<String> {
    let mut fitting: Vec<&Entry> = entries
        .iter()
        .filter(|one| one.scope == wanted.scope)
        .filter(|one| (wanted.from..wanted.to).contains(&one.opened_at))
        .filter(|one| wanted.question.fits(&one.tokens))
        .collect();
    fitting.sort_by_key(|one| std::cmp::Reverse(one.doc));
    let after = wanted.after.map(|case| {
        let of = entries.iter().find(|one| one.case == *case && one.scope == wanted.scope);
        of.map_or(i64::MIN, |one| one.doc)
    });
    let behind = fitting.into_iter().filter(|one| after.is_none_or(|doc| one.doc < doc));
    behind.take(wanted.hits_max).map(|one| one.case.as_str().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_finds_what_a_plain_scan_finds() {
    let mut dice = Seeded::new(41);
    let entries = entries(&mut dice);
    let buckets: BTreeSet<i64> = entries.iter().map(|one| one.doc >> 14).collect();
    assert!(buckets.len() > 40, "too few buckets: {}", buckets.len());
    let all_time = (Instant::from_millis(i64::MIN), Instant::from_millis(i64::MAX));
    let at = |share: usize| entries[CASES * share / 10].opened_at;
    let times = [all_time, (at(1), at(2)), (at(5), all_time.1)];
    let afters =
        [None, Some(CASES / 6 + 1), Some(CASES - 59)].map(|one| one.map(|n| &entries[n].case));
    for kind in BOTH {
        let dir = tempfile::tempdir().expect("a directory");
        let db = Db::open(&fresh(kind, dir.path()).await).await.expect("it opens");
        db.migrate(MIGRATIONS, BEGINNING).await.expect("the schema is built");
        let state = index::state(&db).await.expect("a state");
        assert!(index::keep(&db, &state, &entries).await.expect("it is written"));
        // The same rows again, by a node that did not see it: nothing is written twice.
        let late = index::State { version: state.version + 1, ..state.clone() };
        assert!(!index::keep(&db, &state, &[]).await.expect("it looks again"));
        if kind == store::engine::EngineKind::Postgres {
            assert!(!index::keep(&db, &late, &entries[..1]).await.expect("it looks again"));
        }
        index::settle(&db).await.expect("it settles");
        let mut many = 0;
        for question in &questions() {
            for (turn, (from, to)) in times.into_iter().enumerate() {
                let after = afters[turn];
                for hits_max in [1, 21, 2_001] {
                    let scope = SCOPES[usize::from(turn == 2 && hits_max == 21)];
                    let wanted = Wanted { scope, question, after, from, to, hits_max };
                    let scan = scanned(&entries, &wanted);
                    many += scan.len();
                    assert_eq!(found(&db, &wanted).await, scan, "{wanted:?} on {kind:?}");
                }
            }
        }
        assert!(many > 5_000, "too few hits: {many}");
    }
}
