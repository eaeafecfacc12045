//! The writing thread of SQLite: takes all batches that wait, runs them in one transaction, makes
//! it durable, and only then answers. No batch may undo another, and nobody is told "kept" before
//! the disk has it.
//!
//! Batches run without savepoints at first, since almost all of them succeed and a savepoint makes
//! SQLite copy every page a batch touches. When one cannot be kept after it wrote something, the
//! whole group is undone and run again with a savepoint around each batch, so the price of a miss
//! is bounded by one second run, however many miss.

use super::{Cache, Health, Job, Spread, fault, no_room, open_file, secure, spread};
use crate::engine::{
    BATCHES_PER_GROUP_MAX, CommitError, Counters, Load, Member, Request, Rows,
    STATEMENTS_PER_GROUP_ENOUGH,
};
use crate::fault::Fault;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use tokio::sync::mpsc;

/// Pages of 4 KiB in the write-ahead log after which it is copied into the file, once the waiting
/// batches are answered. SQLite's own measure; four times as many gained no speed here, and made
/// the longest waits twice as long.
const WAL_PAGES_ENOUGH: i32 = 1_000;

/// The same while rows are loaded in bulk. Loads with random keys touch the same pages again and
/// again: copied seldom, those pages are written once for many loads.
const WAL_PAGES_ENOUGH_IN_BULK: i32 = 32_768;

/// Rows from which a load counts as bulk: more than a request of a program has.
const ROWS_IN_BULK: usize = 5_000;

/// Bytes the log may keep on disk after it was copied.
const WAL_BYTES_KEPT: u64 = 64 << 20;

/// The open file as the writing thread sees it.
pub(super) struct Book {
    connection: Connection,
    /// Pages in the log after the last commit.
    wal_pages: Arc<AtomicI32>,
}

impl Book {
    /// Opens or makes the file for writing.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        secure(path)?;
        let settings = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {WAL_BYTES_KEPT};
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{};",
            super::WRITER_CACHE_KIB
        );
        let mut connection = open_file(path, OpenFlags::SQLITE_OPEN_READ_WRITE, &settings)?;
        let trouble = |why| fault(&format!("opening {}", path.display()), why);
        let mode: String =
            connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(trouble)?;
        if mode != "wal" {
            return Err(Fault::new(format!(
                "{} cannot keep a write-ahead log ({mode}): put it on a local disk",
                path.display()
            )));
        }
        let wal_pages = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&wal_pages);
        let count = move |_: &mut rusqlite::hooks::Wal, pages| {
            counted.store(pages, Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(count)).map_err(trouble)?;
        Ok(Self { connection, wal_pages })
    }

    /// Copies the log into the file when it is long. Never waits for readers. A failure is no
    /// matter here: everything is durable in the log, and the next commit tries again.
    fn tidy(&self, in_bulk: bool) {
        let enough = if in_bulk { WAL_PAGES_ENOUGH_IN_BULK } else { WAL_PAGES_ENOUGH };
        if self.wal_pages.load(Relaxed) >= enough {
            self.wal_pages.store(0, Relaxed);
            let copied =
                self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            if let Err(why) = copied {
                tracing::warn!(%why, "the write-ahead log could not be copied");
            }
        }
    }
}

/// The thread: until all senders are gone. After trouble with the file it is opened anew, and while
/// that fails every batch is answered with the fault.
pub(super) fn run(path: &Path, first: Book, mut jobs: mpsc::Receiver<Job>, counters: &Counters) {
    let mut opened = Some(first);
    while let Some(job) = jobs.blocking_recv() {
        match opened.take().map_or_else(|| Book::open(path), Ok) {
            Ok(book) => match serve(&book, job, &mut jobs, counters) {
                Health::Sick => {}
                Health::Fit => return,
            },
            Err(fault) => match job {
                Job::Commit(request) => {
                    let answer = Some(Err(fault.into()));
                    Member { request, answer }.reply(counters);
                }
                Job::Task(task) => drop(task), // Its caller sees the channel end.
            },
        }
    }
}

