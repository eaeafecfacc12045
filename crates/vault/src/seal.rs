//! Sealing at rest: authenticated encryption of small things (HMAC secrets, PINs, narratives)
//! under a versioned key kept outside the database. What is sealed for one purpose cannot be
//! opened for another. It must never say why opening failed beyond what the operator must mend.
//!
//! The sealed form, whose first byte names its shape: `1`, key version (4 bytes, big-endian), salt
//! (16), nonce (12), then AES-256-GCM's cipher text and tag (16). Each message has a key of its
//! own, HMAC-SHA-256 of the salt under the stored key; so 28 random bytes stand between two
//! messages and a collision, not the 12 of the nonce alone, and no count of messages need be kept.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Dice;
use zeroize::Zeroizing;

use crate::digest::{DIGEST_BYTES, hex};
use crate::hmac;
use crate::keyring::{Key, Keyring};

const SHAPE: u8 = 1;
const SALT_AT: usize = 5;
const SALT_BYTES: usize = 16;
const NONCE_AT: usize = SALT_AT + SALT_BYTES;
const NONCE_BYTES: usize = 12;
const HEADER_BYTES: usize = NONCE_AT + NONCE_BYTES;
const TAG_BYTES: usize = 16;

/// What sealing adds to the length of the plain bytes.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;

/// Why something sealed could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// The bytes are not of a sealed form this program knows.
    #[error("these bytes were not sealed by this program, or by a newer one")]
    Malformed,
    /// The key directory lacks the key.
    #[error("sealed with key {version}, which the key directory does not hold: restore it there")]
    UnknownKey {
        /// The version that was asked for.
        version: u32,
    },
    /// The bytes were changed, moved to another purpose, or sealed by other keys.
    #[error("the sealed bytes were altered, or sealed for another purpose or by other keys")]
    Altered,
}

impl Keyring {
    /// Seals `plain` under the current key. `purpose` says what and where it is, down to the row
    /// ("api-secret iimm_prod_…"), so that sealed bytes copied to another row do not open there.
    pub fn seal(&self, dice: &mut dyn Dice, purpose: &str, plain: &[u8]) -> Vec<u8> {
        let keys = self.keys();
        let key = keys.sealing.current();
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD_BYTES);
        sealed.push(SHAPE);
        sealed.extend_from_slice(&key.version().to_be_bytes());
        sealed.resize(HEADER_BYTES, 0);
        dice.fill(&mut sealed[SALT_AT..]);
        let mut body = plain.to_vec();
        let (key, nonce) = opened(key, &sealed);
        key.seal_in_place_append_tag(nonce, bound(purpose, &sealed), &mut body)
            .unwrap_or_else(|_| unreachable!("AES-GCM seals all that fits in memory"));
        sealed.append(&mut body);
        sealed
    }

    /// Seals a place in a list for whoever shall come back with it, as text. The same place is the
    /// same text each time, so two can be compared; what it counts is seen by nobody.
    pub fn seal_place(&self, purpose: &str, plain: &[u8]) -> String {
        // Salt and nonce come from the place itself: one place, one message under one key.
        let drawn = self.lookup_digest(&format!("place {purpose}"), &hex(plain));
        URL_SAFE_NO_PAD.encode(self.seal(&mut Drawn(drawn), purpose, plain))
    }

    /// Opens what [`Keyring::seal_place`] made for the same purpose; nothing for anything else.
    pub fn unseal_place(&self, purpose: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.unseal(purpose, &URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// Opens what [`Keyring::seal`] made for the same purpose, under the current or an older key.
    pub fn unseal(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let version = sealed_version(sealed).ok_or(Unsealable::Malformed)?;
        let keys = self.keys();
        let key = keys.sealing.get(version).ok_or(Unsealable::UnknownKey { version })?;
        let (header, body) = sealed.split_at(HEADER_BYTES);
        let mut body = Zeroizing::new(body.to_vec());
        let (key, nonce) = opened(key, header);
        let plain_bytes = key
            .open_in_place(nonce, bound(purpose, header), &mut body)
            .map_err(|_| Unsealable::Altered)?
            .len();
        body.truncate(plain_bytes);
        Ok(body)
    }

    /// Seals anew what an older key sealed; `None` when the current key did it already. A sweep
    /// after a rotation calls this for every sealed column.
    pub fn reseal(
        &self,
        dice: &mut dyn Dice,
        purpose: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Unsealable> {
        if sealed_version(sealed) == Some(self.sealing_version()) {
            return Ok(None);
        }
        let plain = self.unseal(purpose, sealed)?;
        Ok(Some(self.seal(dice, purpose, &plain)))
    }

    /// The version new seals get.
    pub fn sealing_version(&self) -> u32 {
        self.keys().sealing.current().version()
    }
}

/// Bytes that were computed, where dice are asked for. They are enough for a salt and a nonce.
struct Drawn([u8; DIGEST_BYTES]);

impl Dice for Drawn {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0[..bytes.len()]);
    }
}

/// The key version written in `sealed`, or nothing when it has no sealed form.
pub fn sealed_version(sealed: &[u8]) -> Option<u32> {
    if sealed.len() < OVERHEAD_BYTES || sealed[0] != SHAPE {
        return None;
    }
    sealed.get(1..SALT_AT)?.try_into().ok().map(u32::from_be_bytes)
}

