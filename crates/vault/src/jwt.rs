//! Signed tokens of our own (EdDSA). What a token must say is given by the caller and checked
//! here: algorithm, key, issuer, audience, kind, time. Keys named inside a token (`jku`, `x5u`,
//! `jwk`) are never looked at. It never asks the clock.

use domain::time::Instant;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use crate::keyring::{KEY_BYTES, Keyring};
use crate::secret::Secret;

/// Bytes of a token looked at. Ours have under 700; more is somebody else's.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// How far in the future a token may have been issued: what clocks of two nodes may differ by.
pub const SKEW_SECONDS_MAX: i64 = 60;

pub(crate) struct JwtKey {
    name: String,
    sign: EncodingKey,
    verify: DecodingKey,
}

impl JwtKey {
    pub(crate) fn new(version: u32, seed: &[u8; KEY_BYTES]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let document = pair.to_pkcs8().ok()?;
        Some(Self {
            name: key_name(version),
            sign: EncodingKey::from_ed_der(document.as_ref()),
            verify: DecodingKey::from_ed_der(pair.public_key().as_ref()),
        })
    }
}

fn key_name(version: u32) -> String {
    format!("jwt-{version}")
}

/// What a token says. Times are whole seconds since 1970 began, as in RFC 7519.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: this installation.
    pub iss: String,
    /// For which dialect it is good.
    pub aud: String,
    /// What it is good for there ("id", "access").
    pub kind: String,
    /// Whom it speaks for.
    pub sub: String,
    /// Number of the tenant's scope (`domain::scope::Scope::number`).
    pub scope: i64,
    /// Issued at, seconds.
    pub iat: i64,
    /// Good until just before this second.
    pub exp: i64,
    /// Its own id.
    pub jti: String,
}

/// What a token must say to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The audience: the dialect that asks.
    pub aud: &'a str,
    /// The kind.
    pub kind: &'a str,
}

/// Why a token was not taken. Outside, all of these are one answer; the list is for logs and
/// tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// Not a token of our form, or over [`TOKEN_BYTES_MAX`].
    #[error("not a token of this program")]
    Malformed,
    /// Another algorithm than EdDSA, "none" among them.
    #[error("signed by an algorithm that is not allowed")]
    Algorithm,
    /// Under a key that is not held, or naming none.
    #[error("signed by a key that is not held")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the signature does not fit")]
    Signature,
    /// For another audience.
    #[error("issued for another audience")]
    Audience,
    /// By another issuer.
    #[error("issued by another installation")]
    Issuer,
    /// Of another kind.
    #[error("a token of another kind")]
    Kind,
    /// Past its end.
    #[error("expired")]
    Expired,
    /// Issued in the future.
    #[error("issued in the future: compare the clocks of the nodes")]
    NotYet,
}

/// Why no token could be issued. It cannot happen with keys that loaded; it is an error and not
/// a panic because the library below says so.
#[derive(Debug, thiserror::Error)]
#[error("signing a token")]
pub struct Unissued(#[source] jsonwebtoken::errors::Error);

/// Chooses the library's cryptography once for the process. It would choose by itself, but
/// panics at the first token when the build happens to enable none or two back ends.
pub(crate) fn install_provider() {
    // The error only says that one was chosen already.
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().ok();
}

impl Keyring {
    /// Issues a token under the current key.
    ///
    /// # Errors
    /// [`Unissued`], which loaded keys rule out.
    pub fn issue_jwt(&self, claims: &Claims) -> Result<Secret, Unissued> {
        let keys = self.keys();
        let key = keys.jwt.current();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.name.clone());
        jsonwebtoken::encode(&header, claims, &key.sign).map(Secret::new).map_err(Unissued)
    }

    /// Checks a token and gives what it says.
    ///
    /// # Errors
    /// [`Untrusted`]: the first thing found wrong.
    pub fn verify_jwt(
        &self,
        token: &str,
        expected: Expected<'_>,
        at: Instant,
    ) -> Result<Claims, Untrusted> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Untrusted::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| untrusted(&error))?;
        if header.alg != Algorithm::EdDSA {
            return Err(Untrusted::Algorithm);
        }
        let keys = self.keys();
        let key = header
            .kid
            .and_then(|named| keys.jwt.all().find(|key| key.name == named))
            .ok_or(Untrusted::UnknownKey)?;
        let read = jsonwebtoken::decode::<Claims>(token, &key.verify, &rules(expected))
            .map_err(|error| untrusted(&error))?;
        in_time(&read.claims, at)?;
        if read.claims.kind != expected.kind {
            return Err(Untrusted::Kind);
        }
        Ok(read.claims)
    }
}

fn rules(expected: Expected<'_>) -> Validation {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.set_audience(&[expected.aud]);
    rules.set_issuer(&[expected.iss]);
    // The library would ask the machine's clock; `in_time` is given the time.
    rules.validate_exp = false;
    rules
}

fn in_time(claims: &Claims, at: Instant) -> Result<(), Untrusted> {
    if claims.exp <= at.seconds() {
        return Err(Untrusted::Expired);
    }
    if claims.iat > at.seconds().saturating_add(SKEW_SECONDS_MAX) {
        return Err(Untrusted::NotYet);
    }
    Ok(())
}

fn untrusted(error: &jsonwebtoken::errors::Error) -> Untrusted {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::UnsupportedAlgorithm
        | ErrorKind::MissingAlgorithm => Untrusted::Algorithm,
        ErrorKind::InvalidSignature => Untrusted::Signature,
        ErrorKind::InvalidAudience => Untrusted::Audience,
        ErrorKind::InvalidIssuer => Untrusted::Issuer,
        // Wrong types, missing claims, bad Base64, bad JSON; the library may add more kinds.
        _ => Untrusted::Malformed,
    }
}

#[cfg(test)]
mod tests;