/// Serves on one connection until it falls sick (then `Sick`) or all senders are gone.
fn serve(book: &Book, first: Job, jobs: &mut mpsc::Receiver<Job>, counters: &Counters) -> Health {
    let mut writer = Writer { cache: Cache::new(&book.connection), counters };
    let mut next = Some(first);
    loop {
        match next.take().or_else(|| jobs.blocking_recv()) {
            None => return Health::Fit,
            Some(Job::Task(task)) => task(&book.connection),
            Some(Job::Commit(request)) => {
                let rows = request.load.as_ref().map_or(0, Load::rows);
                let in_bulk = rows >= ROWS_IN_BULK;
                let (left, health) = writer.group(request, jobs);
                if health == Health::Sick {
                    // What was taken from the queue and not run must not get lost.
                    if let Some(job) = left {
                        refuse(job, counters);
                    }
                    return Health::Sick;
                }
                next = left;
                book.tidy(in_bulk);
            }
        }
    }
}

/// Answers a job that was not begun.
fn refuse(job: Job, counters: &Counters) {
    if let Job::Commit(request) = job {
        let fault = Fault::later("the database is being opened anew");
        Member { request, answer: Some(Err(fault.into())) }.reply(counters);
    }
}

/// Why a batch, or the whole group, stopped.
enum Stop {
    /// This batch cannot be kept.
    Batch(CommitError),
    /// Nothing of the group can.
    Group(Fault),
}

/// What a run of the group found.
enum Found {
    /// Everything answered so far may be committed as it stands.
    Clean,
    /// Some batch that is not kept left traces: undo everything and run again with savepoints.
    Traces,
}

struct Writer<'b> {
    cache: Cache<'b>,
    counters: &'b Counters,
}

