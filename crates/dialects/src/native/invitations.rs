//! Accepting an invitation: whoever has the word sets the password of the member it invites, once.
//! Nobody is known here yet, so it says nothing of who there is: a word that is unknown, used up or
//! over, and one of a member who has left, are answered alike.

use std::net::IpAddr;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use desk::once::Once;
use domain::admin::check;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use vault::secret::Secret;

use super::around::too_many;
use super::asked::{Sent, once, replayed};
use super::problem::Problem;
use super::{Route, json, query};
use crate::rate::Turn;
use crate::{App, body, who};

/// Longest word that is looked up, in bytes: ours have 56.
const WORD_BYTES_MAX: usize = 128;

/// The one route.
pub(super) const ROUTES: &[Route] = &[Route {
    method: "POST",
    path: "/api/v1/invitations/accept",
    open: true,
    right: None,
    deprecated: None,
    handler: || post(accept),
}];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accept {
    token: String,
    password: String,
}

impl Sent for Accept {}

/// What somebody without a credential sent, and from where.
pub(super) struct FromStranger {
    address: IpAddr,
    body: Accept,
    once: Option<Once>,
}

impl FromRequest<App> for FromStranger {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, sent) = request.into_parts();
        query::only_known(&parts)?;
        let hops = app.settings.trusted_hops;
        let address = who::client_address(&parts.extensions, &parts.headers, hops);
        let limits = Accept::limits(&app.settings.native);
        let bytes = body::take(&parts.headers, sent, &limits).await?;
        let once = once(&parts, &bytes, None)?;
        let body = json::read(&parts.headers, &bytes)?;
        Ok(Self { address: who::neighbourhood(address), body, once })
    }
}

#[derive(Serialize)]
pub(super) struct Accepted {
    member: String,
    email: String,
}

/// `POST /api/v1/invitations/accept`
pub(super) async fn accept(
    State(app): State<App>,
    sent: FromStranger,
) -> Result<Response, Problem> {
    let Accept { token, password } = sent.body;
    check::password("password", &password)?;
    // Each try counts until it turns out to be a good one.
    let tries = &app.limits.invitations;
    if let Turn::Wait(wait) = tries.take(sent.address, app.desk.now()) {
        return Err(too_many(wait));
    }
    let good = token.len() <= WORD_BYTES_MAX && token.bytes().all(|byte| byte.is_ascii_graphic());
    let password = Secret::new(password);
    let accepted = match good {
        true => app.desk.accept_invite(&token, password, sent.once.as_ref()).await?,
        false => None,
    };
    let (member, repeated) = accepted.ok_or_else(not_valid)?;
    tries.give_back(sent.address);
    let answer = Accepted { member: member.id.as_str().to_owned(), email: member.email };
    Ok(replayed(repeated, Json(answer).into_response()))
}

fn not_valid() -> Problem {
    let detail = "the invitation is unknown, was used or has ended; ask an administrator of your \
                  account for a new one";
    Problem::new(StatusCode::NOT_FOUND, "invitation-not-valid", "No such invitation", detail)
}
