//! The PostgreSQL engine: a few connections that commit groups, a few that read snapshots, all of
//! which come back by themselves after the server was away. Every piece of work runs in a task of
//! its own, so a caller that goes away never leaves a transaction open.

pub(super) mod copy;
mod group;
mod link;
mod look;
mod many;
mod schema;

use super::{Counters, Query, ROWS_PER_ANSWER_MAX, Request, Row, Rows, Setting};
use crate::fault::Fault;
use crate::migrate::{Migrated, Migration};
use domain::Instant;
use futures_util::TryStreamExt;
pub(super) use link::Door;
use link::{Answer, Link, Work, fault, in_order, lost};
use look::Look;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

/// Times a snapshot is tried, each on a fresh connection after the last was lost.
const READ_ATTEMPTS_MAX: u32 = 4;

/// The wait before a snapshot is tried again, times the attempts so far.
const READ_WAIT: Duration = Duration::from_millis(50);

/// The queues of the tasks, and the connections that read.
#[derive(Clone)]
pub(super) struct Postgres {
    writer: mpsc::Sender<Request>,
    looks: mpsc::Sender<Look>,
    readers: Readers,
}

/// The connections that read.
#[derive(Clone)]
struct Readers {
    door: Arc<Door>,
    slots: Arc<[Slot]>,
    turn: Arc<AtomicUsize>,
}

/// A place for one connection, which is made when needed.
#[derive(Default)]
struct Slot {
    now: Mutex<Option<Arc<Link>>>,
    /// Held by whoever connects; with what came of the last try, if it failed.
    making: tokio::sync::Mutex<Option<Fault>>,
    /// Tries that have ended, well or not.
    tries: AtomicUsize,
}

impl Slot {
    /// The connection, made anew when it was lost. Those who wait while another tries share what
    /// came of it, so that a server that does not answer is waited for once and not in a row.
    async fn link(&self, door: &Door) -> Result<Arc<Link>, Fault> {
        if let Some(link) = self.usable() {
            return Ok(link);
        }
        let seen = self.tries.load(Acquire);
        let mut failed = self.making.lock().await;
        if let Some(link) = self.usable() {
            return Ok(link);
        }
        if self.tries.load(Acquire) != seen
            && let Some(fault) = failed.as_ref()
        {
            return Err(fault.clone());
        }
        let made = door.connect().await.map(Arc::new);
        self.tries.fetch_add(1, Release);
        *failed = made.as_ref().err().cloned();
        if let (Ok(link), Ok(mut now)) = (&made, self.now.lock()) {
            *now = Some(Arc::clone(link));
        }
        made
    }

    fn usable(&self) -> Option<Arc<Link>> {
        self.now.lock().ok()?.as_ref().filter(|link| !link.closed()).cloned()
    }
}

impl Postgres {
    /// Connects once, to say early what is wrong, and starts the writing tasks.
    pub(super) async fn open(
        door: Door,
        writers: NonZeroUsize,
        readers: NonZeroUsize,
        counters: Arc<Counters>,
    ) -> Result<Self, Fault> {
        let door = Arc::new(door);
        let mut first = Some(door.connect().await?);
        let (writer, requests) = mpsc::channel(super::BATCHES_WAITING_MAX);
        let requests = Arc::new(tokio::sync::Mutex::new(requests));
        for _ in 0..writers.get() {
            let writer = group::Writer::new(Arc::clone(&door), first.take(), Arc::clone(&counters));
            tokio::spawn(writer.run(Arc::clone(&requests)));
        }
        let slots = (0..readers.get()).map(|_| Slot::default()).collect();
        let readers = Readers { door, slots, turn: Arc::default() };
        let (looks, waiting) = mpsc::channel(look::LOOKS_WAITING_MAX);
        tokio::spawn(look::run(readers.clone(), waiting));
        Ok(Self { writer, looks, readers })
    }

    pub(super) async fn send(&self, request: Request) -> Result<(), Fault> {
        let sent = self.writer.send(request).await;
        sent.map_err(|_| Fault::new("the tasks of the database have ended"))
    }

    pub(super) async fn read(&self, queries: Vec<Query>) -> Result<Rows, Fault> {
        let readers = self.readers.clone();
        let task = tokio::spawn(async move { readers.read(&queries).await });
        task.await.map_err(|why| Fault::new("reading from the database").because(why))?
    }