/// The key and nonce of one message, from the stored key and the message's header.
fn opened(key: &Key, header: &[u8]) -> (LessSafeKey, Nonce) {
    let salt = &header[SALT_AT..NONCE_AT];
    let derived = Zeroizing::new(hmac::sign(key.bytes(), &[b"redress seal 1\0", salt]));
    let unbound = UnboundKey::new(&AES_256_GCM, &*derived)
        .unwrap_or_else(|_| unreachable!("the derived key has 32 bytes"));
    let nonce = Nonce::try_assume_unique_for_key(&header[NONCE_AT..HEADER_BYTES])
        .unwrap_or_else(|_| unreachable!("the header holds a nonce of 12 bytes"));
    (LessSafeKey::new(unbound), nonce)
}

/// Header and purpose, authenticated with the text. The header's length is fixed, so the join is
/// unambiguous.
fn bound(purpose: &str, header: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([header, purpose.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Seeded};
    use proptest::prelude::*;

    #[test]
    fn opens_for_its_purpose_only() {
        let (_place, keys) = testing::keyring(1);
        let dice = &mut Seeded::new(9);
        let sealed = keys.seal(dice, "api-secret k1", b"the secret");
        assert_eq!(sealed.len(), 10 + OVERHEAD_BYTES);
        assert_eq!(&**keys.unseal("api-secret k1", &sealed).expect("its purpose"), b"the secret");
        for other in ["api-secret k2", "api-secret k", "", "api-secret k1 "] {
            assert_eq!(keys.unseal(other, &sealed), Err(Unsealable::Altered), "{other:?}");
        }
        let empty = keys.seal(dice, "p", b"");
        assert_eq!(&**keys.unseal("p", &empty).expect("nothing is something"), b"");
    }

    #[test]
    fn the_same_text_never_looks_the_same() {
        let (_place, keys) = testing::keyring(1);
        let dice = &mut Seeded::new(9);
        assert_ne!(keys.seal(dice, "p", b"x"), keys.seal(dice, "p", b"x"));
    }

    #[test]
    fn every_altered_bit_and_every_cut_is_noticed() {
        let (_place, keys) = testing::keyring(1);
        let sealed = keys.seal(&mut Seeded::new(9), "p", b"twelve bytes");
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(keys.unseal("p", &altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(keys.unseal("p", &sealed[..length]).is_err(), "cut to {length}");
        }
        assert!(keys.unseal("p", &[&sealed[..], &[0]].concat()).is_err());
    }

    #[test]
    fn other_keys_do_not_open() {
        let (_here, keys) = testing::keyring(1);
        let (_there, others) = testing::keyring(2);
        let sealed = keys.seal(&mut Seeded::new(9), "p", b"x");
        assert_eq!(others.unseal("p", &sealed), Err(Unsealable::Altered));
    }

    #[test]
    fn rotation_keeps_old_seals_readable_and_resealing_moves_them() {
        let (place, keys) = testing::keyring(1);
        let dice = &mut Seeded::new(9);
        let old = keys.seal(dice, "p", b"x");
        let before = Keyring::open(&place.path().join("keys")).expect("a second opening");
        assert_eq!(keys.rotate_sealing(dice).expect("a new key"), 2);
        assert_eq!(&**keys.unseal("p", &old).expect("the old key is kept"), b"x");
        let new = keys.reseal(dice, "p", &old).expect("readable").expect("it was old");
        assert_eq!(sealed_version(&new), Some(2));
        assert_eq!(keys.reseal(dice, "p", &new), Ok(None));
        assert_eq!(before.unseal("p", &new), Err(Unsealable::UnknownKey { version: 2 }));
        before.reload().expect("the directory is sound");
        assert_eq!(&**before.unseal("p", &new).expect("learnt by reloading"), b"x");
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(purpose in ".{0,40}", plain: Vec<u8>, seed in 0_u64..1_000) {
            let (_place, keys) = testing::keyring(3);
            let sealed = keys.seal(&mut Seeded::new(seed), &purpose, &plain);
            let opened = keys.unseal(&purpose, &sealed).expect("sealed just now");
            prop_assert_eq!(&**opened, &plain[..]);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let (_place, keys) = testing::keyring(3);
            prop_assert!(keys.unseal("p", &bytes).is_err());
        }
    }

    #[test]
    fn a_place_is_one_text_and_says_nothing() {
        let (_folder, keys) = testing::keyring(3);
        let seal = |purpose, count: u64| keys.seal_place(purpose, &count.to_be_bytes());
        let (few, many) = (seal("cursor 3", 7), seal("cursor 3", 7_000_000));
        assert_eq!(few, seal("cursor 3", 7));
        assert_eq!(few.len(), many.len());
        assert_ne!(few, many);
        assert_ne!(few, seal("cursor 4", 7), "another's first place is another text");
        let opened = keys.unseal_place("cursor 3", &many).expect("ours");
        assert_eq!(opened.as_slice(), 7_000_000_u64.to_be_bytes());
        assert!(keys.unseal_place("cursor 4", &many).is_none());
        for other in ["", "t1-3-7-0", "AAAA", &many[..many.len() - 2]] {
            assert!(keys.unseal_place("cursor 3", other).is_none(), "{other}");
        }
    }
}
