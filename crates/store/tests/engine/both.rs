//! What both engines must do alike: values, guards, limits, snapshots, groups.

use super::support::{Stand, on_both};
use store::engine::{CommitError, Db, Query, Row, Stmt, Value};
use tokio::task::JoinSet;

const OPEN: &str = "INSERT INTO accounts (id, version, balance) VALUES (?1, 1, ?2)
    ON CONFLICT DO NOTHING";
const MOVE: &str = "UPDATE accounts SET version = ?2, balance = balance + ?3
    WHERE id = ?1 AND version = ?2 - 1";
const ADD: &str = "UPDATE accounts SET balance = balance + ?2 WHERE id = ?1";
const FIND: &str = "SELECT version, balance FROM accounts WHERE id = ?1";
const COUNT: &str = "SELECT COUNT(*) FROM accounts";
const NOTE: &str = "INSERT INTO notes (id, account, number, words, picture)
    VALUES (?1, ?2, ?3, ?4, ?5)";
const NOTES: &str = "SELECT id, account, number, words, picture FROM notes ORDER BY id";

fn open(id: &str, balance: i64) -> Stmt {
    Stmt::one(OPEN, [id.into(), balance.into()], "open")
}

fn add(id: &str, amount: i64) -> Stmt {
    Stmt::one(ADD, [id.into(), amount.into()], "add")
}

async fn balance(db: &Db, id: &str) -> Option<i64> {
    db.one(FIND, [id.into()]).await.unwrap().map(|row| row.int(1).unwrap())
}

