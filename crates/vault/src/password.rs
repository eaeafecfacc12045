//! Passwords by Argon2id, on threads of their own and few at a time: each hash takes tens of
//! milliseconds and 19 MiB, so without a limit a login form is a way to stop the program. Stored
//! parameters are capped when read; a stored hash cannot order more work than we would choose.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::Dice;
use tokio::sync::{Semaphore, TryAcquireError};
use zeroize::Zeroizing;

use crate::digest;
use crate::secret::Secret;

/// Bytes in a password at most. Longer ones are refused before any hashing.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Hashes waiting for a thread at most; more are told to come back. At 50 ms each, the last one
/// waits under two seconds.
const WAITING_MAX: usize = 32;

/// Memory of a new hash in KiB: 19 MiB, OWASP's first choice for Argon2id with two passes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a stored hash may ask for at most: room to raise the numbers above once, no more.
const MEMORY_KIB_MAX: u32 = 64 * 1024;
const PASSES_MAX: u32 = 4;
const LANES_MAX: u32 = 4;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Random bytes that make equal passwords look different.
pub type Salt = [u8; SALT_BYTES];

/// Length of a stored hash at most; ours have 97 characters.
const STORED_BYTES_MAX: usize = 200;

/// Why a password was neither hashed nor checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Over [`PASSWORD_BYTES_MAX`].
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// Too many are being checked.
    #[error("too many passwords are being checked: try again in a few seconds")]
    Busy,
    /// What is stored is no Argon2id hash within our limits.
    #[error("the stored password hash cannot be used: set the password anew")]
    Unusable,
    /// The hashing thread died or the program is stopping.
    #[error("the hashing of a password was broken off")]
    BrokenOff,
}

/// Hashes and checks passwords, a few at a time. Clones share the limit.
#[derive(Clone, Debug)]
pub struct Passwords {
    at_once: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Passwords {
    /// At most `at_once` hashes run together: one or two on a small machine, so that requests
    /// without a password still find a free core.
    pub fn new(at_once: usize) -> Self {
        let at_once = at_once.max(1);
        Self {
            at_once: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(at_once + WAITING_MAX)),
        }
    }

    /// The text to store for `password` (PHC form). The salt is drawn beforehand by [`salt`], so
    /// that no dice are held while waiting.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`], [`PasswordError::Busy`], [`PasswordError::BrokenOff`].
    pub async fn hash(&self, password: Secret, salt: Salt) -> Result<String, PasswordError> {
        let cost = Cost::NEW;
        let hashed = self.apart(password, move |password| run(cost, password, &salt)).await??;
        Ok(format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            cost.memory_kib,
            cost.passes,
            cost.lanes,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(*hashed)
        ))
    }

    /// Whether `password` is the one of `stored`. With no stored hash (nobody of that name) it
    /// takes as long as a wrong password and is false, so names cannot be found out by the time.
    ///
    /// # Errors
    /// Any [`PasswordError`].
    pub async fn verify(
        &self,
        password: Secret,
        stored: Option<&str>,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = match stored {
            Some(text) => Stored::parse(text).ok_or(PasswordError::Unusable)?,
            None => Stored { cost: Cost::NEW, salt: vec![0; SALT_BYTES], hash: [0; HASH_BYTES] },
        };
        self.apart(password, move |password| {
            let hashed = run(stored.cost, password, &stored.salt)?;
            Ok(digest::same(&*hashed, &stored.hash) && known)
        })
        .await?
    }

    /// Runs `work` on a blocking thread. The permits go with it: when the caller goes away the
    /// hash still runs, and so must still be counted.
    async fn apart<T: Send + 'static>(
        &self,
        password: Secret,
        work: impl FnOnce(&Secret) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        if password.reveal().len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|why| match why {
            TryAcquireError::NoPermits => PasswordError::Busy,
            TryAcquireError::Closed => PasswordError::BrokenOff,
        })?;
        let turn = Arc::clone(&self.at_once)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::BrokenOff)?;
        tokio::task::spawn_blocking(move || {
            let _held = (admitted, turn);
            work(&password)
        })
        .await
        .map_err(|_| PasswordError::BrokenOff)
    }
}

