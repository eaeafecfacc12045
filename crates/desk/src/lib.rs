//! May act: the one meeting place of rules and memory. A command is loaded for, decided and
//! committed in `execute`; sweeps and views stand beside it. It knows no HTTP, no JSON shape, no
//! SQL text and no socket.

pub mod accounts;
pub mod admin;
pub mod archive;
pub mod audit;
pub mod evidence;
pub mod execute;
pub mod export;
pub mod failure;
pub mod import;
pub mod indexing;
pub mod jobs;
pub mod nonces;
pub mod once;
pub mod outbox;
pub mod reads;
pub mod reseal;
pub mod search;
pub mod sweep;
pub mod views;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use domain::changes::{Change, Changes};
use domain::{Dice, Instant, Scope};
use store::engine::{CommitError, Db};
use tokio::sync::Notify;
use vault::keyring::Keyring;
use vault::password::Passwords;

pub use failure::Failure;
pub use store::Fault;

/// Asks what time it is. Only the binary owns one that asks the machine.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Instant;
}

/// Hashes of passwords computed at the same time: on two cores, more would only starve requests.
const PASSWORDS_AT_ONCE: usize = 2;

/// The desk: cheap to clone, one for the whole program.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    keys: Arc<Keyring>,
    passwords: Passwords,
    clock: Arc<dyn Clock>,
    dice: Mutex<Box<dyn Dice>>,
    outbox_grew: Notify,
    jobs_grew: Notify,
    nonces: nonces::NonceBook,
    known_keys: accounts::KeyCache,
    reads: reads::ReadBook,
    cabinet: OnceLock<::evidence::Cabinet>,
    outgoing: OnceLock<OutgoingRule>,
    mail_off: AtomicBool,
}

/// Says whether a URL may be called, or which rule forbids it.
pub type OutgoingRule = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

impl Desk {
    /// A desk over an opened and migrated database.
    pub fn new(db: Db, keys: Arc<Keyring>, clock: Arc<dyn Clock>, dice: Box<dyn Dice>) -> Self {
        let inner = Inner {
            db,
            keys,
            passwords: Passwords::new(PASSWORDS_AT_ONCE),
            clock,
            dice: Mutex::new(dice),
            outbox_grew: Notify::new(),
            jobs_grew: Notify::new(),
            nonces: nonces::NonceBook::default(),
            known_keys: accounts::KeyCache::default(),
            reads: reads::ReadBook::default(),
            cabinet: OnceLock::new(),
            outgoing: OnceLock::new(),
            mail_off: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// From now on no endpoint is added that this rule forbids: the one that will be asked before
    /// each request. A second rule changes nothing.
    pub fn judge_endpoints_by(&self, rule: OutgoingRule) {
        drop(self.inner.outgoing.set(rule));
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        self.inner.clock.now()
    }

    /// Does something with the dice. Nothing waits while they are held.
    pub fn with_dice<T>(&self, act: impl FnOnce(&mut dyn Dice) -> T) -> T {
        let mut dice = self.inner.dice.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut **dice)
    }

    /// The keys outside the database.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.inner.keys
    }

    /// Wakes when messages were queued on this node. It carries no data; a period finds the rest.
    pub fn outbox_grew(&self) -> &Notify {
        &self.inner.outbox_grew
    }

    /// How the engine groups its writes.
    pub fn stats(&self) -> store::engine::Stats {
        self.inner.db.stats()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    /// Writes one change by itself; false when its guard missed.
    pub(crate) async fn write(&self, scope: Scope, change: Change) -> Result<bool, Failure> {
        let mut changes = Changes::none(scope, self.now());
        changes.list.push(change);
        match store::commit(self.db(), &changes).await {
            Ok(()) => Ok(true),
            Err(CommitError::Missed { .. }) => Ok(false),
            Err(error) => Err(failure::must(error).into()),
        }
    }
}
