//! The keys of one installation, in a directory outside the database: for sealing, for audit
//! seals, for tokens, for lookups. Each kind has numbered versions; the highest is used, the older
//! ones still read. Losing this directory loses what it sealed: it is backed up apart from the
//! database, and nothing here ever deletes or rewrites a key.

pub(crate) mod files;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use domain::Dice;
use zeroize::Zeroizing;

use crate::audit_seal::AuditKey;
use crate::jwt::JwtKey;

/// Bytes in every key, of whatever kind (an AES-256 key, an Ed25519 seed, an HMAC key).
pub(crate) const KEY_BYTES: usize = 32;

/// The bytes of one key, wiped when dropped.
pub(crate) type KeyBytes = Zeroizing<[u8; KEY_BYTES]>;

/// What can be wrong with a key directory. Every variant says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// `create` found keys.
    #[error("{dir} already holds something: open it, or choose an empty directory for new keys")]
    AlreadyThere {
        /// The key directory.
        dir: PathBuf,
    },
    /// `open` found no directory.
    #[error("{dir} is not there: restore the key directory, or create one for a new installation")]
    Missing {
        /// The key directory.
        dir: PathBuf,
    },
    /// Others than the owner may read or write a key.
    #[error("{path} has mode {mode:o}: take all rights from group and others (chmod go= {path})")]
    Exposed {
        /// The directory or file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file does not hold what was written.
    #[error("{path} is damaged ({why}): restore it from the backup of the key directory")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A kind of key has no version at all.
    #[error("{dir} holds no {kind} key: restore it from the backup of the key directory")]
    Incomplete {
        /// The key directory.
        dir: PathBuf,
        /// The kind as in the file names.
        kind: &'static str,
    },
    /// The file system refused.
    #[error("{doing} {path}")]
    Io {
        /// What was attempted, as in "reading".
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The four kinds. Their words are in the file names and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Sealing,
    Audit,
    Jwt,
    Lookup,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Sealing, Self::Audit, Self::Jwt, Self::Lookup];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::Audit => "audit",
            Self::Jwt => "jwt",
            Self::Lookup => "lookup",
        }
    }
}

/// One symmetric key.
pub(crate) struct Key {
    version: u32,
    bytes: KeyBytes,
}

impl Key {
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.bytes
    }
}

/// All versions of one kind; never empty.
pub(crate) struct Shelf<K> {
    current: K,
    current_version: u32,
    older: BTreeMap<u32, K>,
}

impl<K> Shelf<K> {
    pub(crate) fn current(&self) -> &K {
        &self.current
    }

    pub(crate) fn get(&self, version: u32) -> Option<&K> {
        if version == self.current_version {
            return Some(&self.current);
        }
        self.older.get(&version)
    }

    /// Every version, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &K> {
        self.older.values().chain([&self.current])
    }
}

/// The keys as used, built once from the files.
pub(crate) struct Keys {
    pub(crate) sealing: Shelf<Key>,
    pub(crate) audit: Shelf<AuditKey>,
    pub(crate) jwt: Shelf<JwtKey>,
    pub(crate) lookup: Key,
}

/// The keys of one installation. Shared by reference; rotation and [`Keyring::reload`] change the
/// keys under all holders at once.
pub struct Keyring {
    dir: PathBuf,
    keys: RwLock<Arc<Keys>>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Makes a directory with one new key of each kind. It appears whole or not at all.
    ///
    /// # Errors
    /// [`KeyringError::AlreadyThere`] when `dir` exists and is not empty.
    pub fn create(dir: &Path, dice: &mut dyn Dice) -> Result<Self, KeyringError> {
        files::create(dir, dice)?;
        Self::open(dir)
    }

    /// Reads the keys in `dir`.
    ///
    /// # Errors
    /// Every variant but `AlreadyThere`.
    pub fn open(dir: &Path) -> Result<Self, KeyringError> {
        crate::jwt::install_provider();
        let keys = load(dir)?;
        Ok(Self { dir: dir.to_owned(), keys: RwLock::new(Arc::new(keys)) })
    }

    /// Reads the directory again, so that this process learns what another rotated. On an error
    /// the keys stay as they were.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn reload(&self) -> Result<(), KeyringError> {
        let keys = Arc::new(load(&self.dir)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Adds a sealing key, used from now on. Returns its version. Old seals stay readable; a sweep
    /// with `reseal` moves them.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn rotate_sealing(&self, dice: &mut dyn Dice) -> Result<u32, KeyringError> {
        self.rotate(Kind::Sealing, dice)
    }

    /// Adds an audit key, used from now on. Returns its version.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn rotate_audit(&self, dice: &mut dyn Dice) -> Result<u32, KeyringError> {
        self.rotate(Kind::Audit, dice)
    }

    /// Adds a token key, used from now on. Returns its version. Tokens under older keys stay good
    /// until they expire.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn rotate_jwt(&self, dice: &mut dyn Dice) -> Result<u32, KeyringError> {
        self.rotate(Kind::Jwt, dice)
    }

    /// The directory, for messages to the operator.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn rotate(&self, kind: Kind, dice: &mut dyn Dice) -> Result<u32, KeyringError> {
        let version = files::add(&self.dir, kind, dice)?;
        self.reload()?;
        Ok(version)
    }
}

fn load(dir: &Path) -> Result<Keys, KeyringError> {
    let mut found = files::read(dir)?;
    let mut take = |kind: Kind| found.remove(&kind).unwrap_or_default();
    let (sealing, audit) = (take(Kind::Sealing), take(Kind::Audit));
    let (jwt, lookup) = (take(Kind::Jwt), take(Kind::Lookup));
    let plain = |version, bytes| Some(Key { version, bytes });
    Ok(Keys {
        sealing: shelf(dir, Kind::Sealing, sealing, plain)?,
        audit: shelf(dir, Kind::Audit, audit, |version, seed| AuditKey::new(version, &seed))?,
        jwt: shelf(dir, Kind::Jwt, jwt, |version, seed| JwtKey::new(version, &seed))?,
        lookup: shelf(dir, Kind::Lookup, lookup, plain)?.current,
    })
}

fn shelf<K>(
    dir: &Path,
    kind: Kind,
    found: BTreeMap<u32, KeyBytes>,
    build: impl Fn(u32, KeyBytes) -> Option<K>,
) -> Result<Shelf<K>, KeyringError> {
    let mut built = BTreeMap::new();
    for (version, bytes) in found {
        let key = build(version, bytes).ok_or_else(|| KeyringError::Damaged {
            path: dir.join(files::name(kind, version)),
            why: "its bytes make no key",
        })?;
        built.insert(version, key);
    }
    let (current_version, current) = built
        .pop_last()
        .ok_or_else(|| KeyringError::Incomplete { dir: dir.to_owned(), kind: kind.word() })?;
    Ok(Shelf { current, current_version, older: built })
}
