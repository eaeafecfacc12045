//! Tenants and their credentials as they are kept. A secret stands here only sealed or as a digest;
//! the plain one never reaches this crate.

use crate::actor::Role;
use crate::chain::Digest;
use crate::ids::EndpointId;
use crate::scope::{Scope, TenantId};
use crate::time::Instant;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// Its name on command lines: lower case letters, digits, hyphens.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The registered address: always told.
    pub email: String,
    /// Whether what customers write is sealed with the key outside the database. Costs full-text
    /// search over it.
    pub seal_narratives: bool,
    /// Since when it is here.
    pub created_at: Instant,
}

/// A key for signed requests. Its secret is sealed, since verifying needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The key as sent.
    pub id: String,
    /// Whose data it opens.
    pub scope: Scope,
    /// The HMAC secret, sealed.
    pub secret: Vec<u8>,
    /// A name for people.
    pub label: String,
    /// Since when.
    pub created_at: Instant,
    /// Until when, when it was revoked.
    pub revoked_at: Option<Instant>,
}

/// A bearer token of the native API, known by its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the token.
    pub digest: Digest,
    /// Whose data it opens.
    pub scope: Scope,
    /// What its holder may do.
    pub role: Role,
    /// The holder's name in the history.
    pub label: String,
    /// Since when.
    pub created_at: Instant,
    /// Until when.
    pub expires_at: Instant,
    /// Until when, when it was revoked.
    pub revoked_at: Option<Instant>,
}

/// A user name and password for the legacy ID token.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user name; unique over the installation.
    pub username: String,
    /// Whose data it opens.
    pub scope: Scope,
    /// Argon2 hash in its standard text form.
    pub password: String,
    /// Since when.
    pub created_at: Instant,
    /// When the password was last set.
    pub changed_at: Instant,
}

/// A refresh token, known by its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub digest: Digest,
    /// Whose.
    pub username: String,
    /// Since when.
    pub created_at: Instant,
    /// Until when.
    pub expires_at: Instant,
}

/// Where events go.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose events.
    pub scope: Scope,
    /// An http or https address.
    pub url: String,
    /// The signing secret, sealed.
    pub secret: Vec<u8>,
    /// Since when.
    pub created_at: Instant,
    /// Since when it gets nothing, when it was switched off.
    pub disabled_at: Option<Instant>,
}
