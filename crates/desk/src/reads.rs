//! Who read what: kept in memory for up to a second and then written, or written before the answer
//! where an operator wants that. Reads of programs that report for payers are not kept: they see
//! what they sent.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::actor::{Actor, Role};
use domain::admin::reads::SUBJECT_CHARS_MAX;
use domain::admin::{AdminChange, Read, ReadView};
use domain::changes::{Change, Changes};
use domain::ids::ReadId;

use crate::nonces::NOBODY;
use crate::{Desk, Failure};

/// Rows that wait at most; beyond it, a reader waits until his own is written.
const BEHIND_MAX: usize = 20_000;

/// Rows written in one commit.
const WRITTEN_AT_ONCE_MAX: usize = 2_000;

/// What was read in the minute that runs.
#[derive(Default)]
struct Book {
    minute: i64,
    seen: HashSet<(i64, String, String, ReadView, String)>,
    behind: Vec<Read>,
}

/// What was read on this node.
#[derive(Default)]
pub struct ReadBook {
    book: Mutex<Book>,
    before_answer: AtomicBool,
}

impl ReadBook {
    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a row, unless the same was read in this minute. Gives whether the book is full.
    fn add(&self, minute: i64, read: Read) -> bool {
        self.with(|book| {
            if book.minute != minute {
                book.minute = minute;
                book.seen.clear();
            }
            let seen = (
                read.scope.number(),
                read.actor.clone(),
                read.credential.clone(),
                read.view,
                read.subject.clone(),
            );
            if book.seen.len() >= BEHIND_MAX {
                book.seen.clear(); // a row too many is better than memory without end
            }
            if book.seen.insert(seen) {
                book.behind.push(read);
            }
            book.behind.len() >= BEHIND_MAX
        })
    }

    fn take_behind(&self) -> Vec<Read> {
        self.with(|book| {
            let some = book.behind.len().min(WRITTEN_AT_ONCE_MAX);
            book.behind.drain(..some).collect()
        })
    }

    fn put_back(&self, mut reads: Vec<Read>) {
        self.with(|book| {
            reads.append(&mut book.behind);
            book.behind = reads;
        });
    }
}

impl Desk {
    /// Says whether a read is written before it is answered, instead of within a second.
    pub fn log_reads_before_answers(&self, before: bool) {
        self.inner.reads.before_answer.store(before, Ordering::Relaxed);
    }

    /// Notes that somebody reads personal data. Every view of such data calls it before it gives
    /// them out.
    ///
    /// # Errors
    /// A fault, where the row is written at once: then nothing is shown.
    pub async fn note_read(
        &self,
        by: &Actor,
        view: ReadView,
        subject: &str,
    ) -> Result<(), Failure> {
        if by.role == Role::Client {
            return Ok(());
        }
        let at = self.now();
        let read = Read {
            id: self.with_dice(|dice| ReadId::new(at, dice)).as_str().to_owned(),
            scope: by.scope,
            at,
            actor: by.name.clone(),
            credential: by.credential.clone(),
            view,
            subject: subject.chars().take(SUBJECT_CHARS_MAX).collect(),
        };
        let full = self.inner.reads.add(at.minute(), read);
        if full || self.inner.reads.before_answer.load(Ordering::Relaxed) {
            while self.write_reads_behind().await? > 0 {}
        }
        Ok(())
    }

    /// Writes the reads that wait. Gives how many.
    ///
    /// # Errors
    /// A fault; the rows then wait for the next time.
    pub async fn write_reads_behind(&self) -> Result<usize, Failure> {
        let reads = self.inner.reads.take_behind();
        let count = reads.len();
        if count == 0 {
            return Ok(0);
        }
        let mut changes = Changes::none(NOBODY, self.now());
        changes.list.push(Change::Admin(Box::new(AdminChange::ReadsLogged(reads.clone()))));
        if let Err(error) = store::commit(self.db(), &changes).await {
            self.inner.reads.put_back(reads);
            return Err(crate::failure::must(error).into());
        }
        Ok(count)
    }
}
