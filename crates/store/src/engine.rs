//! Runs SQL on two engines with one text: `Db` reads snapshots and commits batches, and knows
//! nothing of cases. Answers to a commit are given only when it is durable; many waiting batches
//! share one durable commit, and none of them can undo another. Never put a table's name here.
//!
//! The rules for every statement, each learnt by measuring (a statement that breaks one works on
//! one engine only, or on neither when it matters):
//!
//! 1. Placeholders are `?1`, `?2` … by number. SQLite counts `$2 … $1` by first appearance, so the
//!    values would swap in silence. `?N` becomes `$N` for PostgreSQL.
//! 2. Statements are prepared with the types of their values, since PostgreSQL reads
//!    `version = ?2 - 1` as 32-bit arithmetic otherwise. Sums come back as NUMERIC there: write
//!    `CAST(SUM(x) AS BIGINT)`.
//! 3. Tables are written in SQLite's words; `migrate` rewrites a few of them (`STRICT` refuses
//!    `BIGINT`, and PostgreSQL's `INTEGER` has 32 bits).
//! 4. Batches touch rows in one fixed order, or PostgreSQL finds a deadlock. It is tried again
//!    here, but every time costs a second.
//! 5. A claim (`UPDATE … WHERE id IN (SELECT …)`) repeats its condition in the outer `WHERE`.
//! 6. Guards are `Expect::OneRow` on an `UPDATE … WHERE version = ?`, or on an
//!    `INSERT … ON CONFLICT DO NOTHING`. Of engine errors only a broken CHECK is read, by its name.
//!    The condition stands in the guarded row itself: PostgreSQL runs at READ COMMITTED.
//! 7. Put guards first: a batch that misses before it wrote anything costs SQLite nothing.
//! 8. No deferred constraints: they fail the commit, and with it the whole group.
//! 9. `ORDER BY` a column that may be null says `NULLS FIRST` or `NULLS LAST`: the engines differ.
//!    Text sorts by its bytes on both. `LIKE` ignores case on SQLite only: compare lowered text.

mod load;
mod plan;
mod postgres;
mod sqlite;
mod value;
mod whole;

use crate::fault::Fault;
use crate::migrate::{self, Migrated, Migration};
use domain::Instant;
pub use load::{Load, ROWS_PER_LOAD_MAX};
use plan::Plan;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
pub use value::{Row, Value};
pub use whole::{copy_out, tables, vacant};

/// Batches that may wait for a writer. Past this a caller waits for room; at some 20,000 batches a
/// second this is a fifth of a second of work.
const BATCHES_WAITING_MAX: usize = 4_096;

/// Batches in one group. More than this gains nothing over one durable write, and bounds what one
/// failed commit has to answer.
const BATCHES_PER_GROUP_MAX: usize = 512;

/// Statements after which a group takes no further batch, so that nobody waits behind a long one.
const STATEMENTS_PER_GROUP_ENOUGH: usize = 8_192;

/// Statements in one batch. An import moves 20,000 payments at a time, with one statement each.
pub const STATEMENTS_PER_BATCH_MAX: usize = 32_768;

/// Rows in one answer. Whoever needs more reads in pages.
pub const ROWS_PER_ANSWER_MAX: usize = 100_000;

/// What a statement must have touched (or returned, when it returns rows).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Any number of rows, none included.
    Any,
    /// Exactly one row; otherwise the whole batch is undone and answered `Missed`.
    OneRow,
    /// Exactly so many rows, or the same: for a statement about many rows at once.
    Rows(usize),
}

/// One statement of a batch.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// Plain SQL with placeholders `?1`, `?2` …
    pub sql: &'static str,
    /// One value for each placeholder, by number.
    pub values: Vec<Value>,
    /// What it must have touched.
    pub expect: Expect,
    /// What is said when the expectation is missed.
    pub tag: &'static str,
}

impl Stmt {
    /// A statement that may touch any number of rows.
    pub fn any(sql: &'static str, values: impl Into<Vec<Value>>) -> Self {
        Self { sql, values: values.into(), expect: Expect::Any, tag: "" }
    }

    /// A guard: it must touch exactly one row, or the batch is `Missed` with this tag.
    pub fn one(sql: &'static str, values: impl Into<Vec<Value>>, tag: &'static str) -> Self {
        Self { sql, values: values.into(), expect: Expect::OneRow, tag }
    }

    /// Whether this many rows are what was expected.
    fn satisfied_by(&self, rows: usize) -> bool {
        match self.expect {
            Expect::Any => true,
            Expect::OneRow => rows == 1,
            Expect::Rows(wanted) => rows == wanted,
        }
    }
}

