//! Tenants and their credentials.

use domain::account::{ApiKey, Endpoint, Login, RefreshToken, Tenant, Token};
use domain::chain::Digest;
use domain::ids::EndpointId;
use domain::{Instant, Rights, Role, Scope, TenantId};

use super::cases::digest;
use crate::engine::{Db, Row};
use crate::fault::Fault;

const TENANTS: &str = "SELECT id, slug, name, email, seal_narratives, created_at, version
 FROM tenants ORDER BY id LIMIT 10000";

const KEY: &str =
    "SELECT id, scope, secret, label, created_at, revoked_at, expires_at, rights FROM api_keys
 WHERE id = ?1";

const KEYS: &str =
    "SELECT id, scope, secret, label, created_at, revoked_at, expires_at, rights FROM api_keys
 WHERE id > ?1 ORDER BY id LIMIT 1000";

macro_rules! token_columns {
    () => {
        "tokens.digest, tokens.scope, tokens.role, tokens.label, tokens.created_at,
 tokens.expires_at, tokens.revoked_at, tokens.member, tokens.rights, tokens.installation"
    };
}

const TOKEN: &str = concat!(
    "SELECT ",
    token_columns!(),
    ", members.email, members.role, members.disabled_at
 FROM tokens LEFT JOIN members ON members.id = tokens.member AND members.scope = tokens.scope
 WHERE tokens.digest = ?1"
);

const TOKENS_OF: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM tokens WHERE scope = ?1 AND digest > ?2 ORDER BY digest LIMIT 1000"
);

const TOKENS_FROM_TO: &str = concat!(
    "SELECT ",
    token_columns!(),
    " FROM tokens WHERE scope = ?1 AND digest >= ?2 AND digest <= ?3 ORDER BY digest LIMIT 2"
);

const LOGINS_OF: &str = "SELECT username, scope, password, created_at, changed_at FROM logins
 WHERE scope = ?1 AND username > ?2 ORDER BY username LIMIT 1000";

const LOGIN: &str =
    "SELECT username, scope, password, created_at, changed_at FROM logins WHERE username = ?1";

const REFRESH: &str =
    "SELECT digest, username, created_at, expires_at FROM refresh_tokens WHERE digest = ?1";

const ENDPOINTS: &str = "SELECT id, scope, url, secret, created_at, disabled_at,
 secret_before, before_until FROM webhook_endpoints WHERE id > ?1 ORDER BY id LIMIT 1000";

const ENDPOINT: &str = "SELECT id, scope, url, secret, created_at, disabled_at,
 secret_before, before_until FROM webhook_endpoints WHERE scope = ?1 AND id = ?2";

const ENDPOINTS_OF: &str = "SELECT id, scope, url, secret, created_at, disabled_at,
 secret_before, before_until FROM webhook_endpoints
 WHERE scope = ?1 AND disabled_at IS NULL ORDER BY id LIMIT 1000";

fn tenant(row: &Row) -> Result<Tenant, Fault> {
    Ok(Tenant {
        id: TenantId(row.int(0)?),
        slug: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        email: row.text(3)?.to_owned(),
        seal_narratives: row.flag(4)?,
        created_at: Instant::from_millis(row.int(5)?),
        version: row.int(6)?,
    })
}

/// All tenants by number.
pub async fn tenants(db: &Db) -> Result<Vec<Tenant>, Fault> {
    db.rows(TENANTS, Vec::new()).await?.iter().map(tenant).collect()
}

pub(super) fn moment(row: &Row, place: usize) -> Result<Option<Instant>, Fault> {
    Ok(row.opt_int(place)?.map(Instant::from_millis))
}

fn api_key(row: &Row) -> Result<ApiKey, Fault> {
    Ok(ApiKey {
        id: row.text(0)?.to_owned(),
        scope: Scope::from_number(row.int(1)?),
        secret: row.bytes(2)?.to_vec(),
        label: row.text(3)?.to_owned(),
        created_at: Instant::from_millis(row.int(4)?),
        revoked_at: moment(row, 5)?,
        expires_at: moment(row, 6)?,
        rights: rights(row, 7)?,
    })
}

/// A list of rights; nothing where none was kept. A word that is no right is a fault: leaving it
/// out would be guessing.
pub(super) fn rights(row: &Row, place: usize) -> Result<Option<Rights>, Fault> {
    let read = |words: &str| {
        Rights::parse(words).map_err(|word| Fault::new(format!("`{word}` is kept as a right")))
    };
    row.opt_text(place)?.map(read).transpose()
}

/// One key, revoked or not.
pub async fn key(db: &Db, id: &str) -> Result<Option<ApiKey>, Fault> {
    db.one(KEY, vec![id.into()]).await?.as_ref().map(api_key).transpose()
}

/// Keys after `after` by id, 1,000 at a time.
pub async fn keys(db: &Db, after: &str) -> Result<Vec<ApiKey>, Fault> {
    db.rows(KEYS, vec![after.into()]).await?.iter().map(api_key).collect()
}

pub(super) fn role(word: &str) -> Result<Role, Fault> {
    Role::parse(word).ok_or_else(|| Fault::new(format!("`{word}` is kept as a role")))
}

fn bearer(row: &Row) -> Result<Token, Fault> {
    let role = role(row.text(2)?)?;
    Ok(Token {
        digest: digest(row.bytes(0)?)?,
        scope: Scope::from_number(row.int(1)?),
        role,
        label: row.text(3)?.to_owned(),
        created_at: Instant::from_millis(row.int(4)?),
        expires_at: Instant::from_millis(row.int(5)?),
        revoked_at: moment(row, 6)?,
        member: row.opt_text(7)?.map(super::admin::member_id).transpose()?,
        rights: rights(row, 8)?,
        installation: row.flag(9)?,
    })
}

