//! The two engines as tests get them: each test a database of its own. PostgreSQL is the server
//! that `REDRESS_TEST_POSTGRES` names; a test that needs it fails without it, so nothing is skipped
//! silently.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use store::engine::{Db, EngineKind, Place, Stmt};
use store::migrate::MIGRATIONS;

use crate::world::BEGINNING;

/// Both.
pub const BOTH: [EngineKind; 2] = [EngineKind::Sqlite, EngineKind::Postgres];

/// Names the server, as `host=/run/postgresql user=redress dbname=postgres`.
const SERVER: &str = "REDRESS_TEST_POSTGRES";

static NAMES: AtomicU32 = AtomicU32::new(0);

/// Names this process among all that ever used the server: numbers of processes come again, on a
/// small machine within one run of all tests.
static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());

/// A name that nothing else has on any server.
pub fn new_name() -> String {
    format!("t{:016x}_{}", *RUN, NAMES.fetch_add(1, Ordering::Relaxed))
}

/// A new, empty database of this kind; an SQLite one stands in `dir`.
pub async fn fresh(kind: EngineKind, dir: &Path) -> Place {
    match kind {
        EngineKind::Sqlite => Place::sqlite(dir.join("redress.db")),
        EngineKind::Postgres => Place::postgres(fresh_postgres().await),
    }
}

/// A new database on the test server, as a connection string.
pub async fn fresh_postgres() -> String {
    let server = std::env::var(SERVER).unwrap_or_default();
    assert!(
        !server.is_empty(),
        "{SERVER} names no PostgreSQL server: run ./test, which starts one"
    );
    let name = new_name();
    let db = Db::open(&Place::postgres(server.clone())).await.expect("the test server answers");
    // A database cannot be made inside a transaction; a DO block over dblink would need an
    // extension. A schema of its own is as private and as empty.
    let sql: &'static str = Box::leak(format!("CREATE SCHEMA {name}").into_boxed_str());
    db.commit(vec![Stmt::any(sql, vec![])]).await.expect("a schema for the test");
    format!("{server} options='-c search_path={name}'")
}

/// What stands in the tables once they are made is kept beside them.
const KEEP: &str = "DO $$ DECLARE t name; n bigint; BEGIN
 FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
  EXECUTE format('SELECT count(*) FROM %I', t) INTO n;
  IF n > 0 THEN EXECUTE format('CREATE TABLE %I AS TABLE %I', 'kept_' || t, t); END IF;
 END LOOP; END $$";

/// Empties all tables, those first that refer to others, and puts back what was kept.
const RESET: &str = "DO $$ DECLARE t name; BEGIN
 FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema()
  AND tablename NOT LIKE 'kept%' ORDER BY NOT EXISTS (SELECT 1 FROM pg_constraint
   WHERE contype = 'f' AND conrelid = format('%I', tablename)::regclass) LOOP
  EXECUTE format('DELETE FROM %I', t);
  IF to_regclass('kept_' || t) IS NOT NULL THEN
   EXECUTE format('INSERT INTO %I TABLE %I', t, 'kept_' || t);
  END IF;
 END LOOP; END $$";

/// A server with one connection that writes and one that reads: each costs the server a process
/// that has to learn all tables.
pub fn narrow(url: String) -> Place {
    let one = NonZeroUsize::MIN;
    Place::Postgres { url, ca_file: None, writers: one, readers: one }
}

/// One PostgreSQL database for many worlds, one after the other: to make the tables takes longer
/// than to live in them.
pub struct Lane(Place);

impl Lane {
    /// A new one, with its tables.
    pub async fn new() -> Self {
        let lane = Self(narrow(fresh_postgres().await));
        let db = Db::open(&lane.0).await.expect("the test server answers");
        db.migrate(MIGRATIONS, BEGINNING).await.expect("the schema is built");
        db.commit(vec![Stmt::any(KEEP, vec![])]).await.expect("what is there is kept");
        lane
    }

    /// The database, as it was right after its tables were made. Nobody may use it any more who got
    /// it before.
    pub async fn emptied(&self) -> Place {
        let db = Db::open(&self.0).await.expect("the test server answers");
        db.commit(vec![Stmt::any(RESET, vec![])]).await.expect("the tables are emptied");
        self.0.clone()
    }
}
