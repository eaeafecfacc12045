//! Whose signature a request carries: the scheme of `signature`, held against the keys the desk
//! knows. It spends no nonce, but hands a verified one out with the caller, so that whatever comes
//! of the request spends it.

use desk::Failure;
use domain::chain::digest_of;
use domain::changes::Nonce;
use domain::{Actor, Env, Role};
use http::request::Parts;

use crate::App;
use crate::signature::{Claim, Unsigned};

/// A request that a key has signed.
pub(crate) struct Signed {
    /// The key as an actor.
    pub(crate) by: Actor,
    /// Good once, for all paths.
    pub(crate) nonce: Nonce,
}

/// Why a request counts as not signed.
pub(crate) enum NotSigned {
    /// Its headers or its signature are wrong.
    Unsigned(Unsigned),
    /// The key is unknown here: never made, revoked, or of the other environment's host.
    KeyUnknown,
    /// It could not be found out.
    Failed(Failure),
}

impl From<Unsigned> for NotSigned {
    fn from(why: Unsigned) -> Self {
        Self::Unsigned(why)
    }
}

impl From<Failure> for NotSigned {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Who signed this request with exactly this body.
pub(crate) async fn signed(app: &App, parts: &Parts, body: &[u8]) -> Result<Signed, NotSigned> {
    let claim = Claim::read(&parts.headers, app.desk.now(), app.settings.iimmpact.window)?;
    let open = app.desk.open_key(claim.key_id).await?.ok_or(NotSigned::KeyUnknown)?;
    let scope = open.key.scope;
    if !fits_host(app, parts, scope.env()) {
        return Err(NotSigned::KeyUnknown);
    }
    claim.verify(&open.secret, &parts.method, parts.uri.query().unwrap_or(""), body)?;
    let id = open.key.id.as_str();
    let by = Actor::new(scope, Role::Client, id);
    let by = Actor { rights: open.key.may(), credential: id.to_owned(), ..by };
    Ok(Signed { by, nonce: nonce(&claim) })
}

/// A nonce as it is kept: for one key, and for all paths at once, since the path is not signed.
fn nonce(claim: &Claim<'_>) -> Nonce {
    let whole = digest_of(&[claim.key_id.as_bytes(), claim.nonce.as_bytes()]);
    let mut digest = [0; 16];
    digest.copy_from_slice(&whole[..16]);
    Nonce { minute: claim.signed_at.minute(), digest }
}

/// Whether a credential of this environment is known under the host name of the request.
pub(crate) fn fits_host(app: &App, parts: &Parts, env: Env) -> bool {
    let hosts = app.settings.hosts.as_ref();
    hosts.is_none_or(|hosts| hosts.fits(env, &parts.uri, &parts.headers))
}
