//! The SQLite engine: one thread that writes, a few that read WAL snapshots, and the file they
//! share. Callers wait on channels, never on the disk. The file must never be opened by a library
//! older than 3.51.3: two connections of such a one can lose what was committed.

pub(super) mod copy;
mod write;

use super::{Counters, Query, ROWS_PER_ANSWER_MAX, Request, Row, Rows, Setting, SqlKey, Value};
use crate::fault::Fault;
use crate::migrate::{self, Applied, Migrated, Migration};
use domain::Instant;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ffi};
use std::collections::HashMap;
use std::fs::{OpenOptions, Permissions};
use std::num::NonZeroUsize;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The first version without the WAL-reset corruption, as `sqlite3_libversion_number` counts.
const LIBRARY_OLDEST: i32 = 3_051_003;

/// How long a commit waits for another process that writes to the file.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Snapshots that may wait for a reading thread; past this a caller waits for room.
const READS_WAITING_MAX: usize = 1_024;

/// Memory for pages, writing thread; the upper levels of every index stay in it.
const WRITER_CACHE_KIB: i32 = 65_536;

/// Memory for pages, each reading thread.
const READER_CACHE_KIB: i32 = 16_384;

/// Steps of SQLite's machine between two looks at how far a read has come.
const STEPS_PER_LOOK: i32 = 1_000_000;

/// Looks one snapshot may last: 300 million steps, some ten seconds. Counted in steps and not in
/// seconds, so that a slow disk does not refuse what a fast one allows.
const LOOKS_PER_READ_MAX: u32 = 300;

/// What the writing thread is asked.
enum Job {
    Commit(Request),
    Task(Box<dyn FnOnce(&Connection) + Send>),
}

/// What a reading thread is asked.
struct Read {
    queries: Vec<Query>,
    reply: oneshot::Sender<Result<Rows, Fault>>,
}

/// Two channels to the threads.
#[derive(Clone)]
pub(super) struct Sqlite {
    writer: mpsc::Sender<Job>,
    readers: mpsc::Sender<Read>,
}

impl Sqlite {
    /// Opens or makes the file and starts the threads.
    pub(super) async fn open(
        path: PathBuf,
        readers: NonZeroUsize,
        counters: Arc<Counters>,
    ) -> Result<Self, Fault> {
        let start = move || start(&path, readers, counters);
        tokio::task::spawn_blocking(start)
            .await
            .map_err(|why| Fault::new("starting the threads of the database").because(why))?
    }

    pub(super) async fn send(&self, request: Request) -> Result<(), Fault> {
        self.writer.send(Job::Commit(request)).await.map_err(|_| ended())
    }

