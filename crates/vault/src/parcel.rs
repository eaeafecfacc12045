//! All keys of an installation as one parcel, to go into a backup and come out of it: as they are,
//! or locked with a passphrase. The open form is the lines of the key files, so it reads without a
//! program; the locked form opens with the passphrase alone, and any change to it is noticed.
//!
//! The locked form: `1`, memory in KiB, passes, lanes (4 bytes each, big-endian), salt (16), nonce
//! (12), then AES-256-GCM's cipher text and tag (16) under Argon2id of the passphrase. What stands
//! before the cipher text is authenticated with it.

use std::collections::BTreeMap;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use domain::Dice;
use zeroize::Zeroizing;

use crate::audit_seal::{AuditKey, Checked, PublicKey, Signature};
use crate::keyring::{KEY_BYTES, Keyring, KeyringError, Kind, files};
use crate::secret::Secret;

/// Letters in a passphrase at least. Whoever has the archive may guess for years.
pub const PASSPHRASE_CHARS_MIN: usize = 16;

/// Bytes of an open parcel at most: some thousands of keys.
pub const PARCEL_BYTES_MAX: usize = 1 << 20;

const SHAPE: u8 = 1;
const COSTS_AT: usize = 1;
const SALT_AT: usize = COSTS_AT + 12;
const SALT_BYTES: usize = 16;
const NONCE_AT: usize = SALT_AT + SALT_BYTES;
const NONCE_BYTES: usize = 12;
const HEADER_BYTES: usize = NONCE_AT + NONCE_BYTES;

/// Argon2id's price of one guess: 64 MiB and three passes, the second choice of RFC 9106. It is
/// paid once for a backup.
const COSTS: [u32; 3] = [64 * 1024, 3, 4];

/// What a parcel may ask for at most, so that a forged one cannot take the machine's memory.
const COSTS_MAX: [u32; 3] = [1024 * 1024, 10, 16];

/// What can be wrong with a parcel.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    /// The passphrase is not the one, or the bytes were changed. Which of them cannot be told.
    #[error("the passphrase does not open the keys, or their bytes were altered")]
    WrongPassphrase,
    /// The passphrase is too short.
    #[error("a passphrase has {PASSPHRASE_CHARS_MIN} letters at least: five random words will do")]
    TooShort,
    /// The bytes are no parcel.
    #[error("these bytes hold no keys ({0})")]
    Malformed(&'static str),
    /// The key directory cannot be read or written.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

/// The keys of one installation, in memory.
pub struct Parcel(files::Found);

impl std::fmt::Debug for Parcel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parcel(..)")
    }
}

impl Parcel {
    /// Takes the keys of `dir`, all versions of all kinds.
    ///
    /// # Errors
    /// A key cannot be read.
    pub fn of(dir: &Path) -> Result<Self, ParcelError> {
        Ok(Self(files::read(dir)?))
    }

    /// The open form: a line for each key.
    pub fn open_form(&self) -> Zeroizing<Vec<u8>> {
        let mut text = Zeroizing::new(Vec::with_capacity(PARCEL_BYTES_MAX.min(8_192)));
        for (kind, versions) in &self.0 {
            for (version, key) in versions {
                text.extend_from_slice(files::line(*kind, *version, key).as_bytes());
            }
        }
        text
    }

    /// Reads the open form.
    ///
    /// # Errors
    /// A line that is no key.
    pub fn from_open_form(text: &[u8]) -> Result<Self, ParcelError> {
        if text.len() > PARCEL_BYTES_MAX {
            return Err(ParcelError::Malformed("too many"));
        }
        let mut found = files::Found::new();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let (kind, version, key) = files::parse_any(line).map_err(ParcelError::Malformed)?;
            found.entry(kind).or_default().insert(version, key);
        }
        for kind in Kind::ALL {
            if !found.contains_key(&kind) {
                return Err(ParcelError::Malformed("a kind of key is missing"));
            }
        }
        Ok(Self(found))
    }

    /// Locks the parcel with a passphrase. Takes some tenths of a second and 64 MiB.
    ///
    /// # Errors
    /// The passphrase is too short.
    pub fn lock(&self, passphrase: &Secret, dice: &mut dyn Dice) -> Result<Vec<u8>, ParcelError> {
        if passphrase.reveal().chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(ParcelError::TooShort);
        }
        let mut locked = vec![SHAPE];
        for cost in COSTS {
            locked.extend_from_slice(&cost.to_be_bytes());
        }
        locked.resize(HEADER_BYTES, 0);
        dice.fill(&mut locked[SALT_AT..]);
        let (key, nonce) = derived(passphrase, &locked)?;
        let mut body = self.open_form();
        let tag = key
            .seal_in_place_separate_tag(nonce, Aad::from(&locked), &mut body)
            .map_err(|_| ParcelError::Malformed("too many"))?;
        locked.extend_from_slice(&body);
        locked.extend_from_slice(tag.as_ref());
        Ok(locked)
    }

    /// Opens what [`Parcel::lock`] made.
    ///
    /// # Errors
    /// The passphrase is another, the bytes were changed, or they are something else.
    pub fn unlock(locked: &[u8], passphrase: &Secret) -> Result<Self, ParcelError> {
        if locked.first() != Some(&SHAPE) || locked.len() < HEADER_BYTES {
            return Err(ParcelError::Malformed("not locked by this program, or by a newer one"));
        }
        let (header, body) = locked.split_at(HEADER_BYTES);
        let (key, nonce) = derived(passphrase, header)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = key
            .open_in_place(nonce, Aad::from(header), &mut body)
            .map_err(|_| ParcelError::WrongPassphrase)?;
        Self::from_open_form(plain)
    }

    /// Makes a key directory of it, whole or not at all.
    ///
    /// # Errors
    /// `dir` holds something, or cannot be written.
    pub fn write(&self, dir: &Path, dice: &mut dyn Dice) -> Result<Keyring, ParcelError> {
        files::create_with(dir, &self.0, dice)?;
        Ok(Keyring::open(dir)?)
    }

    /// Checks a signature of one of these audit keys.
    pub fn audit_verify(&self, signed: &[u8], signature: &Signature) -> Checked {
        let version = signature.key_version;
        let seed = self.0.get(&Kind::Audit).and_then(|keys| keys.get(&version));
        let Some(key) = seed.and_then(|seed| AuditKey::new(version, seed)) else {
            return Checked::UnknownKey;
        };
        let public = PublicKey { version, bytes: key.public() };
        if public.verify(signed, signature) { Checked::Good } else { Checked::Forged }
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }
}

