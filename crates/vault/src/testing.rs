//! Dice for this crate's tests: a counter through SHA-256, the same for the same seed. Not secret.

use domain::Dice;
use sha2::{Digest, Sha256};

use crate::keyring::Keyring;

/// Repeatable dice.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed << 32)
    }
}

impl Dice for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            self.0 += 1;
            let block = Sha256::digest(self.0.to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// A keyring in a directory of its own, which lives as long as the first value.
pub(crate) fn keyring(seed: u64) -> (tempfile::TempDir, Keyring) {
    let place = tempfile::tempdir().expect("a directory for the test");
    let keys =
        Keyring::create(&place.path().join("keys"), &mut Seeded::new(seed)).expect("a new keyring");
    (place, keys)
}