    pub(super) async fn read(&self, queries: Vec<Query>) -> Result<Rows, Fault> {
        let (reply, answer) = oneshot::channel();
        self.readers.send(Read { queries, reply }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    pub(super) async fn migrate(
        &self,
        steps: &'static [Migration],
        at: Instant,
    ) -> Result<Migrated, Fault> {
        self.task(move |connection| apply(connection, steps, at)).await
    }

    pub(super) async fn durability(&self) -> Result<Vec<Setting>, Fault> {
        self.task(settings).await
    }

    pub(super) async fn check(&self, sql: &str) -> Result<(), Fault> {
        let sql = sql.to_owned();
        let look = move |connection: &Connection| {
            connection.prepare(&sql).map(drop).map_err(|why| fault("preparing a statement", why))
        };
        self.task(look).await
    }

    /// Runs something on the writing thread, between two groups.
    async fn task<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(move |connection: &Connection| {
            reply.send(work(connection)).ok();
        });
        self.writer.send(Job::Task(task)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

fn ended() -> Fault {
    Fault::new("the threads of the database have ended")
}

fn start(path: &Path, readers: NonZeroUsize, counters: Arc<Counters>) -> Result<Sqlite, Fault> {
    if rusqlite::version_number() < LIBRARY_OLDEST {
        return Err(Fault::new(format!(
            "SQLite {} can lose commits: build with 3.51.3 or newer",
            rusqlite::version()
        )));
    }
    let (writer, jobs) = mpsc::channel(super::BATCHES_WAITING_MAX);
    let first = write::Book::open(path)?;
    let own = path.to_owned();
    spawn("store-writer", move || write::run(&own, first, jobs, &counters))?;
    let (questions, queue) = mpsc::channel(READS_WAITING_MAX);
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..readers.get() {
        let first = open_reader(path)?;
        let (own, queue) = (path.to_owned(), Arc::clone(&queue));
        spawn("store-reader", move || serve_reads(&own, first, &queue))?;
    }
    Ok(Sqlite { writer, readers: questions })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|why| Fault::new("starting a thread of the database").because(why))
}

/// Makes the file when absent. Nobody but its owner may look into it; the files SQLite puts beside
/// it take the same permissions.
fn secure(path: &Path) -> Result<(), Fault> {
    let trouble = |why| {
        let path = path.display();
        Fault::new(format!("opening {path}: its folder must exist and be ours")).because(why)
    };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(trouble)?;
    let mode = file.metadata().map_err(trouble)?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600)).map_err(trouble)?;
    }
    Ok(())
}

fn open_file(path: &Path, flags: OpenFlags, settings: &str) -> Result<Connection, Fault> {
    let opened = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let prepared = opened.and_then(|connection| {
        connection.busy_timeout(BUSY_WAIT)?;
        connection.execute_batch(settings)?;
        Ok(connection)
    });
    prepared.map_err(|why| fault(&format!("opening {}", path.display()), why))
}

/// A connection that reads.
struct Lamp {
    connection: Connection,
    /// Looks taken during the snapshot that is being read.
    looks: Arc<AtomicU32>,
}

fn open_reader(path: &Path) -> Result<Lamp, Fault> {
    let settings = format!("PRAGMA query_only = ON; PRAGMA cache_size = -{READER_CACHE_KIB};");
    let mut connection = open_file(path, OpenFlags::SQLITE_OPEN_READ_ONLY, &settings)?;
    let looks = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&looks);
    let tired = move || counted.fetch_add(1, Relaxed) >= LOOKS_PER_READ_MAX;
    let set = connection.progress_handler(STEPS_PER_LOOK, Some(tired));
    set.map_err(|why| fault(&format!("opening {}", path.display()), why))?;
    Ok(Lamp { connection, looks })
}

/// One reading thread: takes a snapshot, answers, takes the next, until all senders are gone.
fn serve_reads(path: &Path, first: Lamp, queue: &Mutex<mpsc::Receiver<Read>>) {
    let mut opened = Some(first);
    while let Some(read) = next_read(queue) {
        match opened.take().map_or_else(|| open_reader(path), Ok) {
            Ok(lamp) => match serve_reads_on(&lamp, read, queue) {
                Health::Sick => {}
                Health::Fit => return,
            },
            Err(fault) => drop(read.reply.send(Err(fault))),
        }
    }
}

/// Whoever holds the lock waits for a question; the others wait for the lock.
fn next_read(queue: &Mutex<mpsc::Receiver<Read>>) -> Option<Read> {
    queue.lock().ok()?.blocking_recv()
}

/// Serves on one connection until it falls sick (then `Sick`) or all senders are gone.
fn serve_reads_on(lamp: &Lamp, first: Read, queue: &Mutex<mpsc::Receiver<Read>>) -> Health {
    let mut cache = Cache::new(&lamp.connection);
    let mut next = Some(first);
    while let Some(read) = next.take().or_else(|| next_read(queue)) {
        lamp.looks.store(0, Relaxed);
        let (rows, health) = snapshot(&mut cache, &read.queries);
        read.reply.send(rows).ok();
        if health == Health::Sick {
            return Health::Sick;
        }
    }
    Health::Fit
}