/// A member as his token knows him.
pub struct Holder {
    /// The address.
    pub email: String,
    /// What he may do now.
    pub role: Role,
    /// Since when nothing of his works, when he was disabled.
    pub disabled_at: Option<Instant>,
}

/// One bearer token by its digest, ended or not, with the member that it belongs to.
pub async fn token(db: &Db, of: &Digest) -> Result<Option<(Token, Option<Holder>)>, Fault> {
    let Some(row) = db.one(TOKEN, vec![of.as_slice().into()]).await? else { return Ok(None) };
    let holder = match row.opt_text(10)? {
        None => None,
        Some(email) => Some(Holder {
            email: email.to_owned(),
            role: role(row.opt_text(11)?.unwrap_or_default())?,
            disabled_at: moment(&row, 12)?,
        }),
    };
    Ok(Some((bearer(&row)?, holder)))
}

/// The bearer tokens of a scope whose digests begin so, at most two: for finding one by its id.
pub async fn tokens_beginning(db: &Db, scope: Scope, start: &[u8]) -> Result<Vec<Token>, Fault> {
    let mut last: Digest = [0xff; 32];
    last.iter_mut().zip(start).for_each(|(byte, start)| *byte = *start);
    let values = vec![scope.number().into(), start.into(), last.as_slice().into()];
    db.rows(TOKENS_FROM_TO, values).await?.iter().map(bearer).collect()
}

/// Bearer tokens of one scope after the digest `after`, ended or not, 1,000 at a time.
pub async fn tokens_of(db: &Db, scope: Scope, after: &[u8]) -> Result<Vec<Token>, Fault> {
    let values = vec![scope.number().into(), after.into()];
    db.rows(TOKENS_OF, values).await?.iter().map(bearer).collect()
}

fn named(row: &Row) -> Result<Login, Fault> {
    Ok(Login {
        username: row.text(0)?.to_owned(),
        scope: Scope::from_number(row.int(1)?),
        password: row.text(2)?.to_owned(),
        created_at: Instant::from_millis(row.int(3)?),
        changed_at: Instant::from_millis(row.int(4)?),
    })
}

/// One login.
pub async fn login(db: &Db, username: &str) -> Result<Option<Login>, Fault> {
    db.one(LOGIN, vec![username.into()]).await?.as_ref().map(named).transpose()
}

/// Logins of one scope after `after` by name, 1,000 at a time.
pub async fn logins_of(db: &Db, scope: Scope, after: &str) -> Result<Vec<Login>, Fault> {
    let values = vec![scope.number().into(), after.into()];
    db.rows(LOGINS_OF, values).await?.iter().map(named).collect()
}

/// One refresh token by its digest.
pub async fn refresh(db: &Db, of: &Digest) -> Result<Option<RefreshToken>, Fault> {
    let Some(row) = db.one(REFRESH, vec![of.as_slice().into()]).await? else { return Ok(None) };
    Ok(Some(RefreshToken {
        digest: digest(row.bytes(0)?)?,
        username: row.text(1)?.to_owned(),
        created_at: Instant::from_millis(row.int(2)?),
        expires_at: Instant::from_millis(row.int(3)?),
    }))
}

fn endpoint(row: &Row) -> Result<Endpoint, Fault> {
    let before = row.opt_bytes(6)?.map(<[u8]>::to_vec).zip(moment(row, 7)?);
    Ok(Endpoint {
        before,
        id: EndpointId::parse(row.text(0)?)
            .ok_or_else(|| Fault::new("an endpoint's id is not one".to_owned()))?,
        scope: Scope::from_number(row.int(1)?),
        url: row.text(2)?.to_owned(),
        secret: row.bytes(3)?.to_vec(),
        created_at: Instant::from_millis(row.int(4)?),
        disabled_at: moment(row, 5)?,
    })
}

/// One endpoint of a scope, switched on or off.
pub async fn endpoint_of(
    db: &Db,
    scope: Scope,
    id: &EndpointId,
) -> Result<Option<Endpoint>, Fault> {
    let values = vec![scope.number().into(), id.as_str().into()];
    db.one(ENDPOINT, values).await?.as_ref().map(endpoint).transpose()
}

/// The endpoints of a scope that are switched on, at most 1,000.
pub async fn endpoints_of(db: &Db, scope: Scope) -> Result<Vec<Endpoint>, Fault> {
    db.rows(ENDPOINTS_OF, vec![scope.number().into()]).await?.iter().map(endpoint).collect()
}

/// Endpoints of every scope after `after` by id, 1,000 at a time: for a change of keys.
pub async fn endpoints(db: &Db, after: &str) -> Result<Vec<Endpoint>, Fault> {
    db.rows(ENDPOINTS, vec![after.into()]).await?.iter().map(endpoint).collect()
}

const NONCE: &str = "SELECT 1 FROM nonces WHERE minute = ?1 AND digest = ?2";

/// Whether a nonce was spent.
pub async fn nonce_spent(db: &Db, nonce: &domain::changes::Nonce) -> Result<bool, Fault> {
    let values = vec![nonce.minute.into(), nonce.digest.as_slice().into()];
    Ok(db.one(NONCE, values).await?.is_some())
}