/// One question of a snapshot.
#[derive(Clone, Debug)]
pub struct Query {
    /// Plain SQL with placeholders `?1`, `?2` …
    pub sql: &'static str,
    /// One value for each placeholder, by number.
    pub values: Vec<Value>,
}

impl Query {
    /// A question.
    pub fn new(sql: &'static str, values: impl Into<Vec<Value>>) -> Self {
        Self { sql, values: values.into() }
    }
}

/// What came back: for each statement its rows, empty for a statement that returns none.
pub type Rows = Vec<Vec<Row>>;

/// Why a batch was not kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// A guard did not touch exactly one row. Nothing of the batch is kept.
    #[error("the guard {tag:?} missed")]
    Missed {
        /// The tag of the first guard that missed.
        tag: &'static str,
    },
    /// A CHECK refused. Nothing of the batch is kept.
    #[error("the limit {name:?} was reached")]
    Limit {
        /// The name of the constraint.
        name: String,
    },
    /// Broken. Nothing of the batch is kept, unless the fault is `uncertain()`.
    #[error(transparent)]
    Broken(#[from] Fault),
}

/// Where the data are.
#[derive(Clone)]
pub enum Place {
    /// One file, with a `-wal` and a `-shm` beside it while in use.
    Sqlite {
        /// The file; made when absent, its folder must exist.
        path: PathBuf,
        /// Threads that read. Two suit a small machine.
        readers: NonZeroUsize,
    },
    /// A PostgreSQL server, 14 or newer.
    Postgres {
        /// `postgresql://…` or `host=/run/postgresql user=… dbname=…`. TLS is used exactly when it
        /// says `sslmode=require`, and then the server's certificate and name are checked.
        url: String,
        /// Certificates to trust, PEM; the system's own bundle when absent.
        ca_file: Option<PathBuf>,
        /// Connections that write. Each commits one group at a time. One is best near the server:
        /// its groups never wait for each other's locks. Far from it, two hide the way there.
        writers: NonZeroUsize,
        /// Connections that read.
        readers: NonZeroUsize,
    },
}

/// Two of something: `const` since the standard library has no literal for it.
const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

impl Place {
    /// An SQLite file with the usual settings.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite { path: path.into(), readers: TWO }
    }

    /// A PostgreSQL server with the usual settings.
    pub fn postgres(url: impl Into<String>) -> Self {
        let (writers, readers) = (NonZeroUsize::MIN, TWO);
        Self::Postgres { url: url.into(), ca_file: None, writers, readers }
    }
}

impl fmt::Debug for Place {
    /// Without the address of the server, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => write!(f, "SQLite at {}", path.display()),
            Self::Postgres { .. } => write!(f, "PostgreSQL"),
        }
    }
}

/// Which engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// SQLite, in this process.
    Sqlite,
    /// PostgreSQL, a server.
    Postgres,
}

/// A setting that durability rests on, as the engine itself reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The engine's name for it.
    pub name: &'static str,
    /// Its value now.
    pub value: String,
    /// Whether an answered commit survives a power cut with this value.
    pub sound: bool,
}

/// Counters since the engine was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Durable commits.
    pub groups: u64,
    /// Batches kept by them.
    pub batches: u64,
    /// The most batches kept by one.
    pub largest_group: u64,
    /// Batches that missed a guard or reached a limit.
    pub refused: u64,
    /// Groups undone and run again because one of their batches could not be kept.
    pub replays: u64,
    /// Batches answered with a fault.
    pub faults: u64,
    /// Snapshots read.
    pub reads: u64,
}

#[derive(Debug, Default)]
struct Counters {
    groups: AtomicU64,
    batches: AtomicU64,
    largest_group: AtomicU64,
    refused: AtomicU64,
    replays: AtomicU64,
    faults: AtomicU64,
    reads: AtomicU64,
}

impl Counters {
    /// Counts one durable commit that kept this many batches.
    fn group(&self, batches: usize) {
        let batches = batches as u64;
        self.groups.fetch_add(1, Relaxed);
        self.batches.fetch_add(batches, Relaxed);
        self.largest_group.fetch_max(batches, Relaxed);
    }

    /// Counts what a batch was answered with, kept ones aside.
    fn answer(&self, answer: &Result<Rows, CommitError>) {
        match answer {
            Ok(_) => {}
            Err(CommitError::Missed { .. } | CommitError::Limit { .. }) => {
                self.refused.fetch_add(1, Relaxed);
            }
            Err(CommitError::Broken(_)) => {
                self.faults.fetch_add(1, Relaxed);
            }
        }
    }
}

/// One batch on its way to a writer.
struct Request {
    /// Rows that come before the batch; such a request is alone.
    load: Option<Load>,
    /// What is asked first; the batch is empty until it was.
    plan: Option<Plan>,
    batch: Vec<Stmt>,
    /// Whether it is a transaction of its own, sharing with nobody.
    alone: bool,
    reply: tokio::sync::oneshot::Sender<Result<Rows, CommitError>>,
}

