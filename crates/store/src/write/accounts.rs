//! How tenants and their credentials are written.

use domain::account::{ApiKey, Endpoint, Login, RefreshToken, Tenant, Token};
use domain::chain::Digest;
use domain::ids::EndpointId;
use domain::{Instant, Rights, Scope};

use super::{any, one, tag};
use crate::engine::Stmt;

const INSERT_TENANT: &str =
    "INSERT INTO tenants (id, slug, name, email, seal_narratives, created_at, version)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";

const INSERT_KEY: &str = "INSERT INTO api_keys (id, scope, secret, label, created_at, rights)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";

const REVOKE_KEY: &str =
    "UPDATE api_keys SET revoked_at = ?3 WHERE id = ?1 AND scope = ?2 AND revoked_at IS NULL";

const INSERT_TOKEN: &str = "INSERT INTO tokens
 (digest, scope, role, label, created_at, expires_at, member, rights, installation)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";

const REVOKE_TOKEN: &str =
    "UPDATE tokens SET revoked_at = ?3 WHERE digest = ?1 AND scope = ?2 AND revoked_at IS NULL";

const INSERT_LOGIN: &str = "INSERT INTO logins (username, scope, password, created_at, changed_at)
 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

const SET_PASSWORD: &str =
    "UPDATE logins SET password = ?3, changed_at = ?4 WHERE username = ?1 AND scope = ?2";

const END_REFRESH_TOKENS: &str = "DELETE FROM refresh_tokens WHERE username = ?1";

const INSERT_REFRESH: &str = "INSERT INTO refresh_tokens (digest, username, created_at, expires_at)
 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

const USE_REFRESH: &str = "DELETE FROM refresh_tokens WHERE digest = ?1";

const INSERT_ENDPOINT: &str = "INSERT INTO webhook_endpoints (id, scope, url, secret, created_at)
 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

const DISABLE_ENDPOINT: &str = "UPDATE webhook_endpoints SET disabled_at = ?3
 WHERE id = ?1 AND scope = ?2 AND disabled_at IS NULL";

pub(super) fn tenant(tenant: &Tenant) -> Stmt {
    let values = vec![
        tenant.id.0.into(),
        tenant.slug.as_str().into(),
        tenant.name.as_str().into(),
        tenant.email.as_str().into(),
        tenant.seal_narratives.into(),
        tenant.created_at.millis().into(),
        tenant.version.into(),
    ];
    one(INSERT_TENANT, tag::ACCOUNT, values)
}

pub(super) fn key(key: &ApiKey) -> Stmt {
    let values = vec![
        key.id.as_str().into(),
        key.scope.number().into(),
        key.secret.as_slice().into(),
        key.label.as_str().into(),
        key.created_at.millis().into(),
        key.rights.map(Rights::words).into(),
    ];
    one(INSERT_KEY, tag::ACCOUNT, values)
}

pub(super) fn revoke_key(scope: Scope, id: &str, at: Instant) -> Stmt {
    let values = vec![id.into(), scope.number().into(), at.millis().into()];
    one(REVOKE_KEY, tag::ACCOUNT, values)
}

pub(super) fn token(token: &Token) -> Stmt {
    let values = vec![
        token.digest.as_slice().into(),
        token.scope.number().into(),
        token.role.word().into(),
        token.label.as_str().into(),
        token.created_at.millis().into(),
        token.expires_at.millis().into(),
        token.member.as_ref().map(|member| member.as_str().to_owned()).into(),
        token.rights.map(Rights::words).into(),
        token.installation.into(),
    ];
    one(INSERT_TOKEN, tag::ACCOUNT, values)
}

pub(super) fn revoke_token(scope: Scope, digest: &Digest, at: Instant) -> Stmt {
    let values = vec![digest.as_slice().into(), scope.number().into(), at.millis().into()];
    one(REVOKE_TOKEN, tag::ACCOUNT, values)
}

pub(super) fn login(login: &Login) -> Stmt {
    let values = vec![
        login.username.as_str().into(),
        login.scope.number().into(),
        login.password.as_str().into(),
        login.created_at.millis().into(),
        login.changed_at.millis().into(),
    ];
    one(INSERT_LOGIN, tag::ACCOUNT, values)
}

pub(super) fn password(scope: Scope, username: &str, password: &str, at: Instant) -> [Stmt; 2] {
    let values = vec![username.into(), scope.number().into(), password.into(), at.millis().into()];
    [one(SET_PASSWORD, tag::ACCOUNT, values), any(END_REFRESH_TOKENS, vec![username.into()])]
}

pub(super) fn refresh(token: &RefreshToken) -> Stmt {
    let values = vec![
        token.digest.as_slice().into(),
        token.username.as_str().into(),
        token.created_at.millis().into(),
        token.expires_at.millis().into(),
    ];
    one(INSERT_REFRESH, tag::ACCOUNT, values)
}

pub(super) fn refresh_used(digest: &Digest) -> Stmt {
    one(USE_REFRESH, tag::ACCOUNT, vec![digest.as_slice().into()])
}

pub(super) fn endpoint(endpoint: &Endpoint) -> Stmt {
    let values = vec![
        endpoint.id.as_str().into(),
        endpoint.scope.number().into(),
        endpoint.url.as_str().into(),
        endpoint.secret.as_slice().into(),
        endpoint.created_at.millis().into(),
    ];
    one(INSERT_ENDPOINT, tag::ACCOUNT, values)
}

pub(super) fn disable_endpoint(scope: Scope, id: &EndpointId, at: Instant) -> Stmt {
    let values = vec![id.as_str().into(), scope.number().into(), at.millis().into()];
    one(DISABLE_ENDPOINT, tag::ACCOUNT, values)
}
