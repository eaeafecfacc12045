//! The two engines as tests get them: each test a database of its own. PostgreSQL is the server
//! that `REDRESS_TEST_POSTGRES` names; a test that needs it fails without it, so nothing is skipped
//! silently.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use store::engine::{Db, EngineKind, Place, Stmt};

/// Both.
pub const BOTH: [EngineKind; 2] = [EngineKind::Sqlite, EngineKind::Postgres];

/// Names the server, as `host=/run/postgresql user=redress dbname=postgres`.
const SERVER: &str = "REDRESS_TEST_POSTGRES";

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Names this process among all that ever used the server: numbers of processes come again, on a
/// small machine within one run of all tests.
static RUN: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());

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
    let name = format!("t{:016x}_{}", *RUN, DATABASES.fetch_add(1, Ordering::Relaxed));
    let db = Db::open(&Place::postgres(server.clone())).await.expect("the test server answers");
    // A database cannot be made inside a transaction; a DO block over dblink would need an
    // extension. A schema of its own is as private and as empty.
    let sql: &'static str = Box::leak(format!("CREATE SCHEMA {name}").into_boxed_str());
    db.commit(vec![Stmt::any(sql, vec![])]).await.expect("a schema for the test");
    format!("{server} options='-c search_path={name}'")
}
