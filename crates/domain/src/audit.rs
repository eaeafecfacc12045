//! Seals: signed digests over the heads of many histories. A seal names the one before it, so the
//! sequence of seals is itself a chain; a history that was removed, cut or written anew no longer
//! fits the seal that covers it.

use crate::chain::{Digest, Head, digest_of};
use crate::ids::CaseId;
use crate::time::Instant;

/// The head of one case's history as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedHead {
    /// The case.
    pub case: CaseId,
    /// The head.
    pub head: Head,
}

/// One seal without its heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// How many heads it covers.
    pub heads: i64,
    /// Digest over them.
    pub root: Digest,
    /// Digest of the seal before; zeros for the first.
    pub previous: Digest,
}

impl Seal {
    /// The seal over `heads`, which must be in the order of their cases.
    pub fn over(heads: &[SealedHead], after: Option<&Self>, at: Instant) -> Self {
        Self {
            seq: after.map_or(0, |seal| seal.seq) + 1,
            at,
            heads: i64::try_from(heads.len()).unwrap_or(i64::MAX),
            root: root(heads),
            previous: after.map_or([0; 32], Self::digest),
        }
    }

    /// The bytes that are signed.
    pub fn digest(&self) -> Digest {
        digest_of(&[
            b"redress-seal-1",
            &self.seq.to_be_bytes(),
            &self.at.millis().to_be_bytes(),
            &self.heads.to_be_bytes(),
            &self.root,
            &self.previous,
        ])
    }
}

/// Digest over heads in the order of their cases.
pub fn root(heads: &[SealedHead]) -> Digest {
    let numbers: Vec<[u8; 8]> = heads.iter().map(|one| one.head.seq.to_be_bytes()).collect();
    let mut parts: Vec<&[u8]> = vec![b"redress-heads-1"];
    for (one, number) in heads.iter().zip(&numbers) {
        parts.extend([one.case.as_str().as_bytes(), number.as_slice(), &one.head.digest]);
    }
    digest_of(&parts)
}

/// A seal with who signed it and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedSeal {
    /// The seal.
    pub seal: Seal,
    /// Name of the signing key.
    pub signer: String,
    /// Ed25519 signature of the seal's digest.
    pub signature: Vec<u8>,
}
