//! Running an account over the native API. A write is one act of administration, whatever the
//! route; what it may lead to is decided by the desk. Secrets come out of the answer that makes them
//! and out of no other.

mod bodies;
mod lists;
mod shapes;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use desk::admin::AdminOrder;
use domain::Right;
use domain::admin::BadField;
use http::header::ETAG;
use serde::Serialize;

use super::asked::{Asked, Named, Sent, replayed};
use super::problem::Problem;
use super::{Route, etag, route};
use crate::App;
use bodies::{
    Act, DeliveryReplay, EndpointAdd, EndpointDisable, EndpointEnable, EndpointRotate,
    EndpointTest, KeyAdd, KeyRevoke, KeyRotate, LoginAdd, LoginPassword, MemberAdd, MemberChange,
    MemberDisable, MemberEnable, MemberInvite, MemberPassword, MessageReset, MessageSet, QueueAdd,
    QueueChange, QueueReopen, QueueRetire, SettingReset, SettingSet, TeamAdd, TeamChange, TeamJoin,
    TeamLeave, TeamRetire, TenantAdd, TenantChange, TenantToken, TokenAdd, TokenRevoke,
};
pub(super) use lists::LISTS;

/// One route for each act.
#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    write("/api/v1/admin/tenants", Right::ManageTenants, || post(act::<TenantAdd>)),
    write("/api/v1/admin/tenants/{slug}", Right::ManageTenants, || post(act::<TenantChange>)),
    write("/api/v1/admin/tenants/{slug}/tokens", Right::ManageTenants, || post(act::<TenantToken>)),
    write("/api/v1/admin/members", Right::ManageMembers, || post(act::<MemberAdd>)),
    write("/api/v1/admin/members/{member}", Right::ManageMembers, || post(act::<MemberChange>)),
    write("/api/v1/admin/members/{member}/disable", Right::ManageMembers, || post(act::<MemberDisable>)),
    write("/api/v1/admin/members/{member}/enable", Right::ManageMembers, || post(act::<MemberEnable>)),
    write("/api/v1/admin/members/{member}/password", Right::ManageMembers, || post(act::<MemberPassword>)),
    write("/api/v1/admin/members/{member}/invite", Right::ManageMembers, || post(act::<MemberInvite>)),
    write("/api/v1/admin/keys", Right::ManageKeys, || post(act::<KeyAdd>)),
    write("/api/v1/admin/keys/{key}/rotate", Right::ManageKeys, || post(act::<KeyRotate>)),
    write("/api/v1/admin/keys/{key}/revoke", Right::ManageKeys, || post(act::<KeyRevoke>)),
    write("/api/v1/admin/logins", Right::ManageKeys, || post(act::<LoginAdd>)),
    write("/api/v1/admin/logins/{login}/password", Right::ManageKeys, || post(act::<LoginPassword>)),
    write("/api/v1/admin/tokens", Right::ManageTokens, || post(act::<TokenAdd>)),
    write("/api/v1/admin/tokens/{token}/revoke", Right::ManageTokens, || post(act::<TokenRevoke>)),
    write("/api/v1/admin/endpoints", Right::ManageEndpoints, || post(act::<EndpointAdd>)),
    write("/api/v1/admin/endpoints/{endpoint}/rotate", Right::ManageEndpoints, || post(act::<EndpointRotate>)),
    write("/api/v1/admin/endpoints/{endpoint}/disable", Right::ManageEndpoints, || post(act::<EndpointDisable>)),
    write("/api/v1/admin/endpoints/{endpoint}/enable", Right::ManageEndpoints, || post(act::<EndpointEnable>)),
    write("/api/v1/admin/endpoints/{endpoint}/test", Right::ManageEndpoints, || post(act::<EndpointTest>)),
    write("/api/v1/admin/deliveries/{delivery}/replay", Right::ManageEndpoints, || post(act::<DeliveryReplay>)),
    write("/api/v1/admin/queues", Right::ManageQueues, || post(act::<QueueAdd>)),
    write("/api/v1/admin/queues/{queue}", Right::ManageQueues, || post(act::<QueueChange>)),
    write("/api/v1/admin/queues/{queue}/retire", Right::ManageQueues, || post(act::<QueueRetire>)),
    write("/api/v1/admin/queues/{queue}/reopen", Right::ManageQueues, || post(act::<QueueReopen>)),
    write("/api/v1/admin/teams", Right::ManageQueues, || post(act::<TeamAdd>)),
    write("/api/v1/admin/teams/{team}", Right::ManageQueues, || post(act::<TeamChange>)),
    write("/api/v1/admin/teams/{team}/join", Right::ManageQueues, || post(act::<TeamJoin>)),
    write("/api/v1/admin/teams/{team}/leave", Right::ManageQueues, || post(act::<TeamLeave>)),
    write("/api/v1/admin/teams/{team}/retire", Right::ManageQueues, || post(act::<TeamRetire>)),
    write("/api/v1/admin/settings/{setting}", Right::ManageSettings, || post(act::<SettingSet>)),
    write("/api/v1/admin/settings/{setting}/reset", Right::ManageSettings, || post(act::<SettingReset>)),
    write("/api/v1/admin/messages/{message}", Right::ManageMessages, || post(act::<MessageSet>)),
    write("/api/v1/admin/messages/{message}/reset", Right::ManageMessages, || post(act::<MessageReset>)),
];

const fn write(
    path: &'static str,
    right: Right,
    handler: fn() -> axum::routing::MethodRouter<App>,
) -> Route {
    route("POST", path, right, handler)
}

impl From<BadField> for Problem {
    fn from(bad: BadField) -> Self {
        Self::field(bad.field, bad.why)
    }
}

/// What comes with an act.
trait ActBody: Sent {
    /// The act upon what the path names, and the secret that the caller chose.
    fn act(self, name: String) -> Result<Act, Problem>;
}

/// What every write answers.
#[derive(Serialize)]
struct Managed {
    kind: &'static str,
    id: String,
    version: Option<i64>,
    secret: Option<String>,
}

/// `POST /api/v1/admin/...`
async fn act<B: ActBody>(
    State(app): State<App>,
    Named(name): Named,
    asked: Asked<B>,
) -> Result<Response, Problem> {
    let Asked { by, body, once, version } = asked;
    let (act, given) = body.act(name)?;
    let done = app.desk.administer(&AdminOrder { by, act, given, once, version }).await?;
    let answer = Managed {
        kind: done.kind.word(),
        id: done.id,
        version: done.version,
        secret: done.secret.map(|secret| secret.reveal().to_owned()),
    };
    let mut response = Json(answer).into_response();
    if let Some(tag) = done.version.and_then(etag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(replayed(done.repeated, response))
}
