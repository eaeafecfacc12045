//! Tenants and their credentials as they are kept. A secret stands here only sealed or as a digest;
//! the plain one never reaches this crate.

use crate::actor::{Rights, Role};
use crate::chain::Digest;
use crate::hex;
use crate::ids::{EndpointId, MemberId};
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
    /// Counts its changes, from 1.
    pub version: i64,
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
    /// Until when, when another key took its place.
    pub expires_at: Option<Instant>,
    /// What is left of the rights of a client, when it was narrowed.
    pub rights: Option<Rights>,
}

impl ApiKey {
    /// Whether it may sign at that time.
    pub fn works(&self, now: Instant) -> bool {
        self.revoked_at.is_none_or(|end| end > now) && self.expires_at.is_none_or(|end| end > now)
    }

    /// What its holder may do.
    pub fn may(&self) -> Rights {
        let all = Role::Client.rights();
        self.rights.map_or(all, |left| left.and(all))
    }
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
    /// Whose, when it is one of a member. It then ends with the member.
    pub member: Option<MemberId>,
    /// What is left of the role's rights, when it was narrowed.
    pub rights: Option<Rights>,
    /// Whether it is of the whole installation: accounts may be managed with it.
    pub installation: bool,
}

/// Bytes of a digest in the id of a token. Two of one account never meet, and half of the digest
/// of a random text tells nothing of it.
pub const TOKEN_ID_BYTES: usize = 8;

/// The public id of the token with this digest.
pub fn token_id(digest: &[u8]) -> String {
    format!("tk_{}", hex(&digest[..digest.len().min(TOKEN_ID_BYTES)]))
}

impl Token {
    /// Its public id: `tk_` and the beginning of its digest, so that old tokens have one too.
    pub fn id(&self) -> String {
        token_id(&self.digest)
    }

    /// What its holder may do, a member in `role` when it is one of a member.
    pub fn may(&self, member: Option<Role>) -> Rights {
        let mut rights = self.role.rights();
        if let Some(role) = member {
            rights = rights.and(role.rights());
        }
        if self.installation {
            rights = rights.with(crate::actor::Right::ManageTenants);
        }
        self.rights.map_or(rights, |left| left.and(rights))
    }
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
    /// The secret before, sealed, and until when both sign.
    pub before: Option<(Vec<u8>, Instant)>,
}

/// A person of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Of which account, in which environment.
    pub scope: Scope,
    /// The e-mail address: unique in the scope, and the name in every history.
    pub email: String,
    /// The name for people.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Since when.
    pub created_at: Instant,
    /// Since when nothing works any more, when it was disabled.
    pub disabled_at: Option<Instant>,
    /// The Argon2 hash of the password, once one was set.
    pub password: Option<String>,
}

/// Where cases wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The name, as in cases.
    pub name: String,
    /// The name for people.
    pub label: String,
    /// The team that works it; empty for none.
    pub team: String,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Since when.
    pub created_at: Instant,
    /// Since when nothing more goes in, when it was retired.
    pub retired_at: Option<Instant>,
}

/// People who work together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// The short name.
    pub name: String,
    /// The name for people.
    pub label: String,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Since when.
    pub created_at: Instant,
    /// Since when it is no more.
    pub retired_at: Option<Instant>,
    /// Who is in it.
    pub members: Vec<MemberId>,
}
