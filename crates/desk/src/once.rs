//! Writes that are carried out once for each idempotency key: what a key remembers, and what goes
//! into the commit so that it does. Commands on cases have the same in `execute`. It must never
//! answer from memory what another request asked.

use domain::Refusal;
use domain::actor::Actor;
use domain::chain::Digest;
use domain::changes::{Outcome, Saved};

use crate::{Desk, Failure};

/// An idempotency key, with the digest of the request it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// As it was sent. Kept apart per credential.
    pub key: String,
    /// Of everything that the request asks.
    pub digest: Digest,
}

impl Once {
    /// The key as it is kept.
    pub(crate) fn name(&self, by: &Actor) -> String {
        key_of(by, &self.key)
    }

    /// What a commit remembers under the key, so that [`Desk::remembered`] says it again. A commit
    /// that misses on `store::write::tag::KEY` lost to another request with the same key: ask
    /// again what is remembered.
    pub fn saved(&self, by: &Actor, outcome: Outcome) -> Saved {
        Saved { key: self.name(by), digest: self.digest, outcome }
    }
}

/// A key with the credential that used it before it.
pub(crate) fn key_of(by: &Actor, key: &str) -> String {
    let credential = if by.credential.is_empty() { &by.name } else { &by.credential };
    format!("{credential}:{key}")
}

impl Desk {
    /// What came of the request that used the key before, when there was one.
    ///
    /// # Errors
    /// [`Refusal::KeyReusedForOther`] when that was another request, or a fault.
    pub async fn remembered(&self, by: &Actor, once: &Once) -> Result<Option<Outcome>, Failure> {
        let key = once.name(by);
        match store::read::cases::saved(self.db(), by.scope, &key).await? {
            Some(saved) if saved.digest != once.digest => Err(Refusal::KeyReusedForOther.into()),
            saved => Ok(saved.map(|saved| saved.outcome)),
        }
    }
}