fn missed(answer: &Result<Vec<Vec<Row>>, CommitError>) -> Option<&'static str> {
    match answer {
        Err(CommitError::Missed { tag }) => Some(tag),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_as_they_went() {
    on_both("values", async |stand: &Stand| {
        let db = &stand.db;
        let rows: [[Value; 5]; 4] = [
            [1.into(), Value::Null, Value::Null, Value::Null, Value::Null],
            [2.into(), Value::Null, i64::MIN.into(), "".into(), b"".into()],
            [3.into(), Value::Null, i64::MAX.into(), "né à 中 \u{1F600} 'q' ?1 $1".into(), {
                let all: Vec<u8> = (0..=255).collect();
                all.into()
            }],
            [
                4.into(),
                Value::Null,
                true.into(),
                "x".repeat(300_000).into(),
                vec![7; 300_000].into(),
            ],
        ];
        let batch = rows.iter().map(|row| Stmt::one(NOTE, row.clone(), "note")).collect();
        db.commit(batch).await.unwrap();
        let back = db.rows(NOTES, []).await.unwrap();
        assert_eq!(back.len(), rows.len(), "{}", stand.name);
        for (row, back) in rows.iter().zip(&back) {
            for (i, value) in row.iter().enumerate() {
                assert_eq!(back.value(i).unwrap(), value, "{} {row:?}", stand.name);
            }
        }
        assert!(back[3].flag(2).unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_first_does_not_fix_a_type() {
    on_both("null_first", async |stand: &Stand| {
        let null = || Value::Null;
        let rows: [[Value; 5]; 3] = [
            [1.into(), null(), null(), null(), null()],
            [2.into(), null(), (1_i64 << 40).into(), "w".into(), vec![1].into()],
            [3.into(), null(), null(), "v".into(), null()],
        ];
        for row in rows {
            stand.db.commit(vec![Stmt::one(NOTE, row, "note")]).await.unwrap();
        }
        const EITHER: &str = "SELECT id FROM notes WHERE ?1 IS NULL OR number = ?1 ORDER BY id";
        let all = stand.db.rows(EITHER, [null()]).await.unwrap();
        let one = stand.db.rows(EITHER, [(1_i64 << 40).into()]).await.unwrap();
        assert_eq!((all.len(), one.len()), (3, 1), "{}", stand.name);
        const LESS: &str = "SELECT id FROM notes WHERE number = ?1 - 1";
        assert!(stand.db.rows(LESS, [null()]).await.unwrap().is_empty());
        let one = stand.db.rows(LESS, [((1_i64 << 40) + 1).into()]).await.unwrap();
        assert_eq!(one.len(), 1, "{}", stand.name);
        const GUESS: &str = "SELECT COALESCE(?1, ?2)";
        let row = stand.db.one(GUESS, [null(), null()]).await.unwrap().unwrap();
        assert_eq!(row.opt_text(0).unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_go_by_number() {
    on_both("placeholders", async |stand: &Stand| {
        const BACKWARDS: &str = "UPDATE accounts SET balance = ?2 WHERE id = ?1";
        const LITERAL: &str = "SELECT ?2 || 'really?' || ?1 WHERE 1 = ?3";
        stand.db.commit(vec![open("a", 5)]).await.unwrap();
        let moved = Stmt::one(BACKWARDS, ["a".into(), 9.into()], "set");
        stand.db.commit(vec![moved]).await.unwrap();
        assert_eq!(balance(&stand.db, "a").await, Some(9), "{}", stand.name);
        let row = stand.db.one(LITERAL, ["1".into(), "2".into(), 1.into()]).await.unwrap().unwrap();
        assert_eq!(row.text(0).unwrap(), "2really?1", "{}", stand.name);
        // A 64-bit value beside a subtraction, which PostgreSQL alone would read as 32-bit.
        let big = 1_i64 << 40;
        const VERSION: &str = "UPDATE accounts SET version = ?2 WHERE id = ?1";
        stand.db.commit(vec![Stmt::one(VERSION, ["a".into(), big.into()], "v")]).await.unwrap();
        let moved = Stmt::one(MOVE, ["a".into(), (big + 1).into(), 1.into()], "version");
        stand.db.commit(vec![moved]).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_sorts_by_its_bytes() {
    on_both("sorts", async |stand: &Stand| {
        let sorted = ["", "A", "Z", "_", "a", "a b", "a-b", "aB", "ab", "é", "中"];
        let batch = sorted.iter().rev().map(|id| open(id, 0)).collect();
        stand.db.commit(batch).await.unwrap();
        let rows = stand.db.rows("SELECT id FROM accounts ORDER BY id", []).await.unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(ids, sorted, "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_can_be_checked_without_running_it() {
    on_both("checked", async |stand: &Stand| {
        for sql in [OPEN, MOVE, ADD, FIND, COUNT, NOTE, NOTES, "SELECT 1 WHERE ?1 IS NULL"] {
            stand.db.check(sql).await.unwrap();
        }
        for sql in ["SELECT nothing FROM accounts", "SELECT id FROM nowhere", "SELEKT 1"] {
            assert!(stand.db.check(sql).await.is_err(), "{} {sql}", stand.name);
        }
        assert!(stand.db.rows(NOTES, []).await.unwrap().is_empty(), "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_guard_undoes_its_whole_batch() {
    on_both("missed", async |stand: &Stand| {
        let db = &stand.db;
        db.commit(vec![open("a", 5)]).await.unwrap();
        for (batch, tag) in [
            (vec![open("b", 1), add("a", 1), add("nobody", 1)], "add"),
            (vec![open("b", 1), open("a", 1)], "open"),
            (vec![add("nobody", 1), open("b", 1)], "add"),
            (vec![Stmt::one("UPDATE accounts SET version = 9", [], "all"), open("b", 1)], ""),
        ] {
            let alone = db.bulk(None, batch.clone()).await;
            let together = db.commit(batch).await;
            if tag.is_empty() {
                assert!(alone.is_ok() && missed(&together) == Some("all"), "{}", stand.name);
                continue;
            }
            assert_eq!((missed(&alone), missed(&together)), (Some(tag), Some(tag)));
            assert_eq!(balance(db, "a").await, Some(5), "{}", stand.name);
            assert_eq!(balance(db, "b").await, None, "{}", stand.name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_check_comes_back_by_name() {
    on_both("check", async |stand: &Stand| {
        let db = &stand.db;
        db.commit(vec![open("a", 5)]).await.unwrap();
        for batch in [vec![add("a", -6)], vec![open("b", 1), add("a", 1), add("a", -7)]] {
            match db.commit(batch).await {
                Err(CommitError::Limit { name }) => assert_eq!(name, "no_overdraft"),
                other => panic!("{}: {other:?}", stand.name),
            }
        }
        assert_eq!((balance(db, "a").await, balance(db, "b").await), (Some(5), None));
        assert_eq!(db.stats().refused, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_statement_breaks_its_own_batch_only() {
    on_both("wrong", async |stand: &Stand| {
        let db = &stand.db;
        db.commit(vec![open("a", 5)]).await.unwrap();
        let null = || Value::Null;
        for (wrong, values) in [
            ("INSERT INTO nowhere (id) VALUES (?1)", vec![1.into()]),
            ("INSERT INTO accounts (id) VALUES (?1", vec!["x".into()]),
            (ADD, vec!["a".into()]),
            (ADD, vec!["a".into(), 1.into(), 1.into()]),
            ("INSERT INTO accounts (id, version, balance) VALUES (?1, 1, 1)", vec!["a".into()]),
            (
                "INSERT INTO accounts (id, version, balance) VALUES (?1, ?2, 1)",
                vec!["n".into(), null()],
            ),
            (NOTE, vec![1.into(), "no such account".into(), null(), null(), null()]),
            ("INSERT INTO notes (id, number) VALUES (?1, ?2)", vec![1.into(), "text".into()]),
            ("UPDATE accounts SET id = ?1", vec!["a\0b".into()]),
        ] {
            let mut tasks = JoinSet::new();
            for i in 0..8 {
                let db = db.clone();
                let values = values.clone();
                tasks.spawn(async move {
                    let wrong = Stmt::any(wrong, values);
                    let batch = if i == 3 { vec![add("a", 1), wrong] } else { vec![add("a", 1)] };
                    (i, db.commit(batch).await)
                });
            }
            let before = balance(db, "a").await.unwrap();
            while let Some(done) = tasks.join_next().await {
                let (i, answer) = done.unwrap();
                match answer {
                    Ok(_) => assert_ne!(i, 3, "{} {wrong}", stand.name),
                    Err(CommitError::Broken(fault)) => {
                        assert_eq!(i, 3, "{} {wrong} {}", stand.name, fault.chain());
                        assert!(!fault.retryable() && !fault.uncertain(), "{}", fault.chain());
                    }
                    Err(other) => panic!("{} {wrong} {other:?}", stand.name),
                }
            }
            assert!(balance(db, "a").await.unwrap() - before <= 7);
        }
        assert_eq!(balance(db, "a").await, Some(5 + 9 * 7), "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_does_not_quote_a_row() {
    on_both("quote", async |stand: &Stand| {
        let mut row: [Value; 5] =
            [1.into(), "her address".into(), Value::Null, "pin".into(), Value::Null];
        let one = stand.db.commit(vec![Stmt::one(NOTE, row.clone(), "n")]).await.unwrap_err();
        row[1] = Value::Null;
        stand.db.commit(vec![Stmt::one(NOTE, row.clone(), "n")]).await.unwrap();
        let two = stand.db.commit(vec![Stmt::one(NOTE, row, "n")]).await.unwrap_err();
        for error in [one, two] {
            let CommitError::Broken(fault) = error else { panic!("{}", stand.name) };
            let said = format!("{} {fault:?}", fault.chain());
            assert!(!said.contains("her address") && !said.contains("pin"), "{said}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn returned_rows_stand_by_their_statement() {
    on_both("returning", async |stand: &Stand| {
        const TAKE: &str = "UPDATE accounts SET balance = 0 WHERE id = ?1 RETURNING version, id";
        let db = &stand.db;
        let take = |id: &str| Stmt::one(TAKE, [id.into()], "take");
        let rows = db.commit(vec![open("a", 5), take("a"), open("b", 6)]).await.unwrap();
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 0], "{}", stand.name);
        assert_eq!((rows[1][0].int(0).unwrap(), rows[1][0].text(1).unwrap()), (1, "a"));
        assert_eq!(missed(&db.commit(vec![take("nobody")]).await), Some("take"));
        assert!(db.commit(vec![]).await.unwrap().is_empty());
        assert!(db.read(vec![]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_keeps_all_but_those_that_missed() {
    on_both("group", async |stand: &Stand| {
        let db = &stand.db;
        db.commit(vec![open("till", 1_000), open("other", 0)]).await.unwrap();
        for (round, bad) in [(0, 1), (1, 7), (2, 64)] {
            let mut tasks = JoinSet::new();
            for i in 0..128 {
                let db = db.clone();
                tasks.spawn(async move {
                    let id = format!("{round}-{i}");
                    // Each bad one has written before it misses; every other one breaks a CHECK.
                    let last = match i {
                        _ if i >= bad => add("other", 1),
                        _ if i % 2 == 0 => add("nobody", 1),
                        _ => add("till", -9_999),
                    };
                    (i, db.commit(vec![open(&id, 1), add("till", 1), last]).await)
                });
            }
            while let Some(done) = tasks.join_next().await {
                let (i, answer) = done.unwrap();
                match answer {
                    Ok(_) => assert!(i >= bad, "{}", stand.name),
                    Err(CommitError::Missed { tag: "add" }) => assert!(i < bad && i % 2 == 0),
                    Err(CommitError::Limit { name }) if name == "no_overdraft" => {
                        assert!(i < bad && i % 2 == 1, "{}", stand.name);
                    }
                    other => panic!("{} {i} {other:?}", stand.name),
                }
            }
        }
        let kept = 127 + 121 + 64;
        assert_eq!(balance(db, "till").await, Some(1_000 + kept), "{}", stand.name);
        assert_eq!(balance(db, "other").await, Some(kept), "{}", stand.name);
        let count = db.one(COUNT, []).await.unwrap().unwrap().int(0).unwrap();
        assert_eq!(count, 2 + kept, "{}", stand.name);
        let stats = db.stats();
        assert!(stats.groups < stats.batches && stats.largest_group > 1, "{stats:?}");
        assert_eq!((stats.refused, stats.faults), (72, 0), "{} {stats:?}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_want_one_key_one_gets_it() {
    on_both("one_key", async |stand: &Stand| {
        let mut tasks = JoinSet::new();
        for i in 0..64 {
            let db = stand.db.clone();
            tasks.spawn(async move {
                let own = format!("own-{i}");
                db.commit(vec![open(&own, 1), open("key", i)]).await.is_ok()
            });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|won| **won).count(), 1, "{}", stand.name);
        let count = stand.db.one(COUNT, []).await.unwrap().unwrap().int(0).unwrap();
        assert_eq!(count, 2, "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_read() {
    on_both("own_writes", async |stand: &Stand| {
        let mut tasks = JoinSet::new();
        for task in 0..8 {
            let db = stand.db.clone();
            tasks.spawn(async move {
                for i in 0..40 {
                    let id = format!("{task}-{i}");
                    db.commit(vec![open(&id, i)]).await.unwrap();
                    assert_eq!(balance(&db, &id).await, Some(i));
                    let both = vec![Query::new(FIND, [id.into()]), Query::new(COUNT, [])];
                    let rows = db.read(both).await.unwrap();
                    assert_eq!((rows.len(), rows[0].len()), (2, 1));
                    assert!(rows[1][0].int(0).unwrap() > i);
                }
            });
        }
        tasks.join_all().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guarded_moves_lose_nothing() {
    on_both("moves", async |stand: &Stand| {
        stand.db.commit(vec![open("a", 0)]).await.unwrap();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let db = stand.db.clone();
            tasks.spawn(async move {
                for _ in 0..25 {
                    loop {
                        let row = db.one(FIND, ["a".into()]).await.unwrap().unwrap();
                        let next = row.int(0).unwrap() + 1;
                        let moved = Stmt::one(MOVE, ["a".into(), next.into(), 1.into()], "version");
                        match db.commit(vec![moved]).await {
                            Ok(_) => break,
                            Err(CommitError::Missed { tag: "version" }) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
        tasks.join_all().await;
        assert_eq!(balance(&stand.db, "a").await, Some(100), "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_of_one_moment() {
    on_both("snapshot", async |stand: &Stand| {
        stand.db.commit(vec![open("a", 0), open("b", 0)]).await.unwrap();
        let db = stand.db.clone();
        let writer = tokio::spawn(async move {
            for _ in 0..200 {
                db.commit(vec![add("a", 1), add("b", 1)]).await.unwrap();
            }
        });
        let mut readers = JoinSet::new();
        for _ in 0..4 {
            let db = stand.db.clone();
            readers.spawn(async move {
                loop {
                    let queries = ["a", "b", "a"].map(|id| Query::new(FIND, [id.into()]));
                    let rows = db.read(queries.into()).await.unwrap();
                    let seen: Vec<i64> = rows.iter().map(|rows| rows[0].int(1).unwrap()).collect();
                    assert!(seen.iter().all(|balance| *balance == seen[0]), "{seen:?}");
                    if seen[0] == 200 {
                        break;
                    }
                }
            });
        }
        writer.await.unwrap();
        readers.join_all().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_disturbs_nobody() {
    on_both("leaves", async |stand: &Stand| {
        let db = &stand.db;
        for i in 0..50 {
            let id = format!("left-{i}");
            let short = std::time::Duration::from_micros(20 * i);
            tokio::time::timeout(short, db.commit(vec![open(&id, 1), open(&id, 1)])).await.ok();
            tokio::time::timeout(
                short,
                db.read(vec![Query::new(COUNT, []), Query::new(COUNT, [])]),
            )
            .await
            .ok();
            tokio::time::timeout(short, db.commit(vec![open(&id, 1)])).await.ok();
        }
        db.commit(vec![open("last", 1)]).await.unwrap();
        assert_eq!(balance(db, "last").await, Some(1), "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_share_one_place() {
    on_both("two_programs", async |stand: &Stand| {
        let other = Db::open(&stand.place).await.unwrap();
        stand.db.commit(vec![open("a", 0)]).await.unwrap();
        let mut tasks = JoinSet::new();
        for i in 0..40 {
            let db = if i % 2 == 0 { stand.db.clone() } else { other.clone() };
            tasks.spawn(async move { db.commit(vec![add("a", 1)]).await.unwrap() });
        }
        tasks.join_all().await;
        assert_eq!(balance(&stand.db, "a").await, Some(40), "{}", stand.name);
        assert_eq!(balance(&other, "a").await, Some(40), "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn durability_is_what_the_engine_says() {
    on_both("durability", async |stand: &Stand| {
        let settings = stand.db.durability().await.unwrap();
        assert_eq!(settings.len(), 4, "{settings:?}");
        for setting in settings {
            // A server for tests may be fast and loose; that it says so is what matters.
            let server = ["fsync", "full_page_writes"].contains(&setting.name);
            assert!(setting.sound || (server && setting.value == "off"), "{setting:?}");
        }
    })
    .await;
}
