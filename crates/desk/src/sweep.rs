//! What is done by the period: seals, nonces, old memory, jobs. Each sweep takes no input; it looks
//! at what is there, so a first run, a repeat and a restart are the same.

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

/// What was committed gets its number for export at least this often.
const FEED_EVERY: Duration = Duration::from_secs(1);

impl Desk {
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
        let index = follow("writing the search index", INDEX_EVERY, || self.index_once());
        let feed =
            follow("numbering what leaves by export", FEED_EVERY, || self.number_feed_once());
        let derived = async { tokio::join!(index, feed) };
        tokio::join!(seals, nonces, drops, self.work_jobs(), derived);
    }
}

/// Takes one step after another behind what is committed, without end. A failure is told and tried
/// again; nobody else notices.
async fn follow<F: Future<Output = Result<usize, Failure>>>(
    doing: &str,
    every: Duration,
    step: impl Fn() -> F,
) {
    loop {
        match step().await {
            Ok(0) => sleep(every).await,
            // More may wait; whoever has something to write comes first.
            Ok(_) => tokio::task::yield_now().await,
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