impl Writer<'_> {
    /// One group: the first batch and all that wait or arrive while it runs. Returns a job that
    /// was taken and belongs to no group.
    fn group(&mut self, first: Request, jobs: &mut mpsc::Receiver<Job>) -> (Option<Job>, Health) {
        let mut members = Vec::new();
        let mut left = None;
        let kept =
            self.gather(first, jobs, &mut members, &mut left).and_then(|found| match found {
                Found::Clean => self.finish(&members),
                Found::Traces => {
                    self.counters.replays.fetch_add(1, Relaxed);
                    self.undo()?;
                    self.replay(&mut members)?;
                    self.finish(&members)
                }
            });
        let health = match kept {
            Ok(()) => Health::Fit,
            Err(fault) => {
                for member in &mut members {
                    member.answer = Some(Err(fault.clone().into()));
                }
                let usable = self.cache.connection.is_autocommit() || self.undo().is_ok();
                if usable && fault.retryable() { Health::Fit } else { Health::Sick }
            }
        };
        for member in members {
            member.reply(self.counters);
        }
        (left, health)
    }

    /// Begins, and runs batches without savepoints until none waits or the group is full.
    fn gather(
        &mut self,
        first: Request,
        jobs: &mut mpsc::Receiver<Job>,
        members: &mut Vec<Member>,
        left: &mut Option<Job>,
    ) -> Result<Found, Fault> {
        let mut found = Found::Clean;
        let mut statements = 0;
        let mut next = Some(first);
        // Members are noted before anything can fail, so that each is answered.
        let begun = self.control("BEGIN IMMEDIATE");
        while let Some(request) = next.take() {
            let alone = request.alone;
            members.push(Member::new(request));
            if begun.is_ok() && matches!(found, Found::Clean) {
                found = self.optimist(members)?;
            }
            statements += members.last().map_or(0, |member| member.request.batch.len());
            let full = alone
                || members.len() >= BATCHES_PER_GROUP_MAX
                || statements >= STATEMENTS_PER_GROUP_ENOUGH;
            match if full { None } else { jobs.try_recv().ok() } {
                Some(Job::Commit(request)) if !request.alone => next = Some(request),
                other => *left = other,
            }
        }
        begun.map(|()| found)
    }

    /// Runs the newest member without a savepoint.
    fn optimist(&mut self, members: &mut [Member]) -> Result<Found, Fault> {
        let Some(member) = members.last_mut() else { return Ok(Found::Clean) };
        let before = self.cache.connection.total_changes();
        match self.run(&mut member.request) {
            Ok(rows) => member.answer = Some(Ok(rows)),
            Err(Stop::Group(fault)) => return Err(fault),
            Err(Stop::Batch(error)) => {
                if self.cache.connection.total_changes() != before {
                    return Ok(Found::Traces);
                }
                member.answer = Some(Err(error));
            }
        }
        Ok(Found::Clean)
    }

    /// Runs all members again, each inside a savepoint.
    fn replay(&mut self, members: &mut [Member]) -> Result<(), Fault> {
        self.control("BEGIN IMMEDIATE")?;
        for member in members {
            self.control("SAVEPOINT batch")?;
            let answer = match self.run(&mut member.request) {
                Ok(rows) => Ok(rows),
                Err(Stop::Group(fault)) => return Err(fault),
                Err(Stop::Batch(error)) => {
                    self.control("ROLLBACK TO batch")?;
                    Err(error)
                }
            };
            self.control("RELEASE batch")?;
            member.answer = Some(answer);
        }
        Ok(())
    }

    /// Makes the group durable.
    fn finish(&mut self, members: &[Member]) -> Result<(), Fault> {
        let kept = members.iter().filter(|member| member.kept()).count();
        self.cache.run("COMMIT", &[]).map_err(|why| self.commit_trouble(why))?;
        if kept > 0 {
            self.counters.group(kept);
        }
        Ok(())
    }

    /// Asks what is to be asked first. In a second run the batch is there already.
    fn look(&mut self, request: &mut Request) -> Result<(), Stop> {
        let Some(plan) = &request.plan else { return Ok(()) };
        let mut found = Vec::with_capacity(plan.queries.len());
        for query in &plan.queries {
            match self.cache.run(query.sql, &query.values) {
                Ok((_, rows)) => found.push(rows),
                Err(why) => return Err(self.stop(why)),
            }
        }
        if let Some(plan) = request.plan.take() {
            request.batch = plan.follow(found).map_err(|fault| Stop::Batch(fault.into()))?;
        }
        Ok(())
    }

    /// Runs the load, when there is one, and the batch.
    fn run(&mut self, request: &mut Request) -> Result<Rows, Stop> {
        self.look(request)?;
        if let Some(load) = &request.load {
            for row in load.values.chunks(load.width) {
                match self.cache.run(load.each, row) {
                    Ok((1, _)) => {}
                    Ok(_) => return Err(Stop::Batch(CommitError::Missed { tag: load.tag })),
                    Err(why) => return Err(self.stop(why)),
                }
            }
        }
        let mut answer = Vec::with_capacity(request.batch.len());
        for stmt in &request.batch {
            let (touched, rows) = match self.cache.run(stmt.sql, &stmt.values) {
                Ok(done) => done,
                Err(why) => return Err(self.stop(why)),
            };
            if !stmt.satisfied_by(touched) {
                return Err(Stop::Batch(CommitError::Missed { tag: stmt.tag }));
            }
            answer.push(rows);
        }
        Ok(answer)
    }

    fn stop(&self, why: rusqlite::Error) -> Stop {
        if let Some(name) = broken_check(&why) {
            return Stop::Batch(CommitError::Limit { name });
        }
        let everyone = self.cache.connection.is_autocommit() || spread(&why) == Spread::Everyone;
        let fault = self.trouble("writing to", why);
        if everyone { Stop::Group(fault) } else { Stop::Batch(fault.into()) }
    }

    fn undo(&mut self) -> Result<(), Fault> {
        if self.cache.connection.is_autocommit() { Ok(()) } else { self.control("ROLLBACK") }
    }

    fn control(&mut self, sql: &'static str) -> Result<(), Fault> {
        let run = self.cache.run(sql, &[]);
        run.map(drop).map_err(|why| self.trouble("writing to", why))
    }

    /// An error with the file that it is about, so that a log says which disk is full.
    fn trouble(&self, doing: &str, why: rusqlite::Error) -> Fault {
        let file = self.cache.connection.path().unwrap_or("the database");
        fault(&format!("{doing} {file}"), why)
    }

    /// A commit that failed. When the disk would not say whether it wrote, nobody knows what a
    /// restart will find; a full disk and a refusal are certain.
    fn commit_trouble(&self, why: rusqlite::Error) -> Fault {
        match why.sqlite_error_code() {
            Some(ErrorCode::SystemIoFailure) if !no_room(&why) => {
                Fault::unknown("making a commit durable: the disk failed").because(why)
            }
            _ => self.trouble("making a commit durable in", why),
        }
    }
}

/// The name of a broken CHECK, if it is that.
fn broken_check(why: &rusqlite::Error) -> Option<String> {
    let rusqlite::Error::SqliteFailure(code, Some(message)) = why else { return None };
    let check = code.extended_code == ffi::SQLITE_CONSTRAINT_CHECK;
    check.then(|| message.trim_start_matches("CHECK constraint failed: ").to_owned())
}
