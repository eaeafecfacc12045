//! Who calls: by a signature over the request or by an ID token. It spends no nonce, but hands a
//! verified one out with the caller, so that whatever comes of the request spends it.

use axum::body::Bytes;
use domain::changes::Nonce;
use domain::{Actor, Role, Scope};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use vault::jwt::{Expected, Untrusted};

use super::token::{AUDIENCE, ID_KIND};
use super::words::No;
use crate::App;
use crate::signature;
use crate::signed::{fits_host, signed};

/// Somebody who proved who he is.
pub(super) struct Caller {
    pub(super) by: Actor,
    /// The nonce of a signed request.
    pub(super) nonce: Option<Nonce>,
}

/// Who sent this request with exactly this body. One that carries any header of a signature must
/// be signed, whatever token came with it.
pub(super) async fn caller(app: &App, parts: &Parts, body: &Bytes) -> Result<Caller, No> {
    if signature::is_attempted(&parts.headers) {
        let signed = signed(app, parts, body).await?;
        return Ok(Caller { by: signed.by, nonce: Some(signed.nonce) });
    }
    let Some(token) = token(&parts.headers)? else { return Err(No::WithoutCredentials) };
    let by = holder(app, parts, token)?;
    Ok(Caller { by, nonce: None })
}

/// The token in `Authorization`, which old clients send bare and the documents call Bearer.
fn token(headers: &HeaderMap) -> Result<Option<&str>, No> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(No::TokenInvalid);
    }
    let text = value.to_str().map_err(|_| No::TokenInvalid)?.trim();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return Err(No::TokenInvalid),
        None => text,
    };
    Ok((!token.is_empty()).then_some(token))
}

fn holder(app: &App, parts: &Parts, token: &str) -> Result<Actor, No> {
    let expected = Expected { iss: &app.settings.issuer, aud: AUDIENCE, kind: ID_KIND };
    let claims = app.desk.keyring().verify_jwt(token, expected, app.desk.now());
    let claims = claims.map_err(|why| match why {
        Untrusted::Expired => No::TokenExpired,
        _ => No::TokenInvalid,
    })?;
    let scope = Scope::from_number(claims.scope);
    if !fits_host(app, parts, scope.env()) {
        return Err(No::TokenInvalid);
    }
    Ok(Actor::new(scope, Role::Client, claims.sub))
}