/// A batch inside a group, with its answer once that is known. The answer is held back until the
/// group is durable.
struct Member {
    request: Request,
    answer: Option<Result<Rows, CommitError>>,
}

impl Member {
    fn new(request: Request) -> Self {
        Self { request, answer: None }
    }

    fn kept(&self) -> bool {
        matches!(self.answer, Some(Ok(_)))
    }

    /// Answers; a caller that has gone away is no matter.
    fn reply(self, counters: &Counters) {
        let forgotten = || Err(Fault::new("a batch was left without an answer").into());
        let answer = self.answer.unwrap_or_else(forgotten);
        counters.answer(&answer);
        self.request.reply.send(answer).ok();
    }
}

/// The database: one of two engines. Cheap to clone; the last clone dropped ends its threads and
/// connections, and loses nothing, since whatever was answered is durable already.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    counters: Arc<Counters>,
}

#[derive(Clone)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the database. Must be called on the runtime that will serve it.
    ///
    /// # Errors
    /// A fault that says what to do: an address that cannot be read, a server that does not
    /// answer, a file that cannot be opened, a library that is too old to be safe.
    pub async fn open(place: &Place) -> Result<Self, Fault> {
        let counters = Arc::new(Counters::default());
        let engine = match place {
            Place::Sqlite { path, readers } => Engine::Sqlite(
                sqlite::Sqlite::open(path.clone(), *readers, Arc::clone(&counters)).await?,
            ),
            Place::Postgres { url, ca_file, writers, readers } => {
                let door = postgres::Door::new(url, ca_file.as_deref())?;
                let counters = Arc::clone(&counters);
                Engine::Postgres(
                    postgres::Postgres::open(door, *writers, *readers, counters).await?,
                )
            }
        };
        Ok(Self { engine, counters })
    }

    /// Which engine it is.
    pub fn kind(&self) -> EngineKind {
        match self.engine {
            Engine::Sqlite(_) => EngineKind::Sqlite,
            Engine::Postgres(_) => EngineKind::Postgres,
        }
    }

    /// Asks all questions of ONE snapshot, which holds every commit answered before. The answers
    /// stand in the order of the questions.
    ///
    /// # Errors
    /// A fault when the engine is broken or a question is wrong.
    pub async fn read(&self, queries: Vec<Query>) -> Result<Rows, Fault> {
        queries.iter().try_for_each(|query| presentable(&query.values))?;
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        self.counters.reads.fetch_add(1, Relaxed);
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(queries).await,
            Engine::Postgres(postgres) => postgres.read(queries).await,
        }
    }

    /// The rows of one question.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn rows(
        &self,
        sql: &'static str,
        values: impl Into<Vec<Value>>,
    ) -> Result<Vec<Row>, Fault> {
        let answers = self.read(vec![Query::new(sql, values)]).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// The only row of one question, if there is one.
    ///
    /// # Errors
    /// As for [`Db::read`], and when there is more than one row.
    pub async fn one(
        &self,
        sql: &'static str,
        values: impl Into<Vec<Value>>,
    ) -> Result<Option<Row>, Fault> {
        let mut rows = self.rows(sql, values).await?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            many => Err(Fault::new(format!("{many} rows where one was asked for: {sql}"))),
        }
    }

    /// Keeps all statements of the batch, or none. Returns, for each, the rows it returned, when
    /// the commit is durable. A caller that stops waiting does not undo the batch.
    ///
    /// # Errors
    /// `Missed` and `Limit` when a guard or a CHECK says no; a fault when the engine is broken.
    pub async fn commit(&self, batch: Vec<Stmt>) -> Result<Rows, CommitError> {
        self.send(None, None, batch, false).await
    }

    /// Asks all questions and commits what `then` makes of the answers, as [`Db::commit`] does. On
    /// SQLite both happen in one turn of the writing thread, so nothing changes in between and a
    /// caller waits once and not twice; on PostgreSQL guards are needed as ever. The questions must
    /// be quick, and `then` must not wait: everybody's writes stand behind them. It is called once
    /// at most.
    ///
    /// # Errors
    /// As for [`Db::read`] and [`Db::commit`].
    pub async fn commit_found(
        &self,
        queries: Vec<Query>,
        then: impl FnOnce(Rows) -> Vec<Stmt> + Send + Sync + 'static,
    ) -> Result<Rows, CommitError> {
        queries.iter().try_for_each(|query| presentable(&query.values))?;
        if let Engine::Postgres(postgres) = &self.engine {
            self.counters.reads.fetch_add(1, Relaxed);
            let found = match queries.is_empty() {
                true => Rows::new(),
                false => postgres.look(queries).await?,
            };
            return self.commit(then(found)).await;
        }
        self.send(None, Some(Plan::new(queries, then)), Vec::new(), false).await
    }

    /// As [`Db::commit`], but as a transaction of its own: for an import of many rows, which
    /// should not be undone and run again because a stranger beside it missed. New rows may come
    /// first, faster than by statements.
    ///
    /// # Errors
    /// As for [`Db::commit`].
    pub async fn bulk(&self, load: Option<Load>, batch: Vec<Stmt>) -> Result<Rows, CommitError> {
        self.send(load, None, batch, true).await
    }

    async fn send(
        &self,
        load: Option<Load>,
        plan: Option<Plan>,
        batch: Vec<Stmt>,
        alone: bool,
    ) -> Result<Rows, CommitError> {
        checked(&batch)?;
        load.as_ref().map_or(Ok(()), Load::check)?;
        let (reply, answer) = tokio::sync::oneshot::channel();
        let request = Request { load, plan, batch, alone, reply };
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.send(request).await?,
            Engine::Postgres(postgres) => postgres.send(request).await?,
        }
        // The writer ends only when it was told to; a batch it took is answered before.
        answer.await.map_err(|_| Fault::unknown("the writer ended while a batch waited"))?
    }

    /// Brings the tables up to what this program knows. Any number of nodes may start at once.
    ///
    /// # Errors
    /// A fault when the schema is newer than this program can work with, when a step that was
    /// applied has another digest than the one here, or when a step fails.
    pub async fn migrate(
        &self,
        steps: &'static [Migration],
        at: Instant,
    ) -> Result<Migrated, Fault> {
        migrate::check_list(steps)?;
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.migrate(steps, at).await,
            Engine::Postgres(postgres) => postgres.migrate(steps, at).await,
        }
    }

    /// The newest step of the oldest program that can work on the schema as it is now: another
    /// node may have changed that since [`Db::migrate`].
    ///
    /// # Errors
    /// A fault when the engine does not answer, or there is no schema.
    pub async fn oldest_program(&self) -> Result<i64, Fault> {
        let row = self.one(migrate::OLDEST, Vec::new()).await?;
        row.map_or_else(|| Err(Fault::new("the database has no schema of ours")), |row| row.int(0))
    }

    /// The settings durability rests on, asked of the engine itself on a writing connection.
    ///
    /// # Errors
    /// A fault when the engine does not answer.
    pub async fn durability(&self) -> Result<Vec<Setting>, Fault> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.durability().await,
            Engine::Postgres(postgres) => postgres.durability().await,
        }
    }

    /// Whether the engine understands this text with the tables as they are; runs nothing.
    ///
    /// # Errors
    /// A fault with the engine's own words when it does not.
    pub async fn check(&self, sql: &str) -> Result<(), Fault> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.check(sql).await,
            Engine::Postgres(postgres) => postgres.check(sql).await,
        }
    }

    /// Counters since the engine was opened.
    pub fn stats(&self) -> Stats {
        let c = &self.counters;
        Stats {
            groups: c.groups.load(Relaxed),
            batches: c.batches.load(Relaxed),
            largest_group: c.largest_group.load(Relaxed),
            refused: c.refused.load(Relaxed),
            replays: c.replays.load(Relaxed),
            faults: c.faults.load(Relaxed),
            reads: c.reads.load(Relaxed),
        }
    }
}

/// Refuses a batch that no engine should be given.
fn checked(batch: &[Stmt]) -> Result<(), Fault> {
    if batch.len() > STATEMENTS_PER_BATCH_MAX {
        let many = batch.len();
        return Err(Fault::new(format!(
            "a batch of {many} statements: split it, {STATEMENTS_PER_BATCH_MAX} are the most"
        )));
    }
    batch.iter().try_for_each(|stmt| presentable(&stmt.values))
}

/// Refuses what only one engine could keep.
fn presentable(values: &[Value]) -> Result<(), Fault> {
    for value in values {
        // Looked through to its end, many bytes at a time: hardly any text has one.
        if let Value::Text(text) = value
            && text.bytes().fold(false, |found, byte| found | (byte == 0))
        {
            return Err(Fault::new(
                "a text holds U+0000, which PostgreSQL cannot keep: refuse it before the store",
            ));
        }
    }
    Ok(())
}

/// Where a statement's text lies. Texts are `'static`, so place and length name it for good, and
/// finding a prepared statement needs no look at its letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct SqlKey(usize, usize);

impl SqlKey {
    fn of(sql: &'static str) -> Self {
        Self(sql.as_ptr() as usize, sql.len())
    }
}
