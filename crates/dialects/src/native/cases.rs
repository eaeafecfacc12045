//! Cases over the native API: by reference, newest first by the page, one by one.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::case::{Case, PaymentRef};
use domain::ids::CaseId;
use domain::payment::columns;
use domain::{Actor, Refusal, Right};
use http::Uri;
use http::header::ETAG;
use serde::Serialize;

use super::asked::{Caller, Named};
use super::problem::{FieldProblem, Problem};
use super::shapes::CaseShape;
use super::{Route, etag, query, route, timeline};
use crate::App;

/// Cases on a page at most, one less than half of what the desk gives at once.
const PAGE_MAX: i64 = 100;

/// Cases on a page when the caller does not say.
const PAGE: i64 = 50;

/// What a cursor begins with inside; another form of cursor gets another mark.
const CURSOR_MARK: &str = "1:";

/// Cases and their timelines, read.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/api/v1/cases", Right::ReadCases, || get(list)),
    route("GET", "/api/v1/cases/{id}", Right::ReadCases, || get(one)),
    route("GET", "/api/v1/cases/{id}/timeline", Right::ReadCases, || get(timeline::timeline)),
];

#[derive(Serialize)]
pub(super) struct CasesAnswer {
    cases: Vec<CaseShape>,
    /// The cursor of the next page, when there is one.
    next: Option<String>,
}

/// `GET /api/v1/cases`
pub(super) async fn list(
    State(app): State<App>,
    Caller(by): Caller,
    uri: Uri,
) -> Result<Json<CasesAnswer>, Problem> {
    let [refid, trxid, limit, cursor] = query::read(&uri, ["refid", "trxid", "limit", "cursor"])?;
    let payment = match (refid, trxid) {
        (None, None) => return newest(&app, &by, limit, cursor).await.map(Json),
        (Some(refid), None) => PaymentRef::Refid(reference("refid", refid)?),
        (None, Some(trxid)) => PaymentRef::Trxid(reference("trxid", trxid)?),
        (Some(_), Some(_)) => return Err(Problem::field("trxid", "give it or refid, not both")),
    };
    let paged = [("limit", limit.is_some()), ("cursor", cursor.is_some())];
    let paged = paged.iter().filter(|(_, given)| *given);
    let errors: Vec<FieldProblem> = paged
        .map(|(name, _)| FieldProblem::new(*name, "one transaction's cases come on one page"))
        .collect();
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let cases = app.desk.cases_of(&by, &payment).await?;
    Ok(Json(CasesAnswer { cases: cases.iter().map(CaseShape::of).collect(), next: None }))
}

fn reference(field: &str, text: String) -> Result<String, Problem> {
    if columns::is_reference(&text) {
        return Ok(text);
    }
    Err(Problem::field(field, "it must have 1 to 64 visible ASCII characters without spaces"))
}

async fn newest(
    app: &App,
    by: &Actor,
    limit: Option<String>,
    cursor: Option<String>,
) -> Result<CasesAnswer, Problem> {
    let limit = limit.map_or(Ok(PAGE), |text| page(&text))?;
    let before = cursor.map(|text| read_cursor(&text)).transpose()?;
    // One more than asked for tells whether there is a next page.
    let mut cases: Vec<Case> = app.desk.newest_cases(by, before.as_ref(), limit + 1).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = cases.len() > size;
    cases.truncate(size);
    let last = cases.last().filter(|_| more);
    let next = last.map(|case| cursor_after(&case.id));
    Ok(CasesAnswer { cases: cases.iter().map(CaseShape::of).collect(), next })
}

fn page(text: &str) -> Result<i64, Problem> {
    let whole = text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(limit) if whole && (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        _ => Err(Problem::field("limit", format!("it must be a number from 1 to {PAGE_MAX}"))),
    }
}

fn cursor_after(id: &CaseId) -> String {
    URL_SAFE_NO_PAD.encode(format!("{CURSOR_MARK}{id}"))
}

fn read_cursor(text: &str) -> Result<CaseId, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let inside = std::str::from_utf8(&bytes).unwrap_or("");
    let id = inside.strip_prefix(CURSOR_MARK).and_then(CaseId::parse);
    id.ok_or_else(|| Problem::field("cursor", "give what `next` said, as it was"))
}

/// The id in a path. What cannot be one is a case nobody has.
pub(super) fn case_id(text: &str) -> Result<CaseId, Problem> {
    CaseId::parse(text).ok_or_else(|| Refusal::CaseUnknown.into())
}

/// `GET /api/v1/cases/{id}`
pub(super) async fn one(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let view = app.desk.case(&by, &case_id(&id)?).await?;
    let mut response = Json(CaseShape::with_transaction(&view)).into_response();
    if let Some(tag) = etag(view.case.version) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}
