//! Growing the tables on both engines: once, in order, by one of many, and never backwards.

use super::support::{AT, Stand, postgres, sqlite};
use store::engine::Db;
use store::migrate::{MIGRATIONS, Migration};
use tokio::task::JoinSet;

const FIRST: Migration =
    Migration::new(1, "first", "CREATE TABLE one (a INTEGER NOT NULL, b BLOB) STRICT;");
const SECOND: Migration = Migration {
    oldest: 1,
    sqlite: "CREATE INDEX only_here ON one (a) WHERE a > 0;",
    postgres: "CREATE INDEX only_there ON one USING btree (a);",
    ..Migration::new(2, "second", "ALTER TABLE one ADD COLUMN c INTEGER NOT NULL DEFAULT 7;")
};
const THIRD: Migration = Migration::new(3, "third", "DROP TABLE one;");
const WRONG: Migration = Migration::new(2, "second", "CREATE TABLE two (a INTEGER); CREATE oops;");
const CHANGED: Migration = Migration::new(1, "first", "CREATE TABLE one (a INTEGER) STRICT;");

async fn both(test: &str) -> [Stand; 2] {
    [sqlite().await, postgres(test).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_of_the_program_apply() {
    for stand in both("program").await {
        let done = stand.db.migrate(MIGRATIONS, AT).await.unwrap();
        assert_eq!(done.newest as usize, MIGRATIONS.len(), "{}", stand.name);
        stand.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_applied_once_and_in_order() {
    for stand in both("steps").await {
        let db = &stand.db;
        let done = db.migrate(&[FIRST], AT).await.unwrap();
        assert_eq!((done.applied, done.newest), (vec![1], 1), "{}", stand.name);
        let done = db.migrate(&[FIRST, SECOND], AT).await.unwrap();
        assert_eq!((done.applied, done.newest), (vec![2], 2), "{}", stand.name);
        let done = db.migrate(&[FIRST, SECOND], AT).await.unwrap();
        assert_eq!((done.applied, done.newest), (vec![], 2), "{}", stand.name);
        let steps = "SELECT number, name, applied_at FROM schema_steps ORDER BY number";
        let rows = db.rows(steps, []).await.unwrap();
        assert_eq!(rows.len(), 2, "{}", stand.name);
        assert_eq!(rows[1].text(1).unwrap(), "second");
        assert_eq!(rows[1].int(2).unwrap(), AT.millis());
        stand.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_runs_beside_a_step_that_only_adds() {
    for stand in both("older").await {
        let db = &stand.db;
        db.migrate(&[FIRST, SECOND], AT).await.unwrap();
        let done = db.migrate(&[FIRST], AT).await.unwrap();
        assert_eq!((done.applied, done.newest), (vec![], 2), "{}", stand.name);
        db.migrate(&[FIRST, SECOND, THIRD], AT).await.unwrap();
        for older in [&[FIRST] as &'static [_], &[FIRST, SECOND]] {
            let refused = db.migrate(older, AT).await.unwrap_err();
            assert!(refused.chain().contains("start the newer version"), "{}", refused.chain());
        }
        stand.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_step_is_refused() {
    for stand in both("changed").await {
        stand.db.migrate(&[FIRST], AT).await.unwrap();
        let refused = stand.db.migrate(&[CHANGED], AT).await.unwrap_err();
        assert!(refused.chain().contains("another text"), "{}", refused.chain());
        let refused = stand.db.migrate(&[SECOND], AT).await.unwrap_err();
        assert!(refused.chain().contains("should be number 1"), "{}", refused.chain());
        stand.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_leaves_nothing() {
    for stand in both("fails").await {
        let failed = stand.db.migrate(&[FIRST, WRONG], AT).await.unwrap_err();
        assert!(failed.chain().contains("step 2 \"second\""), "{}", failed.chain());
        assert!(stand.db.rows("SELECT a FROM one", []).await.is_err(), "{}", stand.name);
        let done = stand.db.migrate(&[FIRST, SECOND], AT).await.unwrap();
        assert_eq!(done.applied, [1, 2], "{}", stand.name);
        stand.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_start_together_one_applies_each_step() {
    for stand in both("together").await {
        let mut tasks = JoinSet::new();
        for _ in 0..6 {
            let place = stand.place.clone();
            tasks.spawn(async move {
                let db = Db::open(&place).await.unwrap();
                db.migrate(&[FIRST, SECOND], AT).await.unwrap().applied.len()
            });
        }
        let applied: usize = tasks.join_all().await.into_iter().sum();
        assert_eq!(applied, 2, "{}", stand.name);
        stand.clear().await;
    }
}