/// Reads one snapshot; also whether the connection is fit for more.
fn snapshot(cache: &mut Cache<'_>, queries: &[Query]) -> (Result<Rows, Fault>, Health) {
    let result = answer_all(cache, queries);
    let ended = cache.connection.is_autocommit() || cache.run("ROLLBACK", &[]).is_ok();
    let in_order = !matches!(&result, Err(why) if spread(why) == Spread::Everyone);
    let health = if ended && in_order { Health::Fit } else { Health::Sick };
    (result.map_err(|why| fault("reading from the database", why)), health)
}

/// Whether a connection can go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    /// It works.
    Fit,
    /// It should be opened anew.
    Sick,
}

fn answer_all(cache: &mut Cache<'_>, queries: &[Query]) -> rusqlite::Result<Rows> {
    if let [query] = queries {
        return Ok(vec![cache.run(query.sql, &query.values)?.1]);
    }
    cache.run("BEGIN", &[])?;
    let mut rows = Vec::with_capacity(queries.len());
    for query in queries {
        rows.push(cache.run(query.sql, &query.values)?.1);
    }
    cache.run("COMMIT", &[])?;
    Ok(rows)
}

/// Prepared statements of one connection. There are as many as there are texts in the program.
struct Cache<'c> {
    connection: &'c Connection,
    prepared: HashMap<SqlKey, Statement<'c>>,
}

impl<'c> Cache<'c> {
    fn new(connection: &'c Connection) -> Self {
        Self { connection, prepared: HashMap::new() }
    }

    /// Runs one statement: how many rows it touched or returned, and those it returned.
    fn run(&mut self, sql: &'static str, values: &[Value]) -> rusqlite::Result<(usize, Vec<Row>)> {
        use std::collections::hash_map::Entry;
        let statement = match self.prepared.entry(SqlKey::of(sql)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.connection.prepare(sql)?),
        };
        if statement.parameter_count() != values.len() {
            let wanted = statement.parameter_count();
            return Err(rusqlite::Error::InvalidParameterCount(values.len(), wanted));
        }
        for (i, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(i + 1, value)?;
        }
        let width = statement.column_count();
        if width == 0 {
            return Ok((statement.raw_execute()?, Vec::new()));
        }
        let mut rows = Vec::new();
        let mut cursor = statement.raw_query();
        while let Some(row) = cursor.next()? {
            if rows.len() == ROWS_PER_ANSWER_MAX {
                return Err(rusqlite::Error::QueryReturnedMoreThanOneRow);
            }
            let values: rusqlite::Result<Vec<Value>> =
                (0..width).map(|i| taken(i, row.get_ref(i)?)).collect();
            rows.push(Row::new(values?));
        }
        Ok((rows.len(), rows))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Null => ValueRef::Null,
        }))
    }
}

fn taken(i: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Text(text) => {
            let text =
                std::str::from_utf8(text).map_err(|why| rusqlite::Error::Utf8Error(i, why))?;
            Value::Text(text.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Null => Value::Null,
        ValueRef::Real(_) => {
            let kind = rusqlite::types::Type::Real;
            return Err(rusqlite::Error::InvalidColumnType(i, "no reals here".into(), kind));
        }
    })
}

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spread {
    /// The statement was wrong or was refused; the transaction goes on.
    Statement,
    /// The file or the machine is in trouble: everything in the transaction is lost.
    Everyone,
}

fn spread(error: &rusqlite::Error) -> Spread {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed,
        ) => Spread::Everyone,
        _ => Spread::Statement,
    }
}

/// Whether a disk is full. The index of the log is grown by writing, and SQLite says of that only
/// that it failed; nothing else keeps it from growing.
fn no_room(why: &rusqlite::Error) -> bool {
    let Some(error) = why.sqlite_error() else { return false };
    error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
}

