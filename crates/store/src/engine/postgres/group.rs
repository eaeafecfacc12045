//! Group commit on PostgreSQL: all batches that wait go into one transaction, all their statements
//! are sent without waiting for answers, and `COMMIT` follows only when every guard held. Nobody is
//! told "kept" before the server said so; when the line ends during `COMMIT`, nobody is told either
//! way.
//!
//! When a batch cannot be kept, the transaction is undone. The first such batch in order is
//! certain, since all before it held; later ones may have missed only because of it, so they are
//! suspects: the rest is sent again at once, and the suspects after it one by one, each in a
//! savepoint. So one bad batch costs one more round trip and never its neighbours.

use super::link::{Answer, Door, Link, Unprepared, Work, fault, in_order, lost};
use super::many;
use crate::engine::{
    BATCHES_PER_GROUP_MAX, CommitError, Counters, Expect, Load, Member, Request,
    STATEMENTS_PER_GROUP_ENOUGH, SqlKey, Stmt, Value,
};
use crate::fault::Fault;
use bytes::Bytes;
use futures_util::SinkExt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

/// Times a group is tried before its batches are answered with the fault: after a deadlock, a
/// timed-out lock or a lost connection, always before `COMMIT` was sent.
const ATTEMPTS_MAX: u32 = 5;

/// The wait before a group is tried again, times the attempts so far.
const ATTEMPT_WAIT: Duration = Duration::from_millis(50);

/// Runs of one group at full speed before all its batches are run one by one.
const ROUNDS_MAX: u32 = 4;

/// Members that are merged at least: below that there is nothing to gain.
const MERGED_MIN: usize = 3;

/// A task that writes.
pub(super) struct Writer {
    door: Arc<Door>,
    link: Option<Link>,
    counters: Arc<Counters>,
}

/// Why a transaction came to nothing.
enum Stop {
    /// Nothing is kept; it may be tried again.
    Again(Fault),
    /// The same would happen again, or nobody knows whether it is kept.
    Over(Fault),
}

impl From<tokio_postgres::Error> for Stop {
    fn from(why: tokio_postgres::Error) -> Self {
        let again = lost(&why)
            || why.code().is_some_and(|code| {
                [
                    SqlState::T_R_DEADLOCK_DETECTED,
                    SqlState::T_R_SERIALIZATION_FAILURE,
                    SqlState::LOCK_NOT_AVAILABLE,
                ]
                .contains(code)
            });
        let fault = fault("writing to the database", why);
        if again { Self::Again(fault) } else { Self::Over(fault) }
    }
}

impl Writer {
    pub(super) fn new(door: Arc<Door>, link: Option<Link>, counters: Arc<Counters>) -> Self {
        Self { door, link, counters }
    }

    /// Commits groups until all senders are gone.
    pub(super) async fn run(mut self, requests: Arc<Mutex<mpsc::Receiver<Request>>>) {
        let mut left = None;
        loop {
            let (mut members, after) = take(&requests, left.take()).await;
            if members.is_empty() {
                return;
            }
            left = after;
            self.settle(&mut members).await;
            for member in members {
                member.reply(&self.counters);
            }
        }
    }

    /// Leaves every member with an answer.
    async fn settle(&mut self, members: &mut [Member]) {
        let mut attempt = 1;
        loop {
            let link = match self.link.take().filter(|link| !link.closed()) {
                Some(link) => Ok(link),
                None => self.door.connect().await.map_err(Stop::Again),
            };
            let done = match link {
                Ok(link) => {
                    let transaction = Transaction { link: &link, counters: &self.counters };
                    let done = transaction.all(members).await;
                    // A connection that saw trouble is not asked whether it is clean.
                    self.link = done.is_ok().then_some(link);
                    done
                }
                Err(stop) => Err(stop),
            };
            let fault = match done {
                Ok(()) => return,
                Err(Stop::Again(fault)) if attempt == ATTEMPTS_MAX => fault,
                Err(Stop::Again(_)) => {
                    for member in members.iter_mut() {
                        member.answer = None;
                    }
                    tokio::time::sleep(ATTEMPT_WAIT * attempt).await;
                    attempt += 1;
                    continue;
                }
                Err(Stop::Over(fault)) => fault,
            };
            for member in members.iter_mut() {
                member.answer = Some(Err(fault.clone().into()));
            }
            return;
        }
    }
}