/// Draws a salt for [`Passwords::hash`].
pub fn salt(dice: &mut dyn Dice) -> Salt {
    let mut salt = [0; SALT_BYTES];
    dice.fill(&mut salt);
    salt
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    const NEW: Self = Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES };

    fn within_limits(self) -> bool {
        self.memory_kib <= MEMORY_KIB_MAX && self.passes <= PASSES_MAX && self.lanes <= LANES_MAX
    }
}

struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    hash: [u8; HASH_BYTES],
}

impl Stored {
    /// Reads `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, and nothing else: other algorithms, versions
    /// and orders were never written by this program.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > STORED_BYTES_MAX {
            return None;
        }
        let mut fields = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() {
            return None;
        }
        let mut costs = costs.split(',');
        let mut number = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let cost = Cost { memory_kib: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
        if costs.next().is_some() || !cost.within_limits() {
            return None;
        }
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        let hash = STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?;
        (salt.len() >= argon2::MIN_SALT_LEN).then_some(Self { cost, salt, hash })
    }
}

fn run(
    cost: Cost,
    password: &Secret,
    salt: &[u8],
) -> Result<Zeroizing<[u8; HASH_BYTES]>, PasswordError> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(HASH_BYTES))
        .map_err(|_| PasswordError::Unusable)?;
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.reveal().as_bytes(), salt, &mut *hash)
        .map_err(|_| PasswordError::Unusable)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_verifies_and_others_do_not() {
        let passwords = Passwords::new(2);
        let dice = &mut Seeded::new(1);
        let stored = passwords.hash(secret("correct horse"), salt(dice)).await.expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let again = passwords.hash(secret("correct horse"), salt(dice)).await.expect("a hash");
        assert_ne!(stored, again, "each has its own salt");
        for (text, good) in [("correct horse", true), ("correct horse ", false), ("", false)] {
            let said = passwords.verify(secret(text), Some(&stored)).await.expect("a check");
            assert_eq!(said, good, "{text:?}");
        }
        assert!(!passwords.verify(secret("correct horse"), None).await.expect("a check"));
    }

    #[tokio::test]
    async fn an_outside_hash_is_read() {
        // From the test table of the reference implementation: "password", "somesalt".
        let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$\
                      nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let passwords = Passwords::new(1);
        assert!(passwords.verify(secret("password"), Some(stored)).await.expect("a check"));
    }

    #[tokio::test]
    async fn what_is_too_long_or_too_costly_is_refused_unhashed() {
        let passwords = Passwords::new(1);
        let long = secret(&"x".repeat(PASSWORD_BYTES_MAX + 1));
        let refused = passwords.verify(long, None).await;
        assert!(matches!(refused, Err(PasswordError::TooLong)));
        let tail = "c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        for head in [
            "$argon2id$v=19$m=4194304,t=2,p=1$",
            "$argon2id$v=19$m=256,t=1000000,p=1$",
            "$argon2id$v=19$m=65536,t=2,p=64$",
            "$argon2id$v=19$m=1,t=2,p=1$",
            "$argon2id$v=19$m=256,t=0,p=1$",
            "$argon2id$v=19$t=2,m=256,p=1$",
            "$argon2id$v=19$m=256,t=2,p=1,x=1$",
            "$argon2id$v=16$m=256,t=2,p=1$",
            "$argon2i$v=19$m=256,t=2,p=1$",
            "",
        ] {
            let stored = format!("{head}{tail}");
            let refused = passwords.verify(secret("password"), Some(&stored)).await;
            assert!(matches!(refused, Err(PasswordError::Unusable)), "{stored}");
        }
    }

    #[tokio::test]
    async fn a_crowd_is_told_to_come_back_and_a_caller_who_left_still_counts() {
        let passwords = Passwords::new(1);
        let turn = Arc::clone(&passwords.at_once).try_acquire_owned().expect("it is free");
        let waiting: Vec<_> = (0..WAITING_MAX + 1)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.verify(secret("x"), None).await })
            })
            .collect();
        while passwords.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.verify(secret("x"), None).await;
        assert!(matches!(refused, Err(PasswordError::Busy)));
        for one in &waiting {
            one.abort();
        }
        drop(turn);
        while passwords.admitted.available_permits() < WAITING_MAX + 1 {
            tokio::task::yield_now().await;
        }
        assert!(!passwords.verify(secret("x"), None).await.expect("room again"));
    }
}
