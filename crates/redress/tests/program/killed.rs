//! An import that is killed without a word, in the midst of its rows, and run again: every row is
//! there exactly once, on both engines.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use store::engine::{Db, EngineKind, Place as Storage};
use teststand::engines::{BOTH, fresh};

use crate::support::{Place, until};

/// Rows of the file: two commits and a rest.
const ROWS: usize = 45_000;

/// Rows in one commit of an import.
const ROWS_AT_ONCE: usize = 20_000;

const HEADER: &str =
    "refid,trxid,product,account,amount_minor,currency,status,status_at,created_at";

fn rows(numbers: std::ops::Range<usize>) -> String {
    let row = |n: usize| {
        format!(
            "R-{n:08},T-{n:08},TNB,220001234513,{},MYR,successful,2026-01-05T10:11:12Z,\
             2026-01-05T10:11:10Z\n",
            100 + n
        )
    };
    numbers.map(row).collect()
}

async fn count(db: &Db) -> i64 {
    let sql = "SELECT COUNT(*), COUNT(DISTINCT refid), CAST(SUM(amount_minor) AS BIGINT)
     FROM payments";
    let row = db.one(sql, vec![]).await.expect("a count").expect("one row");
    let rows = row.int(0).expect("rows");
    assert_eq!(row.int(1).expect("references"), rows, "a reference came twice");
    let sum: i64 = (0..rows).map(|n| 100 + n).sum();
    assert_eq!(row.opt_int(2).expect("a sum").unwrap_or(0), sum, "rows 0 to {rows} and no others");
    rows
}

/// Kills the import when `commits` were made and more rows are on their way.
async fn kill_after(place: &Place, args: &[&str], db: &Db, commits: usize) {
    let mut child = place.begin(args, Stdio::piped());
    let mut input = child.stdin.take().expect("its input");
    let given = commits * ROWS_AT_ONCE;
    input.write_all(format!("{HEADER}\n{}", rows(0..given)).as_bytes()).expect("it reads");
    input.flush().expect("it reads");
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        until("the commit is made", Duration::from_secs(60), || {
            runtime.block_on(count(db)) >= given as i64
        });
    });
    // More than it can have taken by then, so that it dies at work.
    input.write_all(rows(given..given + ROWS_AT_ONCE + 900).as_bytes()).expect("it reads");
    input.flush().expect("it reads");
    child.kill().expect("it is there to be killed");
    child.wait().expect("our child");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_and_run_again_has_every_row_once() {
    for kind in BOTH {
        let mut place = Place::new();
        let storage = match kind {
            EngineKind::Sqlite => Storage::sqlite(place.dir().join("redress.db")),
            EngineKind::Postgres => fresh(kind, &place.dir()).await,
        };
        if let Storage::Postgres { url, .. } = &storage {
            place = place.set("REDRESS_STORAGE_ENGINE", "postgres").set("REDRESS_STORAGE_URL", url);
        }
        place.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
        let db = Db::open(&storage).await.expect("the database opens");
        let scope = ["--tenant", "acme", "--env", "production"];
        let piped = [&["import", "transactions", "-", "--format", "csv"], &scope[..]].concat();
        kill_after(&place, &piped, &db, 1).await;
        let before = usize::try_from(count(&db).await).expect("a count");
        assert!((ROWS_AT_ONCE..ROWS).contains(&before), "{kind:?}: {before}");

        let file = place.file("rows.csv", &format!("{HEADER}\n{}", rows(0..ROWS)));
        let whole = [&["import", "transactions", &file], &scope[..]].concat();
        let new = ROWS - before;
        place.ends(0, &whole, &[&format!("{new} new, 0 moved on, {before} as known")]);
        assert_eq!(count(&db).await, ROWS as i64, "{kind:?}");
    }
}