/// Takes the first waiting batch and all others that wait, up to the limits. A batch that wants to
/// be alone is given back when others were there first.
async fn take(
    requests: &Mutex<mpsc::Receiver<Request>>,
    left: Option<Request>,
) -> (Vec<Member>, Option<Request>) {
    if let Some(left) = left {
        // Not a look at the queue: another task may sit there and wait.
        return (vec![Member::new(left)], None);
    }
    let mut members: Vec<Member> = Vec::new();
    let mut statements = 0;
    let mut queue = requests.lock().await;
    let mut next = queue.recv().await;
    while let Some(request) = next {
        if request.alone {
            return match members.is_empty() {
                true => (vec![Member::new(request)], None),
                false => (members, Some(request)),
            };
        }
        statements += request.batch.len();
        members.push(Member::new(request));
        let full =
            members.len() >= BATCHES_PER_GROUP_MAX || statements >= STATEMENTS_PER_GROUP_ENOUGH;
        next = if full { None } else { queue.try_recv().ok() };
    }
    (members, None)
}

/// One transaction on one connection.
struct Transaction<'a> {
    link: &'a Link,
    counters: &'a Counters,
}

/// What came of one message.
type Outcome = Result<Answer, tokio_postgres::Error>;

/// Statements of several members, those with one text together.
#[derive(Default)]
struct Merged {
    members: Vec<usize>,
    parts: Vec<Part>,
}

/// One text with all that it is run for: which member, and which of its statements.
struct Part {
    key: SqlKey,
    statement: Statement,
    rows: Vec<(usize, usize)>,
}

impl Merged {
    /// Takes a member in, whose statements are these for many.
    fn add(&mut self, member: usize, batch: &[Stmt], all: Vec<Statement>) {
        self.members.push(member);
        for (place, (stmt, statement)) in batch.iter().zip(all).enumerate() {
            let key = SqlKey::of(stmt.sql);
            match self.parts.iter_mut().find(|part| part.key == key) {
                Some(part) => part.rows.push((member, place)),
                None => self.parts.push(Part { key, statement, rows: vec![(member, place)] }),
            }
        }
    }

    /// What is to be sent.
    fn work<'m>(&self, members: &'m [Member]) -> Vec<Work<'m>> {
        let work = |part: &Part| {
            let values =
                |&(i, place): &(usize, usize)| members[i].request.batch[place].values.as_slice();
            let rows: Vec<&[Value]> = part.rows.iter().map(values).collect();
            Work::Many(part.statement.clone(), many::columns(&rows))
        };
        self.parts.iter().map(work).collect()
    }

    /// Whether every row of every part was written. A server that says no is asked again, row by
    /// row; one that is gone is an error.
    fn held(&self, answers: impl Iterator<Item = Outcome>) -> Result<bool, Stop> {
        let mut held = true;
        for (part, answer) in self.parts.iter().zip(answers) {
            match answer {
                Ok(answer) => held &= answer.touched == part.rows.len(),
                Err(why) if why.as_db_error().is_some() && !lost(&why) => held = false,
                Err(why) => return Err(why.into()),
            }
        }
        Ok(held)
    }
}

/// What became of one batch of a run.
enum Fate {
    /// Kept, if the transaction is.
    Held(Vec<Vec<crate::engine::Row>>),
    /// Not kept.
    Not(CommitError),
    /// The transaction had ended already when its turn came.
    Untried,
}