    /// As [`Postgres::read`], together with others who look something up at the same time.
    pub(super) async fn look(&self, queries: Vec<Query>) -> Result<Rows, Fault> {
        let ended = || Fault::new("the tasks of the database have ended");
        let (reply, answer) = oneshot::channel();
        self.looks.send(Look { queries, reply }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    pub(super) async fn migrate(
        &self,
        steps: &'static [Migration],
        at: Instant,
    ) -> Result<Migrated, Fault> {
        let door = Arc::clone(&self.readers.door);
        let task = tokio::spawn(async move { schema::migrate(&door, steps, at).await });
        task.await.map_err(|why| Fault::new("bringing the tables up to date").because(why))?
    }

    pub(super) async fn check(&self, sql: &str) -> Result<(), Fault> {
        let link = self.readers.door.connect().await?;
        let (text, highest) = link::numbered(sql);
        let known = link.prepare(&text, |otherwise| vec![otherwise; highest]).await;
        known.map(drop).map_err(|why| fault("preparing a statement", why))
    }

    pub(super) async fn durability(&self) -> Result<Vec<Setting>, Fault> {
        schema::settings(&self.readers.door).await
    }
}

impl Readers {
    /// The next connection in turn.
    async fn link(&self) -> Result<Arc<Link>, Fault> {
        let turn = self.turn.fetch_add(1, Relaxed);
        self.slots[turn % self.slots.len()].link(&self.door).await
    }

    async fn read(&self, queries: &[Query]) -> Result<Rows, Fault> {
        let mut attempt = 1;
        loop {
            let (fault, again) = match self.link().await {
                Ok(link) => match snapshot(&link, queries).await? {
                    Ok(rows) => return Ok(rows),
                    Err(why) => {
                        let again = lost(&why);
                        if again {
                            link.abandon();
                        }
                        (fault("reading from the database", why), again)
                    }
                },
                Err(fault) => {
                    let again = fault.retryable();
                    (fault, again)
                }
            };
            if !again || attempt == READ_ATTEMPTS_MAX {
                return Err(fault);
            }
            tokio::time::sleep(READ_WAIT * attempt).await;
            attempt += 1;
        }
    }
}

/// Asks all queries of one snapshot. The outer error is a wrong query, the inner one the server's.
async fn snapshot(
    link: &Link,
    queries: &[Query],
) -> Result<Result<Rows, tokio_postgres::Error>, Fault> {
    let mut work = Vec::with_capacity(queries.len() + 2);
    if queries.len() > 1 {
        work.push(Work::Control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    }
    for query in queries {
        match link.prepared(query.sql, &query.values).await {
            Ok(statement) => work.push(Work::Statement(statement, &query.values)),
            Err(link::Unprepared::Wrong(fault)) => return Err(fault),
            Err(link::Unprepared::Server(why)) => return Ok(Err(why)),
        }
    }
    if queries.len() > 1 {
        work.push(Work::Control("COMMIT"));
    }
    let mut rows = Vec::with_capacity(queries.len());
    for (work, answer) in work.iter().zip(in_order(link, &work).await) {
        match answer {
            Ok(answer) if answer.rows.len() > ROWS_PER_ANSWER_MAX => {
                return Err(Fault::new(format!(
                    "more than {ROWS_PER_ANSWER_MAX} rows in one answer: read in pages"
                )));
            }
            Ok(answer) if matches!(work, Work::Statement(..)) => rows.push(answer.rows),
            Ok(_) => {}
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(rows))
}

/// Runs one statement that is prepared.
async fn run(link: &Link, work: &Work<'_>) -> Result<Answer, tokio_postgres::Error> {
    match work {
        Work::Control(sql) => {
            link.client().batch_execute(sql).await?;
            Ok(Answer::default())
        }
        Work::Statement(statement, values) => run_with(link, statement, values.iter()).await,
        Work::Many(statement, columns) => run_with(link, statement, columns.iter()).await,
    }
}

async fn run_with<'v, T: ToSql + Sync + 'v>(
    link: &Link,
    statement: &Statement,
    values: std::slice::Iter<'v, T>,
) -> Result<Answer, tokio_postgres::Error> {
    if statement.columns().is_empty() {
        let touched = link.client().execute_raw(statement, values).await?;
        return Ok(Answer {
            touched: usize::try_from(touched).unwrap_or(usize::MAX),
            rows: vec![],
        });
    }
    let width = statement.columns().len();
    let stream = link.client().query_raw(statement, values).await?;
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        // One more than allowed is enough to know.
        if rows.len() <= ROWS_PER_ANSWER_MAX {
            let values: Result<Vec<_>, _> = (0..width).map(|i| row.try_get(i)).collect();
            rows.push(Row::new(values?));
        }
    }
    Ok(Answer { touched: rows.len(), rows })
}
