//! How many durable batches a second, and at what wait, for some numbers of clients. Each batch is
//! six small inserts, one of them a guard. `cargo run --release -p store --example commits` takes
//! SQLite in the system's folder for temporary files, and PostgreSQL too when
//! `REDRESS_TEST_POSTGRES` names one. Figures compare designs; they are not promises.

use domain::Instant;
use std::time::{Duration, Instant as Clock};
use store::engine::{Db, Place, Query, Stmt};
use store::fault::Fault;
use store::migrate::Migration;
use tokio::task::JoinSet;

const TABLES: &[Migration] = &[Migration::new(
    1,
    "tables",
    "CREATE TABLE cases (scope INTEGER NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
         words TEXT NOT NULL, PRIMARY KEY (scope, id)) STRICT, WITHOUT ROWID;
     CREATE TABLE parts (scope INTEGER NOT NULL, case_id TEXT NOT NULL, number INTEGER NOT NULL,
         body TEXT NOT NULL, PRIMARY KEY (scope, case_id, number)) STRICT, WITHOUT ROWID;",
)];
const CASE: &str = "INSERT INTO cases (scope, id, version, words) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO NOTHING";
const PART: &str = "INSERT INTO parts (scope, case_id, number, body) VALUES (?1, ?2, ?3, ?4)";
const FIND: &str = "SELECT version, words FROM cases WHERE scope = ?1 AND id = ?2";
const PARTS: &str = "SELECT number, body FROM parts WHERE scope = ?1 AND case_id = ?2";

/// How long each number of clients is measured.
const RUN: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let folder = std::env::temp_dir().join(format!("commits-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|why| Fault::new("a folder").because(why))?;
    let mut places = vec![Place::sqlite(folder.join("store.sqlite"))];
    if let Ok(url) = std::env::var("REDRESS_TEST_POSTGRES") {
        places.push(Place::postgres(url));
    }
    for place in places {
        let db = Db::open(&place).await?;
        db.migrate(TABLES, Instant::from_millis(0)).await?;
        for clients in [1, 8, 64, 256] {
            measure(&db, clients, false).await;
        }
        for clients in [64, 256] {
            measure(&db, clients, true).await;
        }
    }
    std::fs::remove_dir_all(&folder).map_err(|why| Fault::new("the folder").because(why))
}

fn batch(id: &str) -> Vec<Stmt> {
    let words = "I paid and nothing came. ".repeat(4);
    let case = [1.into(), id.into(), 1.into(), words.into()];
    let mut batch = vec![Stmt::one(CASE, case, "case")];
    for number in 0..5 {
        let body = "{\"stage\":\"received\",\"by\":\"customer\"}";
        batch.push(Stmt::one(PART, [1.into(), id.into(), number.into(), body.into()], "part"));
    }
    batch
}

/// With `look`, each commit is preceded by a snapshot of two questions, as every command does.
async fn measure(db: &Db, clients: usize, look: bool) {
    let before = db.stats();
    let start = Clock::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let db = db.clone();
        tasks.spawn(async move {
            let mut waits = Vec::new();
            for i in 0.. {
                let begun = Clock::now();
                if begun - start > RUN {
                    break;
                }
                let at = (begun - start).as_nanos();
                let id = format!("cs_{at:016x}{client:04x}{i:06x}{clients:04}");
                if look {
                    let key = || [1.into(), id.as_str().into()];
                    let both = vec![Query::new(FIND, key()), Query::new(PARTS, key())];
                    if let Err(why) = db.read(both).await {
                        println!("{why}");
                    }
                }
                if let Err(why) = db.commit(batch(&id)).await {
                    println!("{why}");
                }
                waits.push(begun.elapsed());
            }
            waits
        });
    }
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let seconds = start.elapsed().as_secs_f64();
    waits.sort_unstable();
    let after = db.stats();
    let batches = after.batches - before.batches;
    let groups = after.groups - before.groups;
    let at = |share: usize| waits[(waits.len() - 1) * share / 100];
    println!(
        "{:?}{} clients {clients:4}: {:7.0} batches/s, {:5.0} commits/s, {:5.1} a group, \
         wait 50% {:?} 99% {:?}, faults {}",
        db.kind(),
        if look { " after a look" } else { "" },
        batches as f64 / seconds,
        groups as f64 / seconds,
        batches as f64 / groups.max(1) as f64,
        at(50),
        at(99),
        after.faults - before.faults,
    );
}
