//! What the engines do when something breaks under them: a full disk, a commit that fails, a server
//! that restarts, a lock that is held.

use super::support::{AT, TABLES, postgres, sqlite};
use std::os::unix::fs::PermissionsExt;
use store::engine::{CommitError, Db, Place, Query, Stmt};
use store::fault::Fault;
use tokio::task::JoinSet;

const OPEN: &str = "INSERT INTO accounts (id, version, balance) VALUES (?1, 1, ?2)";
const ADD: &str = "UPDATE accounts SET balance = balance + ?2 WHERE id = ?1";
const PICTURE: &str = "INSERT INTO notes (id, picture) VALUES (?1, ?2)";
const BALANCE: &str = "SELECT balance FROM accounts WHERE id = ?1";
const ASLEEP: &str = "SELECT pg_sleep(0.3) IS NULL";

fn broken(answer: Result<Vec<Vec<store::engine::Row>>, CommitError>) -> Fault {
    match answer {
        Err(CommitError::Broken(fault)) => fault,
        other => panic!("a fault was due: {other:?}"),
    }
}

async fn balance(db: &Db, id: &str) -> i64 {
    db.one(BALANCE, [id.into()]).await.unwrap().unwrap().int(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_a_fault_for_all_and_passes() {
    let stand = sqlite().await;
    let db = &stand.db;
    db.migrate(TABLES, AT).await.unwrap();
    // The engine's own measure of "full": pages the file may have.
    db.commit(vec![Stmt::any("PRAGMA max_page_count = 40", [])]).await.unwrap();
    let mut tasks = JoinSet::new();
    for i in 0..32 {
        let db = db.clone();
        tasks.spawn(async move {
            let picture = Stmt::one(PICTURE, [i.into(), vec![0_u8; 500_000].into()], "picture");
            let answer = db.commit(vec![picture]).await;
            let fault = broken(answer);
            assert!(fault.retryable() && !fault.uncertain(), "{}", fault.chain());
            assert!(fault.chain().contains("full"), "{}", fault.chain());
        });
    }
    tasks.join_all().await;
    assert_eq!(db.stats().faults, 32);
    db.commit(vec![Stmt::any("PRAGMA max_page_count = 100000", [])]).await.unwrap();
    let picture = Stmt::one(PICTURE, [1.into(), vec![0_u8; 500_000].into()], "picture");
    db.commit(vec![picture]).await.unwrap();
    let rows = db.rows("SELECT id FROM notes", []).await.unwrap();
    assert_eq!(rows.len(), 1);
}

/// A constraint that is looked at only by the commit stands for a commit that fails.
const LATE: &str = "CREATE TABLE late (
    account TEXT REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED)";

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_is_a_fault_for_all_and_passes() {
    for stand in [sqlite().await, postgres("failed_commit").await] {
        let db = &stand.db;
        db.migrate(TABLES, AT).await.unwrap();
        db.commit(vec![Stmt::any(LATE, [])]).await.unwrap();
        let late = Stmt::any("INSERT INTO late (account) VALUES (?1)", ["nobody".into()]);
        let open = Stmt::one(OPEN, ["a".into(), 1.into()], "open");
        let fault = broken(db.commit(vec![open.clone(), late]).await);
        assert!(!fault.uncertain(), "{} {}", stand.name, fault.chain());
        db.commit(vec![open]).await.unwrap();
        assert_eq!(balance(db, "a").await, 1, "{}", stand.name);
        stand.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_private_and_found_again() {
    let stand = sqlite().await;
    stand.db.migrate(TABLES, AT).await.unwrap();
    let open = Stmt::one(OPEN, ["a".into(), 7.into()], "open");
    stand.db.commit(vec![open]).await.unwrap();
    let Place::Sqlite { path, .. } = &stand.place else { panic!("{:?}", stand.place) };
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
    // While the first still has it open, as after a crash: the log is read, nothing is lost.
    let copy = path.with_file_name("copy.sqlite");
    std::fs::copy(path, &copy).unwrap();
    std::fs::copy(format!("{}-wal", path.display()), format!("{}-wal", copy.display())).unwrap();
    let db = Db::open(&Place::sqlite(copy)).await.unwrap();
    assert_eq!(balance(&db, "a").await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_opened_says_what_to_do() {
    let dir = tempfile::TempDir::new().unwrap();
    let absent = Db::open(&Place::sqlite(dir.path().join("no/such/folder"))).await.unwrap_err();
    assert!(absent.chain().contains("folder must exist"), "{}", absent.chain());
    let file = dir.path().join("words");
    std::fs::write(&file, "these are words and not a database at all, ".repeat(100)).unwrap();
    let words = Db::open(&Place::sqlite(file)).await.unwrap_err();
    assert!(words.chain().contains("not a database"), "{}", words.chain());
    let nobody = format!("host={} user=nobody", dir.path().display());
    let nobody = Db::open(&Place::postgres(nobody)).await.unwrap_err();
    assert!(nobody.retryable() && nobody.chain().contains("connecting"), "{}", nobody.chain());
    let unread = Db::open(&Place::postgres("host=h password=secret port=x")).await.unwrap_err();
    assert!(!unread.chain().contains("secret"), "{}", unread.chain());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_end_is_stopped() {
    let stand = sqlite().await;
    const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT i FROM n";
    let fault = stand.db.rows(ENDLESS, []).await.unwrap_err();
    assert!(fault.chain().contains("read in pages"), "{}", fault.chain());
    const SILENT: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT COUNT(*) FROM n";
    let fault = stand.db.rows(SILENT, []).await.unwrap_err();
    assert!(fault.chain().contains("takes too long"), "{}", fault.chain());
    assert_eq!(stand.db.rows("SELECT 1", []).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_come_back_after_a_restart() {
    let stand = postgres("restart").await;
    let db = &stand.db;
    let server = stand.server.as_ref().unwrap();
    db.migrate(TABLES, AT).await.unwrap();
    db.commit(vec![Stmt::one(OPEN, ["a".into(), 0.into()], "open")]).await.unwrap();
    let mut sure = 0;
    let mut unsure = 0;
    for round in 0..6 {
        let mut tasks = JoinSet::new();
        for _ in 0..50 {
            let db = db.clone();
            tasks.spawn(async move {
                db.read(vec![Query::new(BALANCE, ["a".into()]); 2]).await.unwrap();
                db.commit(vec![Stmt::one(ADD, ["a".into(), 1.into()], "add")]).await
            });
        }
        if round % 2 == 1 {
            tokio::time::sleep(std::time::Duration::from_millis(round)).await;
        }
        server.restart().await;
        while let Some(done) = tasks.join_next().await {
            match done.unwrap() {
                Ok(_) => sure += 1,
                Err(CommitError::Broken(fault)) if fault.uncertain() => unsure += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    let balance = balance(db, "a").await;
    assert!((sure..=sure + unsure).contains(&balance), "{sure} {unsure} {balance}");
    assert!(sure > 0);
    stand.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_under_way_is_done_again_after_a_restart() {
    let stand = postgres("under_way").await;
    let db = stand.db.clone();
    db.migrate(TABLES, AT).await.unwrap();
    let open = Stmt::one(OPEN, ["a".into(), 3.into()], "open");
    let work = tokio::spawn(async move { db.commit(vec![open, Stmt::any(ASLEEP, [])]).await });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    stand.server.as_ref().unwrap().restart().await;
    work.await.unwrap().unwrap();
    assert_eq!(balance(&stand.db, "a").await, 3);
    stand.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_lock_is_waited_for_and_then_a_fault_that_may_pass() {
    let stand = postgres("held_lock").await;
    let db = &stand.db;
    let server = stand.server.as_ref().unwrap();
    db.migrate(TABLES, AT).await.unwrap();
    db.commit(vec![Stmt::one(OPEN, ["a".into(), 0.into()], "open")]).await.unwrap();
    let add = || Stmt::one(ADD, ["a".into(), 1.into()], "add");
    let hold = format!("BEGIN; UPDATE {}.accounts SET balance = 5", server.schema);
    server.client.batch_execute(&hold).await.unwrap();
    let waiting = {
        let db = db.clone();
        tokio::spawn(async move { db.commit(vec![add()]).await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(3_300)).await; // Past one lock_timeout.
    server.client.batch_execute("COMMIT").await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(balance(db, "a").await, 6);
    stand.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opposite_orders_end_well() {
    let stand = postgres("opposite").await;
    stand.db.migrate(TABLES, AT).await.unwrap();
    let mut place = stand.place.clone();
    if let Place::Postgres { writers, .. } = &mut place {
        *writers = std::num::NonZeroUsize::new(4).unwrap();
    }
    let db = &Db::open(&place).await.unwrap();
    let open = |id: &str| Stmt::one(OPEN, [id.into(), 0.into()], "open");
    db.commit(vec![open("a"), open("b")]).await.unwrap();
    let mut tasks = JoinSet::new();
    for i in 0..60 {
        let db = db.clone();
        tasks.spawn(async move {
            let (one, two) = if i % 2 == 0 { ("a", "b") } else { ("b", "a") };
            let add = |id: &str| Stmt::one(ADD, [id.into(), 1.into()], "add");
            db.commit(vec![add(one), add(two)]).await.unwrap();
        });
    }
    tasks.join_all().await;
    assert_eq!((balance(db, "a").await, balance(db, "b").await), (60, 60));
    stand.clear().await;
}
