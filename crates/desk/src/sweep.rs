//! What is done by the period: seals, nonces, old memory, jobs. Each sweep takes no input; it looks
//! at what is there, so a first run, a repeat and a restart are the same.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::changes::{Change, Changes};
use domain::{Instant, Millis};
use tokio::time::sleep;

use crate::nonces::NOBODY;
use crate::{Desk, Failure};

/// How long the outcome of an idempotency key is remembered.
pub const KEY_MEMORY: Millis = Millis::days(7);

/// Signed reads are written behind at least this often.
const NONCES_EVERY: Duration = Duration::from_millis(500);

/// Whole minutes of nonces and old memory are dropped this often.
const DROP_EVERY: Duration = Duration::from_secs(60);

/// The search index is brought up at least this often: how long a new case cannot be found.
const INDEX_EVERY: Duration = Duration::from_secs(1);

/// From one step behind what is committed to the next: what comes meanwhile is taken together,
/// since a step may have to look through much that it has seen before.
const STEP_EVERY: Duration = Duration::from_millis(250);

/// What was committed gets its number for export at least this often.
const FEED_EVERY: Duration = Duration::from_secs(1);

/// Batches that share a commit on average when those who write are many.
const BUSY_GROUP: u64 = 16;

/// While they are many, the index rests for so many times as long as its step took: who can be
/// found a little later gives way to who waits for an answer. It catches up when they are fewer.
const GIVES_WAY: u32 = 3;

/// What one step behind what is committed came to.
pub(crate) struct Step {
    /// How much it wrote.
    pub(crate) wrote: usize,
    /// Whether more waits.
    pub(crate) more: bool,
}

impl Desk {
    /// Brings the index up, and gives way to those who write.
    async fn index_behind(&self) {
        let seen = Mutex::new(self.stats());
        let step = || async {
            let began = tokio::time::Instant::now();
            let step = self.index_step().await?;
            let now = self.stats();
            let was = {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::replace(&mut *seen, now)
            };
            let (batches, groups) = (now.batches - was.batches, now.groups - was.groups);
            if step.wrote > 0 && batches >= groups * BUSY_GROUP {
                sleep(began.elapsed() * GIVES_WAY).await;
            }
            Ok(step)
        };
        follow("writing the search index", INDEX_EVERY, step).await;
    }

    /// Numbering takes all that waits before it rests.
    async fn feed_step(&self) -> Result<Step, Failure> {
        let wrote = self.number_feed_once().await?;
        Ok(Step { wrote, more: wrote > 0 })
    }

    /// Forgets outcomes and quota windows that nobody can ask for any more.
    ///
    /// # Errors
    /// A fault.
    pub async fn drop_old_memory(&self) -> Result<(), Failure> {
        let now: Instant = self.now();
        let mut changes = Changes::none(NOBODY, now);
        changes.list.push(Change::MemoryDropped { before: now.plus(Millis(-KEY_MEMORY.0)) });
        store::commit(self.db(), &changes).await.map_err(crate::failure::must)?;
        Ok(())
    }

    /// Runs the housekeeping until the future is dropped. `sealed` is told each new seal, so that
    /// a copy can be kept outside the database.
    pub async fn keep_house(
        &self,
        seal_every: Duration,
        mut sealed: impl FnMut(&domain::audit::SignedSeal) + Send,
    ) {
        let seals = async {
            loop {
                match self.seal_once().await {
                    Ok(Some(seal)) => sealed(&seal),
                    Ok(None) => sleep(seal_every).await,
                    Err(failure) => {
                        log("sealing the histories", &failure);
                        sleep(seal_every).await;
                    }
                }
            }
        };
        let nonces = async {
            loop {
                if let Err(failure) = self.write_nonces_behind().await {
                    log("writing the nonces of reads", &failure);
                }
                if let Err(failure) = self.write_reads_behind().await {
                    log("writing who read what", &failure);
                }
                sleep(NONCES_EVERY).await;
            }
        };
        let drops = async {
            loop {
                for dropped in [self.drop_old_nonces().await, self.drop_old_memory().await] {
                    if let Err(failure) = dropped {
                        log("dropping what is old", &failure);
                    }
                }
                sleep(DROP_EVERY).await;
            }
        };
        let index = self.index_behind();
        let feed = follow("numbering what leaves by export", FEED_EVERY, || self.feed_step());
        let derived = async { tokio::join!(index, feed) };
        tokio::join!(seals, nonces, drops, self.work_jobs(), derived);
    }
}

/// Takes one step after another behind what is committed, without end. A failure is told and tried
/// again; nobody else notices.
async fn follow<F: Future<Output = Result<Step, Failure>>>(
    doing: &str,
    every: Duration,
    step: impl Fn() -> F,
) {
    loop {
        match step().await {
            // Whoever has something to write comes first.
            Ok(Step { more: true, .. }) => tokio::task::yield_now().await,
            Ok(Step { wrote: 0, .. }) => sleep(every).await,
            Ok(_) => sleep(STEP_EVERY).await,
            Err(failure) => {
                log(doing, &failure);
                sleep(every).await;
            }
        }
    }
}

pub(crate) fn log(doing: &str, failure: &Failure) {
    match failure {
        Failure::Broken(fault) => tracing::error!(fault = %fault.chain(), "{doing}"),
        Failure::Refused(refusal) => tracing::error!(refusal = refusal.code(), "{doing}"),
    }
}
