//! Batches that look before they write, and many of one kind at once: each must come out as if it
//! had been alone, whatever its neighbours do.

use super::support::{Stand, on_both};
use store::engine::{CommitError, Query, Stmt, Value};
use store::fault::Fault;
use tokio::task::JoinSet;

const OPEN: &str = "INSERT INTO accounts (id, version, balance) VALUES (?1, 1, ?2)
    ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT id, balance FROM accounts WHERE id = ?1 ORDER BY id LIMIT 10";
const NOTE: &str = "INSERT INTO notes (id, account, number, words, picture)
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const NOTES: &str = "SELECT id, number, words, picture FROM notes WHERE id = ?1";

/// Callers at a time: more than the smallest group that is merged, fewer than the largest.
const MANY: i64 = 200;

fn open(id: &str, balance: i64) -> Stmt {
    Stmt::one(OPEN, [id.into(), balance.into()], "open")
}

fn find(id: &str) -> Query {
    Query::new(FIND, [id.into()])
}

async fn balances(stand: &Stand) -> i64 {
    let sql = "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM accounts";
    stand.db.one(sql, []).await.unwrap().unwrap().int(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_finds_his_own_rows_and_writes_what_follows() {
    on_both("found_own", async |stand: &Stand| {
        let batch = (0..MANY).map(|n| open(&format!("a{n}"), n)).collect();
        stand.db.commit(batch).await.unwrap();
        let mut tasks = JoinSet::new();
        for n in 0..MANY {
            let db = stand.db.clone();
            tasks.spawn(async move {
                let (name, empty) = (format!("a{n}"), format!("b{n}"));
                let then = move |found: Vec<Vec<store::engine::Row>>| {
                    assert_eq!(found.len(), 2);
                    assert_eq!(found[0].len(), 1, "one account is there");
                    assert!(found[1].is_empty(), "the other is not");
                    let balance = found[0][0].int(1).unwrap();
                    assert_eq!(found[0][0].text(0).unwrap(), name);
                    vec![open(&format!("b{n}"), 10_000 + balance)]
                };
                db.commit_found(vec![find(&format!("a{n}")), find(&empty)], then).await
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap().unwrap();
        }
        let once = (0..MANY).sum::<i64>();
        assert_eq!(balances(stand).await, 2 * once + MANY * 10_000, "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_find_nothing_one_makes_it() {
    on_both("found_one", async |stand: &Stand| {
        let mut tasks = JoinSet::new();
        for _ in 0..MANY {
            let db = stand.db.clone();
            tasks.spawn(async move {
                let then = |found: Vec<Vec<store::engine::Row>>| match found[0].is_empty() {
                    true => vec![open("only", 1)],
                    false => Vec::new(),
                };
                db.commit_found(vec![find("only")], then).await
            });
        }
        let mut made = 0;
        while let Some(ended) = tasks.join_next().await {
            match ended.unwrap() {
                Ok(rows) => made += rows.len(),
                Err(CommitError::Missed { tag: "open" }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((made, balances(stand).await), (1, 1), "{}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_of_one_kind_are_kept_but_those_that_miss() {
    on_both("found_miss", async |stand: &Stand| {
        stand.db.commit(vec![open("taken", 0)]).await.unwrap();
        let mut tasks = JoinSet::new();
        for n in 0..MANY {
            let db = stand.db.clone();
            tasks.spawn(async move {
                let bad = n % 50 == 7;
                let second = if bad { open("taken", 1) } else { open(&format!("second{n}"), 1) };
                let null = n % 3 == 0;
                let note: Vec<Value> = vec![
                    n.into(),
                    Value::Null,
                    if null { Value::Null } else { n.into() },
                    (!null).then(|| format!("wörter '{n}' ?1 $1 {{a,b}}")).into(),
                    (!null).then(|| vec![0, 255, b'\\', b'"']).into(),
                ];
                let note = Stmt::one(NOTE, note, "note");
                (bad, db.commit(vec![open(&format!("first{n}"), 1), second, note]).await)
            });
        }
        while let Some(ended) = tasks.join_next().await {
            let (bad, answer) = ended.unwrap();
            match answer {
                Ok(rows) => assert!(!bad && rows.len() == 3, "{}", stand.name),
                Err(CommitError::Missed { tag: "open" }) => assert!(bad, "{}", stand.name),
                Err(other) => panic!("{}: {other}", stand.name),
            }
        }
        let kept = (0..MANY).filter(|n| n % 50 != 7).count();
        assert_eq!(balances(stand).await, 2 * i64::try_from(kept).unwrap(), "{}", stand.name);
        for n in 0..MANY {
            let row = stand.db.one(NOTES, [n.into()]).await.unwrap();
            let Some(row) = row else {
                assert_eq!(n % 50, 7, "{}: note {n}", stand.name);
                continue;
            };
            let words = (n % 3 != 0).then(|| format!("wörter '{n}' ?1 $1 {{a,b}}"));
            assert_eq!(row.opt_text(2).unwrap().map(str::to_owned), words, "{}", stand.name);
            assert_eq!(row.opt_int(1).unwrap(), (n % 3 != 0).then_some(n), "{}", stand.name);
            let picture = (n % 3 != 0).then_some(&[0, 255, b'\\', b'"'][..]);
            assert_eq!(row.opt_bytes(3).unwrap(), picture, "{}", stand.name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_breaks_off_harms_nobody_else() {
    on_both("found_panic", async |stand: &Stand| {
        let broken = {
            let db = stand.db.clone();
            let then = |_: Vec<Vec<store::engine::Row>>| -> Vec<Stmt> { panic!("on purpose") };
            tokio::spawn(async move { db.commit_found(vec![find("a")], then).await })
        };
        let answer = broken.await;
        let told = !matches!(answer, Ok(Ok(_)));
        assert!(told, "{}: nobody may believe that it was kept", stand.name);
        let wrong = vec![Query::new("SELECT nothing FROM nowhere", [])];
        let answer = stand.db.commit_found(wrong, |_| vec![open("w", 1)]).await;
        let fault: Option<Fault> = match answer {
            Err(CommitError::Broken(fault)) => Some(fault),
            _ => None,
        };
        assert!(fault.is_some(), "{}: a wrong question is a fault", stand.name);
        let then = |_: Vec<Vec<store::engine::Row>>| vec![open("after", 5)];
        stand.db.commit_found(vec![find("a")], then).await.unwrap();
        assert_eq!(balances(stand).await, 5, "{}", stand.name);
    })
    .await;
}