/// The key and nonce by the header's costs, salt and nonce.
fn derived(passphrase: &Secret, header: &[u8]) -> Result<(LessSafeKey, Nonce), ParcelError> {
    let malformed = |why: &'static str| move |_| ParcelError::Malformed(why);
    let mut costs = [0_u32; 3];
    for (cost, bytes) in costs.iter_mut().zip(header[COSTS_AT..SALT_AT].chunks_exact(4)) {
        *cost = bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    }
    if costs.iter().zip(COSTS_MAX).any(|(cost, most)| *cost > most) {
        return Err(ParcelError::Malformed("it asks for too much memory or work"));
    }
    let [memory, passes, lanes] = costs;
    let params = Params::new(memory, passes, lanes, Some(KEY_BYTES));
    let params = params.map_err(malformed("its costs are none"))?;
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.reveal().as_bytes(), &header[SALT_AT..NONCE_AT], &mut *key)
        .map_err(malformed("its costs are none"))?;
    let unbound = UnboundKey::new(&AES_256_GCM, &*key)
        .unwrap_or_else(|_| unreachable!("the derived key has 32 bytes"));
    let nonce = Nonce::try_assume_unique_for_key(&header[NONCE_AT..HEADER_BYTES])
        .unwrap_or_else(|_| unreachable!("the header holds a nonce of 12 bytes"));
    Ok((LessSafeKey::new(unbound), nonce))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Seeded};

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn keys_come_out_as_they_went_in() {
        let (place, keys) = testing::keyring(1);
        let dice = &mut Seeded::new(9);
        keys.rotate_sealing(dice).expect("a second key");
        let sealed = keys.seal(dice, "p", b"x");
        let parcel = Parcel::of(keys.dir()).expect("a parcel");
        assert_eq!(parcel.count(), 5);
        let open = parcel.open_form();
        assert!(open.starts_with(b"redress-key sealing 1 "));
        for (name, parcel) in [
            ("open", Parcel::from_open_form(&open).expect("its own form")),
            ("locked", {
                let phrase = secret("five words make one phrase");
                let locked = parcel.lock(&phrase, dice).expect("locked");
                Parcel::unlock(&locked, &phrase).expect("the same phrase")
            }),
        ] {
            let dir = place.path().join(name);
            let there = parcel.write(&dir, dice).expect("written");
            assert_eq!(&**there.unseal("p", &sealed).expect("the same keys"), b"x");
            assert!(parcel.write(&dir, dice).is_err(), "keys are never replaced");
            let signature = keys.audit_sign(b"y");
            assert_eq!(parcel.audit_verify(b"y", &signature), Checked::Good);
            assert_eq!(parcel.audit_verify(b"z", &signature), Checked::Forged);
        }
    }

    #[test]
    fn another_passphrase_and_altered_bytes_do_not_open() {
        let (_place, keys) = testing::keyring(1);
        let dice = &mut Seeded::new(9);
        let parcel = Parcel::of(keys.dir()).expect("a parcel");
        assert!(matches!(parcel.lock(&secret("too short"), dice), Err(ParcelError::TooShort)));
        let phrase = secret("five words make one phrase");
        let locked = parcel.lock(&phrase, dice).expect("locked");
        let opened = Parcel::unlock(&locked, &secret("five words make two phrases"));
        assert!(matches!(opened, Err(ParcelError::WrongPassphrase)));
        for at in [SALT_AT, HEADER_BYTES] {
            let mut altered = locked.clone();
            altered[at] ^= 1;
            let opened = Parcel::unlock(&altered, &phrase);
            assert!(matches!(opened, Err(ParcelError::WrongPassphrase)), "byte {at}");
        }
        let mut greedy = locked.clone();
        greedy[COSTS_AT] = 0xff;
        for bytes in [&greedy[..], &locked[..HEADER_BYTES - 1], b"", b"2"] {
            assert!(matches!(Parcel::unlock(bytes, &phrase), Err(ParcelError::Malformed(_))));
        }
    }

    #[test]
    fn what_is_no_parcel_is_refused() {
        let (_place, keys) = testing::keyring(1);
        let open = Parcel::of(keys.dir()).expect("a parcel").open_form();
        let text = std::str::from_utf8(&open).expect("text");
        let first = text.lines().next().expect("a line");
        for bad in ["", "\n", first, &text.replace("audit", "sealing"), &format!("{text}x\n")] {
            assert!(Parcel::from_open_form(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