impl Transaction<'_> {
    /// Answers every member and commits those that can be kept.
    async fn all(&self, members: &mut [Member]) -> Result<(), Stop> {
        self.prepare(members).await?;
        if let [member] = &mut *members
            && let Some(load) = &member.request.load
            && member.answer.is_none()
        {
            return match self.load(load).await? {
                Ok(()) => self.slow_and_commit(members, &[0]).await,
                Err(error) => {
                    member.answer = Some(Err(error));
                    Ok(self.link.client().batch_execute("ROLLBACK").await?)
                }
            };
        }
        let mut suspect = vec![false; members.len()];
        for round in 1.. {
            let open = |i: &usize| members[*i].answer.is_none();
            let (mut slow, mut fast): (Vec<usize>, Vec<usize>) =
                (0..members.len()).filter(open).partition(|i| suspect[*i]);
            if round > ROUNDS_MAX {
                slow.append(&mut fast);
                slow.sort_unstable();
            }
            if slow.is_empty() && fast.is_empty() {
                return Ok(());
            }
            if self.fast(members, &fast, &mut suspect, round == 1).await? {
                return self.slow_and_commit(members, &slow).await;
            }
            self.counters.replays.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    /// Begins, and sends the rows of a load. The inner error is this load's alone.
    async fn load(&self, load: &Load) -> Result<Result<(), CommitError>, Stop> {
        self.link.client().batch_execute("BEGIN").await?;
        match copy(self.link, load).await {
            Ok(rows) if rows == load.rows() as u64 => Ok(Ok(())),
            Ok(_) => Ok(Err(Fault::new("PostgreSQL took fewer rows than it was sent").into())),
            Err(why) if why.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Ok(Err(CommitError::Missed { tag: load.tag }))
            }
            Err(why) => Ok(Err(refused(why)?)),
        }
    }

    /// Prepares what is new, before the transaction: a failure then harms only its own batch.
    async fn prepare(&self, members: &mut [Member]) -> Result<(), Stop> {
        for member in members {
            for stmt in &member.request.batch {
                if self.link.knows(stmt.sql, &stmt.values).is_some() {
                    continue;
                }
                let fault = match self.link.prepared(stmt.sql, &stmt.values).await {
                    Ok(_) => continue,
                    Err(Unprepared::Wrong(fault)) => fault,
                    Err(Unprepared::Server(why)) if lost(&why) => return Err(why.into()),
                    Err(Unprepared::Server(why)) => fault("preparing a statement", why),
                };
                member.answer = Some(Err(fault.into()));
                break;
            }
        }
        Ok(())
    }

    /// Begins, and runs the members `fast` without waiting in between, with one statement for each
    /// text where that can be and `merging` says so. When some cannot be kept, answers the first,
    /// marks the others, rolls back and says false; when it is not known which, only that.
    async fn fast(
        &self,
        members: &mut [Member],
        fast: &[usize],
        suspect: &mut [bool],
        merging: bool,
    ) -> Result<bool, Stop> {
        let (merged, single) = match merging {
            true => self.merged(members, fast).await?,
            false => (Merged::default(), fast.to_vec()),
        };
        let mut opening = vec![Work::Control("BEGIN")];
        opening.extend(merged.work(members));
        let (opened, fates) = self.send(opening, members, &single).await?;
        let mut opened = opened.into_iter();
        if let Some(begun) = opened.next() {
            begun?;
        }
        if !merged.held(opened)? {
            self.link.client().batch_execute("ROLLBACK").await?;
            return Ok(false);
        }
        let mut first = true;
        let mut held = Vec::with_capacity(fast.len());
        for (&i, fate) in single.iter().zip(fates) {
            match fate {
                Fate::Held(rows) => held.push((i, rows)),
                Fate::Not(error) if first => {
                    first = false;
                    members[i].answer = Some(Err(error));
                }
                Fate::Not(_) => suspect[i] = true,
                Fate::Untried => {}
            }
        }
        if !first {
            self.link.client().batch_execute("ROLLBACK").await?;
            return Ok(false);
        }
        for (i, rows) in held {
            members[i].answer = Some(Ok(rows));
        }
        for i in merged.members {
            members[i].answer = Some(Ok(vec![Vec::new(); members[i].request.batch.len()]));
        }
        Ok(true)
    }

    /// The members whose statements can all be merged with those of others, and the rest.
    async fn merged(
        &self,
        members: &[Member],
        fast: &[usize],
    ) -> Result<(Merged, Vec<usize>), Stop> {
        let (mut merged, mut single) = (Merged::default(), Vec::new());
        for &i in fast {
            match self.all_for_many(&members[i].request.batch).await? {
                Some(all) => merged.add(i, &members[i].request.batch, all),
                None => single.push(i),
            }
        }
        if merged.members.len() < MERGED_MIN {
            return Ok((Merged::default(), fast.to_vec()));
        }
        Ok((merged, single))
    }

    async fn all_for_many(&self, batch: &[Stmt]) -> Result<Option<Vec<Statement>>, Stop> {
        let mut all = Vec::with_capacity(batch.len());
        for stmt in batch {
            if stmt.expect != Expect::OneRow {
                return Ok(None);
            }
            match self.link.for_many(stmt.sql, many::inserts).await? {
                Some(many) if many.fits(&stmt.values) => all.push(many.statement),
                _ => return Ok(None),
            }
        }
        Ok((!all.is_empty()).then_some(all))
    }

    /// Runs the members `slow` one by one inside the transaction, then commits.
    async fn slow_and_commit(&self, members: &mut [Member], slow: &[usize]) -> Result<(), Stop> {
        for &i in slow {
            let opening = vec![Work::Control("SAVEPOINT batch")];
            let (opened, mut fates) = self.send(opening, members, &[i]).await?;
            opened.into_iter().try_for_each(|answer| answer.map(drop))?;
            let fate = fates.pop();
            let (end, answer) = match fate {
                Some(Fate::Held(rows)) => ("RELEASE batch", Ok(rows)),
                Some(Fate::Not(error)) => ("ROLLBACK TO batch; RELEASE batch", Err(error)),
                _ => return Err(Stop::Over(Fault::new("a batch was left without an answer"))),
            };
            self.link.client().batch_execute(end).await?;
            members[i].answer = Some(answer);
        }
        let kept = members.iter().filter(|member| member.kept()).count();
        let end = if kept > 0 { "COMMIT" } else { "ROLLBACK" };
        match self.link.client().batch_execute(end).await {
            Ok(()) if kept > 0 => self.counters.group(kept),
            Ok(()) => {}
            Err(why) => return Err(ended_badly(why, kept > 0)),
        }
        Ok(())
    }

    /// Sends `opening` and all statements of the members named, and reads what came of the former
    /// and what became of each of the latter.
    async fn send(
        &self,
        opening: Vec<Work<'_>>,
        members: &[Member],
        named: &[usize],
    ) -> Result<(Vec<Outcome>, Vec<Fate>), Stop> {
        let mut work = opening;
        let opens = work.len();
        for &i in named {
            for stmt in &members[i].request.batch {
                let known = self.link.knows(stmt.sql, &stmt.values);
                let statement = match known {
                    Some(known) => known,
                    // Two batches of one group disagree about a type; rare enough to wait for.
                    None => self.prepared_again(stmt).await?,
                };
                work.push(Work::Statement(statement, &stmt.values));
            }
        }
        let mut answers = in_order(self.link, &work).await.into_iter();
        let opened = answers.by_ref().take(opens).collect();
        let mut fates = Vec::with_capacity(named.len());
        for &i in named {
            let batch = &members[i].request.batch;
            fates.push(fate(batch, answers.by_ref().take(batch.len()))?);
        }
        Ok((opened, fates))
    }

    async fn prepared_again(&self, stmt: &Stmt) -> Result<Statement, Stop> {
        match self.link.prepared(stmt.sql, &stmt.values).await {
            Ok(statement) => Ok(statement),
            Err(Unprepared::Wrong(fault)) => Err(Stop::Over(fault)),
            Err(Unprepared::Server(why)) => Err(why.into()),
        }
    }
}

