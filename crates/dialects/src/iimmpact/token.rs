//! `POST /v2/token` and `POST /v2/token/refresh`, the same under `/v1`: the older way to prove who
//! calls, deprecated and still promised (contract, section 2.2). Only failed tries count towards
//! the limits, because some old clients log in before every call.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use domain::account::Login;
use domain::{Instant, Millis};
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use vault::jwt::Claims;
use vault::secret::Secret;

use super::wire::{self, Authenticated, SignIn, Tokens};
use super::words::{self, No};
use crate::App;
use crate::body::{self, BodyError, BodyLimits};
use crate::layers::RequestId;
use crate::rate::{Limiter, Rate, Turn};
use crate::signed::fits_host;
use crate::who;

/// Who takes these tokens.
pub(super) const AUDIENCE: &str = "iimmpact";
/// What a token must be to be sent in `Authorization`.
pub(super) const ID_KIND: &str = "id";
/// The other token of an answer. Nothing here takes it; the original's clients expect one.
const ACCESS_KIND: &str = "access";

/// How long an ID token lives (contract, section 2.2).
const LIFE: Millis = Millis::minutes(60);

/// Bytes of a body: two short texts.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Callers and accounts remembered at a time by each limit, 32 bytes each.
const KEYS_MAX: usize = 20_000;

/// Failed tries, limited three ways. The narrow limit stops the one who guesses without locking
/// the owner of the account out; the wide ones stop those who change names or addresses.
pub struct Logins {
    by_both: Limiter,
    by_address: Limiter,
    by_account: Limiter,
}

impl Default for Logins {
    /// A person gets ten tries and one a minute. An address may be an office of fifty. An account
    /// tried from everywhere gets 300 an hour, hopeless against our passwords of 125 bits.
    fn default() -> Self {
        let limiter = |burst, per_minute| Limiter::new(Rate { per_minute, burst }, KEYS_MAX);
        Self { by_both: limiter(10, 1), by_address: limiter(50, 5), by_account: limiter(100, 5) }
    }
}

impl Logins {
    /// Takes one try, or says how long to wait. A try that is not let through counts nowhere:
    /// otherwise whoever is stopped here could use up what the account's owner has.
    fn take(&self, address: IpAddr, account: &str, at: Instant) -> Result<(), No> {
        granted(self.by_both.take((address, account), at))?;
        let address_turn = granted(self.by_address.take(address, at));
        let turn = address_turn.and_then(|()| {
            let turn = granted(self.by_account.take(account, at));
            turn.inspect_err(|_| self.by_address.give_back(address))
        });
        turn.inspect_err(|_| self.by_both.give_back((address, account)))
    }

    /// The try was none to count.
    fn give_back(&self, address: IpAddr, account: &str) {
        self.by_both.give_back((address, account));
        self.by_address.give_back(address);
        self.by_account.give_back(account);
    }
}

fn granted(turn: Turn) -> Result<(), No> {
    match turn {
        Turn::Granted => Ok(()),
        Turn::Wait(wait) => Err(No::TooManyTries { wait }),
    }
}

pub(super) async fn sign_in(State(app): State<App>, request: Request) -> Response {
    let (parts, taken) = taken(request).await;
    let done = signed_in(&app, &parts, taken).await;
    done.unwrap_or_else(|no| no.answer(&app.settings.iimmpact.messages))
}

pub(super) async fn refresh(State(app): State<App>, request: Request) -> Response {
    let (parts, taken) = taken(request).await;
    let done = refreshed(&app, &parts, taken).await;
    done.unwrap_or_else(|no| no.answer(&app.settings.iimmpact.messages))
}

async fn taken(request: Request) -> (Parts, Result<Bytes, BodyError>) {
    let (parts, body) = request.into_parts();
    let limits = BodyLimits { bytes_max: BODY_BYTES_MAX, ..BodyLimits::default() };
    let taken = body::take(&parts.headers, body, &limits).await;
    (parts, taken)
}

async fn signed_in(
    app: &App,
    parts: &Parts,
    taken: Result<Bytes, BodyError>,
) -> Result<Response, No> {
    let SignIn { username, password } = SignIn::read(&body::read(&parts.headers, &taken?)?)?;
    let address = address(app, parts);
    app.logins.take(address, &username, app.desk.now())?;
    let checked = app.desk.check_login(&username, password).await;
    let login = match checked {
        // Nobody was told anything about the password.
        Err(failure) => {
            app.logins.give_back(address, &username);
            return Err(failure.into());
        }
        Ok(login) => login.filter(|login| fits_host(app, parts, login.scope.env())),
    };
    let login = login.ok_or(No::LoginWrong)?;
    app.logins.give_back(address, &username);
    issued(app, &login).await
}

async fn refreshed(
    app: &App,
    parts: &Parts,
    taken: Result<Bytes, BodyError>,
) -> Result<Response, No> {
    let token = wire::refresh_token(&body::read(&parts.headers, &taken?)?)?;
    let address = address(app, parts);
    granted(app.logins.by_address.take(address, app.desk.now()))?;
    let login = app.desk.use_refresh(token.reveal()).await?;
    let login = login.filter(|login| fits_host(app, parts, login.scope.env()));
    let login = login.ok_or(No::RefreshInvalid)?;
    app.logins.by_address.give_back(address);
    issued(app, &login).await
}

fn address(app: &App, parts: &Parts) -> IpAddr {
    let hops = app.settings.trusted_hops;
    who::neighbourhood(who::client_address(&parts.extensions, &parts.headers, hops))
}

async fn issued(app: &App, login: &Login) -> Result<Response, No> {
    let id = jwt(app, login, ID_KIND)?;
    let access = jwt(app, login, ACCESS_KIND)?;
    let refresh = app.desk.add_refresh(&login.username).await?;
    let result = Tokens {
        access_token: access.reveal(),
        expires_in: LIFE.0 / 1_000,
        token_type: "Bearer",
        refresh_token: refresh.reveal(),
        id_token: id.reveal(),
    };
    let mut answer = words::json(StatusCode::OK, &Authenticated { result });
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

fn jwt(app: &App, login: &Login, kind: &str) -> Result<Secret, No> {
    let mut random = [0; 16];
    app.desk.with_dice(|dice| dice.fill(&mut random));
    let now = app.desk.now();
    let claims = Claims {
        iss: app.settings.issuer.clone(),
        aud: AUDIENCE.to_owned(),
        kind: kind.to_owned(),
        sub: login.username.clone(),
        scope: login.scope.number(),
        iat: now.seconds(),
        exp: now.plus(LIFE).seconds(),
        jti: vault::digest::hex(&random),
    };
    app.desk.keyring().issue_jwt(&claims).map_err(|why| {
        let request = RequestId::current();
        tracing::error!(%request, %why, "a token could not be issued");
        No::BrokenOff
    })
}
