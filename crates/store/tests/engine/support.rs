//! Gives a test both engines, each with empty tables of its own. It must never skip one in silence.

use domain::Instant;
use std::process;
use store::engine::{Db, Place};
use store::migrate::Migration;
use tempfile::TempDir;
use tokio_postgres::NoTls;

pub const AT: Instant = Instant::from_millis(1_700_000_000_000);

pub const TABLES: &[Migration] = &[Migration::new(
    1,
    "tables",
    "CREATE TABLE accounts (
         id TEXT PRIMARY KEY,
         version INTEGER NOT NULL,
         balance INTEGER NOT NULL CONSTRAINT no_overdraft CHECK (balance >= 0)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE notes (
         id INTEGER PRIMARY KEY,
         account TEXT REFERENCES accounts (id),
         number INTEGER,
         words TEXT,
         picture BLOB
     ) STRICT;",
)];

/// One engine of a test.
pub struct Stand {
    pub db: Db,
    pub place: Place,
    /// What to say when the test fails here.
    pub name: &'static str,
    /// The server, where there is one, for what a test does behind the engine's back.
    pub server: Option<Server>,
    _dir: Option<TempDir>,
}

pub struct Server {
    pub client: tokio_postgres::Client,
    pub schema: String,
}

impl Server {
    /// Ends every connection of this test's engine, as a restart of the server would. Waits for
    /// one to be there, since the last time may be a moment ago.
    pub async fn restart(&self) {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE application_name = $1";
        loop {
            let ended: i64 = self.client.query_one(sql, &[&self.schema]).await.unwrap().get(0);
            if ended > 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

/// Runs a test on both engines; `test` names the tables of this run and must be unique.
pub async fn on_both(test: &str, check: impl AsyncFn(&Stand)) {
    for stand in [sqlite().await, postgres(test).await] {
        stand.db.migrate(TABLES, AT).await.unwrap();
        check(&stand).await;
        stand.clear().await;
    }
}

/// An SQLite file without tables.
pub async fn sqlite() -> Stand {
    let dir = TempDir::new().unwrap();
    let place = Place::sqlite(dir.path().join("store.sqlite"));
    let db = Db::open(&place).await.unwrap();
    Stand { db, place, name: "SQLite", server: None, _dir: Some(dir) }
}

/// A PostgreSQL schema without tables.
pub async fn postgres(test: &str) -> Stand {
    let url = std::env::var("REDRESS_TEST_POSTGRES").expect(
        "REDRESS_TEST_POSTGRES names the server to test against, and is unset: run ./test, which \
         starts one, or set it, as in 'host=/tmp/socket user=redress dbname=postgres'",
    );
    let schema = format!("engine_{test}_{}", process::id());
    let (client, io) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(io);
    let anew = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    client.batch_execute(&anew).await.unwrap();
    let place = Place::postgres(within(&url, &schema));
    let db = Db::open(&place).await.unwrap();
    let server = Some(Server { client, schema });
    Stand { db, place, name: "PostgreSQL", server, _dir: None }
}

/// The address with a schema to work in and a name to be found by.
fn within(url: &str, schema: &str) -> String {
    if url.starts_with("postgres") {
        let sign = if url.contains('?') { '&' } else { '?' };
        format!("{url}{sign}options=-csearch_path%3D{schema}&application_name={schema}")
    } else {
        format!("{url} options='-c search_path={schema}' application_name={schema}")
    }
}

impl Stand {
    /// Takes the tables away again.
    pub async fn clear(self) {
        if let Some(server) = &self.server {
            // An engine that still reads its last row must not hold this up for long.
            let gone = format!("DROP SCHEMA {} CASCADE", server.schema);
            server.client.batch_execute(&gone).await.unwrap();
        }
    }
}