/// Sends the rows of a load; how many the server took.
async fn copy(link: &Link, load: &Load) -> Result<u64, tokio_postgres::Error> {
    let sink = link.client().copy_in::<_, Bytes>(load.copy().as_str()).await?;
    let mut sink = std::pin::pin!(sink);
    for piece in load.pieces() {
        if sink.feed(piece).await.is_err() {
            break; // The server stopped listening; the end says why.
        }
    }
    sink.finish().await
}

/// Reads the answers to one batch. All of them are taken, whatever they are.
fn fate(
    batch: &[Stmt],
    answers: impl Iterator<Item = Result<Answer, tokio_postgres::Error>>,
) -> Result<Fate, Stop> {
    let mut rows = Vec::with_capacity(batch.len());
    let mut not = None;
    for (stmt, answer) in batch.iter().zip(answers) {
        match answer {
            _ if not.is_some() => {}
            Ok(answer) if stmt.satisfied_by(answer.touched) => rows.push(answer.rows),
            Ok(_) => not = Some(Fate::Not(CommitError::Missed { tag: stmt.tag })),
            Err(why) if why.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
                not = Some(Fate::Untried);
            }
            Err(why) => not = Some(Fate::Not(refused(why)?)),
        }
    }
    Ok(not.unwrap_or(Fate::Held(rows)))
}

/// What the server's no means for one batch, unless it means the whole transaction.
fn refused(why: tokio_postgres::Error) -> Result<CommitError, Stop> {
    let Some(db) = why.as_db_error() else {
        return Err(match lost(&why) {
            true => why.into(),
            false => Stop::Over(fault("writing to the database", why)),
        });
    };
    if *db.code() == SqlState::CHECK_VIOLATION {
        let name = db.constraint().unwrap_or_default().to_owned();
        return Ok(CommitError::Limit { name });
    }
    // Classes 22 and 23: values and constraints. 42: the text itself.
    if ["22", "23", "42"].iter().any(|class| db.code().code().starts_with(class)) {
        return Ok(fault("writing to the database", why).into());
    }
    Err(why.into())
}

/// A `COMMIT` or `ROLLBACK` that failed. The server's own no means that nothing is kept; silence
/// during `COMMIT` means that nobody knows.
fn ended_badly(why: tokio_postgres::Error, committing: bool) -> Stop {
    if committing && (why.as_db_error().is_none() || lost(&why)) {
        let say = "the connection to PostgreSQL ended during a commit";
        return Stop::Over(Fault::unknown(say).because(super::link::Plain::of(&why)));
    }
    why.into()
}
