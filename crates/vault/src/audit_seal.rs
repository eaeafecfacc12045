//! Signatures over the heads of audit chains: Ed25519, by a key that is not in the database, so
//! that whoever rewrites the database cannot rewrite the seals. Verifying needs the public half
//! only, which can be exported and kept elsewhere. What is signed is the caller's business.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::keyring::{KEY_BYTES, Keyring};

/// Bytes in a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// Bytes in a public key.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// What stands before an Ed25519 public key in its DER form (RFC 8410): algorithm 1.3.101.112.
const DER_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

pub(crate) struct AuditKey {
    version: u32,
    pair: Ed25519KeyPair,
    public: [u8; PUBLIC_KEY_BYTES],
}

impl AuditKey {
    pub(crate) fn new(version: u32, seed: &[u8; KEY_BYTES]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { version, pair, public })
    }

    pub(crate) fn public(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.public
    }
}

/// A signature and the version of the key that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Version of the audit key, as in `audit-1.key`.
    pub key_version: u32,
    /// The Ed25519 signature.
    pub bytes: [u8; SIGNATURE_BYTES],
}

/// The public half of an audit key, to be kept where the database's owner cannot change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Version of the audit key.
    pub version: u32,
    /// The Ed25519 public key.
    pub bytes: [u8; PUBLIC_KEY_BYTES],
}

impl PublicKey {
    /// The key as PEM, which other programs read (`openssl pkeyutl -verify -rawin`).
    pub fn pem(&self) -> String {
        let der = [&DER_PREFIX[..], &self.bytes].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    /// Whether `signature` is this key's over `signed`. The version named in the signature must
    /// be this key's as well.
    pub fn verify(&self, signed: &[u8], signature: &Signature) -> bool {
        signature.key_version == self.version
            && UnparsedPublicKey::new(&ED25519, &self.bytes)
                .verify(signed, &signature.bytes)
                .is_ok()
    }
}

/// What became of checking a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is ours and covers these bytes.
    Good,
    /// The key is known and the signature is not its own over these bytes.
    Forged,
    /// The key directory does not hold this version, so nothing can be said.
    UnknownKey,
}

impl Keyring {
    /// Signs `signed` with the current audit key.
    pub fn audit_sign(&self, signed: &[u8]) -> Signature {
        let keys = self.keys();
        let key = keys.audit.current();
        let mut bytes = [0; SIGNATURE_BYTES];
        bytes.copy_from_slice(key.pair.sign(signed).as_ref());
        Signature { key_version: key.version, bytes }
    }

    /// Checks a signature by the version it names.
    pub fn audit_verify(&self, signed: &[u8], signature: &Signature) -> Checked {
        let keys = self.keys();
        let Some(key) = keys.audit.get(signature.key_version) else { return Checked::UnknownKey };
        let public = PublicKey { version: key.version, bytes: key.public };
        if public.verify(signed, signature) { Checked::Good } else { Checked::Forged }
    }

    /// The public halves of all audit keys, oldest first, for export.
    pub fn audit_public_keys(&self) -> Vec<PublicKey> {
        let keys = self.keys();
        keys.audit.all().map(|key| PublicKey { version: key.version, bytes: key.public }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Seeded};

    #[test]
    fn a_signature_covers_its_bytes_and_nothing_else() {
        let (_here, keys) = testing::keyring(1);
        let (_there, others) = testing::keyring(2);
        let signature = keys.audit_sign(b"heads");
        assert_eq!(keys.audit_verify(b"heads", &signature), Checked::Good);
        assert_eq!(keys.audit_verify(b"head", &signature), Checked::Forged);
        assert_eq!(others.audit_verify(b"heads", &signature), Checked::Forged);
        for place in 0..SIGNATURE_BYTES {
            let mut altered = signature;
            altered.bytes[place] ^= 1;
            assert_eq!(keys.audit_verify(b"heads", &altered), Checked::Forged, "byte {place}");
        }
        let zeros = Signature { key_version: 1, bytes: [0; SIGNATURE_BYTES] };
        assert_eq!(keys.audit_verify(b"heads", &zeros), Checked::Forged);
    }

    #[test]
    fn rotation_keeps_old_signatures_good_under_their_own_version() {
        let (_place, keys) = testing::keyring(1);
        let old = keys.audit_sign(b"heads");
        assert_eq!(keys.rotate_audit(&mut Seeded::new(8)).expect("a new key"), 2);
        let new = keys.audit_sign(b"heads");
        assert_eq!((old.key_version, new.key_version), (1, 2));
        assert_eq!(keys.audit_verify(b"heads", &old), Checked::Good);
        assert_eq!(keys.audit_verify(b"heads", &new), Checked::Good);
        let relabelled = Signature { key_version: 2, ..old };
        assert_eq!(keys.audit_verify(b"heads", &relabelled), Checked::Forged);
        let unknown = Signature { key_version: 3, ..old };
        assert_eq!(keys.audit_verify(b"heads", &unknown), Checked::UnknownKey);
        assert_eq!(keys.audit_public_keys().len(), 2);
    }

    #[test]
    fn the_public_key_verifies_alone_and_agrees_with_rfc_8032() {
        // RFC 8032, section 7.1, test 1: the empty message.
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ];
        let key = AuditKey::new(1, &seed).expect("a seed");
        assert_eq!(
            crate::digest::hex(&key.public),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        let public = PublicKey { version: 1, bytes: key.public };
        let mut bytes = [0; SIGNATURE_BYTES];
        bytes.copy_from_slice(key.pair.sign(b"").as_ref());
        assert!(public.verify(b"", &Signature { key_version: 1, bytes }));
        assert_eq!(
            public.pem(),
            "-----BEGIN PUBLIC KEY-----\n\
             MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
             -----END PUBLIC KEY-----\n"
        );
    }
}
