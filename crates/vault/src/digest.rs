//! Digests for finding a row without keeping what finds it. Random tokens are hashed plainly;
//! whatever could be guessed (an address, a telephone number) is hashed under a key. Never use the
//! plain form for anything a list of guesses could cover.

/// How digests are written; here for those who make them.
pub use domain::hex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::hmac;
use crate::keyring::Keyring;

/// Bytes in a digest.
pub const DIGEST_BYTES: usize = 32;

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of what comes in pieces.
#[derive(Clone, Default)]
pub struct Sum(Sha256);

impl Sum {
    /// Takes the next piece.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> [u8; DIGEST_BYTES] {
        self.0.finalize().into()
    }
}

/// What is stored for a token of our own making. These hold 256 random bits, so a slow or keyed
/// hash would add nothing but time to every request.
pub fn token_digest(token: &str) -> [u8; DIGEST_BYTES] {
    Sha256::new().chain_update(b"redress token 1\0").chain_update(token).finalize().into()
}

/// Whether two byte strings are equal, in a time that tells only their lengths.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

impl Keyring {
    /// The digest of something guessable, under the lookup key, for `purpose` ("address",
    /// "telephone"): equal texts give equal digests within a purpose and nowhere else. The caller
    /// brings the text to one spelling first. The lookup key never changes, since old digests
    /// could not be computed again.
    pub fn lookup_digest(&self, purpose: &str, text: &str) -> [u8; DIGEST_BYTES] {
        // The length before the purpose keeps ("ab", "c") apart from ("a", "bc").
        let length = u64::try_from(purpose.len()).unwrap_or(u64::MAX).to_be_bytes();
        let keys = self.keys();
        hmac::sign(keys.lookup.bytes(), &[&length, purpose.as_bytes(), text.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn sha256_of_nothing_is_the_known_one() {
        assert_eq!(
            hex(&sha256(b"")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn pieces_make_the_digest_of_the_whole() {
        let mut sum = Sum::default();
        sum.add(b"a");
        sum.add(b"bc");
        assert_eq!(sum.finish(), sha256(b"abc"));
    }

    #[test]
    fn a_token_digest_is_not_the_plain_hash() {
        assert_ne!(token_digest("rdt_x"), sha256(b"rdt_x"));
        assert_eq!(token_digest("rdt_x"), token_digest("rdt_x"));
    }

    #[test]
    fn same_compares_contents_and_lengths() {
        assert!(same(b"", b""));
        assert!(same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abd"));
        assert!(!same(b"abc", b"ab"));
    }

    #[test]
    fn lookups_agree_within_a_purpose_and_a_keyring_only() {
        let (_here, keys) = testing::keyring(1);
        let (_there, others) = testing::keyring(2);
        let digest = keys.lookup_digest("address", "a@b.example");
        assert_eq!(digest, keys.lookup_digest("address", "a@b.example"));
        assert_ne!(digest, keys.lookup_digest("telephone", "a@b.example"));
        assert_ne!(digest, others.lookup_digest("address", "a@b.example"));
        assert_ne!(keys.lookup_digest("ab", "c"), keys.lookup_digest("a", "bc"));
    }
}
