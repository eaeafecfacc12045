//! Nonces that were spent, in memory: the first look. The database holds the same and decides
//! between nodes. Kept by the minute of the signed time, and dropped by whole minutes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::changes::{Change, Changes, Nonce};
use domain::{Instant, Millis};
use domain::{Scope, TenantId};

use crate::{Desk, Failure};
use domain::Refusal;

/// How far a signed time may be off, until [`Desk::keep_nonces_for`] says otherwise.
const WINDOW_MINUTES: i64 = 5;

/// Nonces written behind in one commit.
const WRITTEN_AT_ONCE_MAX: usize = 5_000;

#[derive(Default)]
struct Book {
    minutes: HashMap<i64, HashSet<[u8; 16]>>,
    behind: Vec<Nonce>,
}

/// What was spent on this node.
pub struct NonceBook {
    book: Mutex<Book>,
    /// Minutes back for which nonces are kept: the window, and the minute that has begun.
    minutes_kept: AtomicI64,
}

impl Default for NonceBook {
    fn default() -> Self {
        Self { book: Mutex::default(), minutes_kept: AtomicI64::new(WINDOW_MINUTES + 1) }
    }
}

impl NonceBook {
    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Spends a nonce; false when it was spent before in any minute that is kept.
    pub fn spend(&self, nonce: &Nonce) -> bool {
        self.with(|book| {
            if book.minutes.values().any(|minute| minute.contains(&nonce.digest)) {
                return false;
            }
            book.minutes.entry(nonce.minute).or_default().insert(nonce.digest)
        })
    }

    /// Gives a nonce back whose command came to nothing through a fault of ours.
    pub fn give_back(&self, nonce: &Nonce) {
        self.with(|book| {
            if let Some(minute) = book.minutes.get_mut(&nonce.minute) {
                minute.remove(&nonce.digest);
            }
        });
    }

    fn write_behind(&self, nonce: Nonce) {
        self.with(|book| book.behind.push(nonce));
    }

    fn take_behind(&self) -> Vec<Nonce> {
        self.with(|book| {
            let some = book.behind.len().min(WRITTEN_AT_ONCE_MAX);
            book.behind.drain(..some).collect()
        })
    }

    fn put_back(&self, mut nonces: Vec<Nonce>) {
        self.with(|book| {
            nonces.append(&mut book.behind);
            book.behind = nonces;
        });
    }

    fn drop_before(&self, minute: i64) {
        self.with(|book| book.minutes.retain(|one, _| *one >= minute));
    }
}

/// What housekeeping writes belongs to no tenant.
pub(crate) const NOBODY: Scope = Scope::new(TenantId(0), domain::Env::Staging);

impl Desk {
    /// Spends the nonce of a signed read: in memory at once, in the database within a second.
    /// Another node may take the same nonce for another read within that second; reading twice
    /// changes nothing.
    ///
    /// # Errors
    /// [`Refusal::NonceSpent`], or a fault.
    pub async fn spend_on_read(&self, nonce: Nonce) -> Result<(), Failure> {
        if !self.inner.nonces.spend(&nonce) {
            return Err(Refusal::NonceSpent.into());
        }
        if store::read::accounts::nonce_spent(self.db(), &nonce).await? {
            return Err(Refusal::NonceSpent.into());
        }
        self.inner.nonces.write_behind(nonce);
        Ok(())
    }

    /// Writes the nonces of signed reads that wait. Gives how many.
    ///
    /// # Errors
    /// A fault; the nonces then wait for the next time.
    pub async fn write_nonces_behind(&self) -> Result<usize, Failure> {
        let nonces = self.inner.nonces.take_behind();
        let count = nonces.len();
        if count == 0 {
            return Ok(0);
        }
        let mut changes = Changes::none(NOBODY, self.now());
        changes.list.push(Change::NoncesSpent(nonces.clone()));
        if let Err(error) = store::commit(self.db(), &changes).await {
            self.inner.nonces.put_back(nonces);
            return Err(crate::failure::must(error).into());
        }
        Ok(count)
    }

    /// Says how far a signed time may be off, either way: nonces are kept at least that long, or
    /// one could be used again.
    pub fn keep_nonces_for(&self, window: Millis) {
        let minutes = window.0.div_euclid(Millis::minutes(1).0) + 2;
        self.inner.nonces.minutes_kept.store(minutes, Ordering::Relaxed);
    }

    /// Forgets minutes that no signed time can name any more.
    ///
    /// # Errors
    /// A fault.
    pub async fn drop_old_nonces(&self) -> Result<(), Failure> {
        let now: Instant = self.now();
        let before_minute = now.minute() - self.inner.nonces.minutes_kept.load(Ordering::Relaxed);
        self.inner.nonces.drop_before(before_minute);
        let mut changes = Changes::none(NOBODY, now);
        changes.list.push(Change::NoncesDropped { before_minute });
        store::commit(self.db(), &changes).await.map_err(crate::failure::must)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_spent_once_over_all_minutes_until_its_minute_ends() {
        let book = NonceBook::default();
        let nonce = |minute| Nonce { minute, digest: [7; 16] };
        assert!(book.spend(&nonce(10)));
        assert!(!book.spend(&nonce(10)));
        assert!(!book.spend(&nonce(11)), "the same nonce under a later time");
        book.give_back(&nonce(10));
        assert!(book.spend(&nonce(10)));
        book.drop_before(11);
        assert!(book.spend(&nonce(16)));
    }
}