/// An error of SQLite in the sentence `doing`.
fn fault(doing: &str, why: rusqlite::Error) -> Fault {
    let base = match why.sqlite_error_code() {
        _ if no_room(&why) => {
            Fault::full(format!("{doing}: the disk is full; it goes on when there is room"))
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Fault::later(format!("{doing}: another process holds the file"))
        }
        Some(ErrorCode::OutOfMemory | ErrorCode::CannotOpen) => Fault::later(doing.to_owned()),
        Some(ErrorCode::OperationInterrupted) => {
            Fault::new(format!("{doing}: a question that takes too long was stopped"))
        }
        _ if matches!(why, rusqlite::Error::QueryReturnedMoreThanOneRow) => {
            return Fault::new(format!(
                "{doing}: more than {ROWS_PER_ANSWER_MAX} rows in one answer: read in pages"
            ));
        }
        _ => Fault::new(doing.to_owned()),
    };
    base.because(why)
}

/// Applies what is left of the steps, all in one transaction.
fn apply(
    connection: &Connection,
    steps: &'static [Migration],
    at: Instant,
) -> Result<Migrated, Fault> {
    let trouble = |why| fault("bringing the tables up to date", why);
    connection.execute_batch("BEGIN IMMEDIATE").map_err(trouble)?;
    let migrated = apply_inside(connection, steps, at);
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute_batch(end).map_err(trouble);
    if ended.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(trouble)?;
    }
    migrated.and_then(|migrated| ended.map(|()| migrated))
}

fn apply_inside(
    connection: &Connection,
    steps: &'static [Migration],
    at: Instant,
) -> Result<Migrated, Fault> {
    let trouble = |why| fault("reading which steps the schema has", why);
    connection.execute_batch(migrate::OWN_TABLES).map_err(trouble)?;
    let applied = applied(connection).map_err(trouble)?;
    let mut oldest = connection.prepare(migrate::OLDEST).map_err(trouble)?;
    let oldest =
        oldest.query_map([], |row| row.get(0)).and_then(|mut rows| rows.next().transpose());
    let left = migrate::plan(steps, &applied, oldest.map_err(trouble)?)?;
    for step in left {
        let trouble = |why| fault(&format!("applying step {} {:?}", step.number, step.name), why);
        connection.execute_batch(&step.text(super::EngineKind::Sqlite)).map_err(trouble)?;
        connection.execute(migrate::NOTE_STEP, migrate::note(step, at)).map_err(trouble)?;
        connection.execute(migrate::NOTE_OLDEST, [i64::from(step.oldest)]).map_err(trouble)?;
    }
    Ok(Migrated::after(&applied, left))
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<Applied>> {
    let mut statement = connection.prepare(migrate::APPLIED)?;
    let rows = statement.query_map([], |row| {
        Ok(Applied { number: row.get(0)?, name: row.get(1)?, digest: row.get(2)? })
    })?;
    rows.collect()
}

/// What durability rests on, as the writing connection reports it.
fn settings(connection: &Connection) -> Result<Vec<Setting>, Fault> {
    let ask = |name: &'static str, sound: fn(&str) -> bool| {
        let sql = format!("PRAGMA {name}");
        let value = connection.query_row(&sql, [], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Integer(int) => int.to_string(),
                other => other.as_str()?.to_owned(),
            })
        });
        let value = value.map_err(|why| fault("reading the settings of the database", why))?;
        Ok(Setting { name, sound: sound(&value), value })
    };
    let version = rusqlite::version().to_owned();
    let sound = rusqlite::version_number() >= LIBRARY_OLDEST;
    Ok(vec![
        Setting { name: "sqlite_version", value: version, sound },
        ask("journal_mode", |mode| mode == "wal")?,
        ask("synchronous", |level| level == "2" || level == "3")?,
        ask("foreign_keys", |on| on == "1")?,
    ])
}
