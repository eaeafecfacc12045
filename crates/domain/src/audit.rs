//! Seals: signed digests over the heads of many histories. A seal names the one before it, so the
//! sequence of seals is itself a chain; a history that was removed, cut or written anew no longer
//! fits the seal that covers it.

use crate::chain::{Digest, Head, digest_of};
use crate::ids::CaseId;
use crate::scope::Scope;
use crate::time::Instant;

/// The head of one case's history as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedHead {
    /// The case.
    pub case: CaseId,
    /// The head.
    pub head: Head,
}

/// The head of one account's history of administration as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminHead {
    /// Of which account, in which environment.
    pub scope: Scope,
    /// The head.
    pub head: Head,
}

/// What one seal covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// Of cases, in the order of their ids.
    pub cases: Vec<SealedHead>,
    /// Of administration, in the order of their scopes.
    pub admin: Vec<AdminHead>,
}

impl Heads {
    /// How many.
    pub fn count(&self) -> i64 {
        i64::try_from(self.cases.len() + self.admin.len()).unwrap_or(i64::MAX)
    }

    /// Digest over them. Seals of before administration was sealed have none of it, and the digest
    /// they always had.
    pub fn root(&self) -> Digest {
        let number = |head: &Head| head.seq.to_be_bytes();
        let cases: Vec<[u8; 8]> = self.cases.iter().map(|one| number(&one.head)).collect();
        let mut parts: Vec<&[u8]> = vec![b"redress-heads-1"];
        for (one, number) in self.cases.iter().zip(&cases) {
            parts.extend([one.case.as_str().as_bytes(), number.as_slice(), &one.head.digest]);
        }
        let scope = |one: &AdminHead| one.scope.number().to_be_bytes();
        let admin: Vec<_> = self.admin.iter().map(|one| (scope(one), number(&one.head))).collect();
        if !admin.is_empty() {
            parts.push(b"redress-admin-heads-1");
        }
        for (one, (scope, number)) in self.admin.iter().zip(&admin) {
            parts.extend([scope.as_slice(), number.as_slice(), &one.head.digest]);
        }
        digest_of(&parts)
    }
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
    /// The seal over `heads`.
    pub fn over(heads: &Heads, after: Option<&Self>, at: Instant) -> Self {
        Self {
            seq: after.map_or(0, |seal| seal.seq) + 1,
            at,
            heads: heads.count(),
            root: heads.root(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{Env, TenantId};

    #[test]
    fn a_seal_tells_cases_and_administration_apart() {
        let head = |seq| Head { seq, digest: [7; 32] };
        let case = CaseId::parse("cs_00000000000000000000000000").expect("an id");
        let scope = |tenant| Scope::new(TenantId(tenant), Env::Production);
        let cases = vec![SealedHead { case, head: head(1) }];
        let admin = |tenant, seq| vec![AdminHead { scope: scope(tenant), head: head(seq) }];
        let all = [
            Heads::default(),
            Heads { cases: cases.clone(), admin: Vec::new() },
            Heads { cases: cases.clone(), admin: admin(1, 1) },
            Heads { cases: cases.clone(), admin: admin(1, 2) },
            Heads { cases, admin: admin(2, 1) },
            Heads { cases: Vec::new(), admin: admin(1, 1) },
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other.root() != one.root()), "{one:?}");
        }
        assert_eq!(all.each_ref().map(Heads::count), [0, 1, 2, 2, 2, 1]);
    }
}
