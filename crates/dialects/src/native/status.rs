//! Where a case stands, for apps: by our id or by either reference of its payment. Nothing in the
//! answer is personal, and it may be asked for with a signature alone.

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use desk::Failure;
use desk::views::StatusOf;
use domain::case::Outcome;
use domain::{Refusal, Right};
use http::Uri;
use serde::Serialize;

use super::asked::Caller;
use super::problem::Problem;
use super::shapes::{some, time};
use super::{Route, cases, query, route, values};
use crate::App;

/// The status.
pub(super) const ROUTES: &[Route] =
    &[route("GET", "/api/v1/status", Right::ReadStatus, || get(status))];

#[derive(Serialize)]
pub(super) struct StatusAnswer {
    case: String,
    refid: Option<String>,
    opened_at: String,
    stage: &'static str,
    fact: Option<String>,
    since: String,
    outcome: Option<&'static str>,
    /// The case that goes on, when this one was merged.
    merged_into: Option<String>,
}

/// `GET /api/v1/status`
pub(super) async fn status(
    State(app): State<App>,
    Caller(by): Caller,
    uri: Uri,
) -> Result<Json<StatusAnswer>, Problem> {
    let [id, refid, trxid] = query::read(&uri, ["id", "refid", "trxid"])?;
    let one = "give exactly one of id, refid and trxid";
    let of = match (id, values::payment(refid, trxid)?) {
        (Some(id), None) => StatusOf::Case(cases::case_id(&id)?),
        (None, Some(payment)) => StatusOf::Payment(payment),
        _ => return Err(Problem::field("id", one)),
    };
    let view = app.desk.status(&by, &of).await.map_err(|why| unknown(&of, why))?;
    Ok(Json(StatusAnswer {
        case: view.case.as_str().to_owned(),
        refid: some(&view.refid),
        opened_at: time(view.opened_at),
        stage: view.stage.name().word(),
        fact: some(view.stage.fact()),
        since: time(view.since),
        outcome: view.outcome.map(Outcome::word),
        merged_into: view.merged_into.map(|case| case.as_str().to_owned()),
    }))
}

/// Speaks of what was asked for: an id, or a reference.
fn unknown(of: &StatusOf, why: Failure) -> Problem {
    let StatusOf::Payment(payment) = of else { return why.into() };
    if !matches!(why, Failure::Refused(Refusal::CaseUnknown)) {
        return why.into();
    }
    let (name, _) = payment.parts();
    Problem::from(why).saying(format!(
        "Your account has no case about a transaction with this {name} in this environment"
    ))
}
