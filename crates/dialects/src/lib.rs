//! Listens: HTTP in, commands to the desk, answers out. Each protocol has a folder of its own and
//! is the only one to know its wire; the files here are what they share. It must never write SQL,
//! call out, or decide what the domain decides.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use desk::Desk;

pub mod body;
pub mod iimmpact;
mod layers;
pub mod listen;
pub mod native;
pub mod ops;
pub mod rate;
pub mod signature;
mod signed;
pub mod who;

/// What every handler gets. One count to clone: axum does so several times for each request.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What [`App`] leads to.
pub struct Shared {
    /// Where commands go.
    pub desk: Desk,
    /// What the operator set.
    pub settings: Settings,
    /// Who failed to log in lately.
    logins: iimmpact::Logins,
    requests: layers::Requests,
    /// How often each caller of the native API asked lately.
    limits: native::Limits,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// The state of [`router`].
    pub fn new(desk: Desk, settings: Settings) -> Self {
        let requests = desk.with_dice(layers::Requests::new);
        let limits = native::Limits::new(&settings.native);
        let logins = iimmpact::Logins::default();
        Self(Arc::new(Shared { desk, settings, logins, requests, limits }))
    }
}

/// What an operator can set about listening.
pub struct Settings {
    /// The name of this installation in the tokens it issues; no other's tokens are taken.
    pub issuer: String,
    /// How many proxies of our own stand in front: see [`who::client_address`].
    pub trusted_hops: usize,
    /// The host names of the environments, when credentials are bound to them.
    pub hosts: Option<who::Hosts>,
    /// From a request's head to its answer; then the caller is told that it took too long.
    pub request_time: Duration,
    /// Of bodies with files. The size is the cabinet's to say.
    pub uploads: body::parts::PartLimits,
    /// Of the IIMMPACT dialect.
    pub iimmpact: iimmpact::Settings,
    /// Of our own API.
    pub native: native::Settings,
    /// For those who run the program.
    pub ops: ops::Settings,
}

impl Default for Settings {
    /// 29 seconds is when the original's gateway gives up, so its clients expect no more.
    fn default() -> Self {
        Self {
            issuer: "redress".to_owned(),
            trusted_hops: 0,
            hosts: None,
            request_time: Duration::from_secs(29),
            uploads: body::parts::PartLimits::default(),
            iimmpact: iimmpact::Settings::default(),
            native: native::Settings::default(),
            ops: ops::Settings::default(),
        }
    }
}

/// Everything there is to ask, under one roof.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(iimmpact::routes())
        .merge(native::routes(&app))
        .merge(ops::routes())
        .fallback(layers::nothing_here)
        .layer(from_fn_with_state(app.clone(), layers::around))
        .with_state(app)
}
