//! Running an account over the native API. A write is one act of administration, whatever the
//! route; what it may lead to is decided by the desk. Secrets come out of the answer that makes
//! them and out of no other.

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
use super::blame::about;
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

/// A row for each act: the path below `/api/v1/admin/`, the right, the body.
macro_rules! acts {
    ($($path:literal $right:ident $body:ident;)+) => {
        &[$(route(
            "POST",
            concat!("/api/v1/admin/", $path),
            Right::$right,
            || post(act::<$body>),
        ),)+]
    };
}

/// One route for each act.
pub(super) const ROUTES: &[Route] = acts! {
    "tenants" ManageTenants TenantAdd;
    "tenants/{slug}" ManageTenants TenantChange;
    "tenants/{slug}/tokens" ManageTenants TenantToken;
    "members" ManageMembers MemberAdd;
    "members/{member}" ManageMembers MemberChange;
    "members/{member}/disable" ManageMembers MemberDisable;
    "members/{member}/enable" ManageMembers MemberEnable;
    "members/{member}/password" ManageMembers MemberPassword;
    "members/{member}/invite" ManageMembers MemberInvite;
    "keys" ManageKeys KeyAdd;
    "keys/{key}/rotate" ManageKeys KeyRotate;
    "keys/{key}/revoke" ManageKeys KeyRevoke;
    "logins" ManageKeys LoginAdd;
    "logins/{login}/password" ManageKeys LoginPassword;
    "tokens" ManageTokens TokenAdd;
    "tokens/{token}/revoke" ManageTokens TokenRevoke;
    "endpoints" ManageEndpoints EndpointAdd;
    "endpoints/{endpoint}/rotate" ManageEndpoints EndpointRotate;
    "endpoints/{endpoint}/disable" ManageEndpoints EndpointDisable;
    "endpoints/{endpoint}/enable" ManageEndpoints EndpointEnable;
    "endpoints/{endpoint}/test" ManageEndpoints EndpointTest;
    "deliveries/{delivery}/replay" ManageEndpoints DeliveryReplay;
    "queues" ManageQueues QueueAdd;
    "queues/{queue}" ManageQueues QueueChange;
    "queues/{queue}/retire" ManageQueues QueueRetire;
    "queues/{queue}/reopen" ManageQueues QueueReopen;
    "teams" ManageQueues TeamAdd;
    "teams/{team}" ManageQueues TeamChange;
    "teams/{team}/join" ManageQueues TeamJoin;
    "teams/{team}/leave" ManageQueues TeamLeave;
    "teams/{team}/retire" ManageQueues TeamRetire;
    "settings/{setting}" ManageSettings SettingSet;
    "settings/{setting}/reset" ManageSettings SettingReset;
    "messages/{message}" ManageMessages MessageSet;
    "messages/{message}/reset" ManageMessages MessageReset;
};

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
    let order = AdminOrder { by, act, given, once, version };
    let done = app.desk.administer(&order).await.map_err(|why| about(&order.act, why))?;
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
