//! What changed, for another system: a page of rows behind a cursor, as JSON or as JSON Lines. The
//! names of the cells are the desk's; times and texts are written as everywhere in this API.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use desk::export::{Cell, Exported, Feed, NoExport, ROWS_MAX};
use domain::Right;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use serde_json::{Map, Value, json};

use super::asked::Caller;
use super::problem::Problem;
use super::shapes::time;
use super::{Route, query, route};
use crate::App;

/// Rows on a page when the caller does not say.
const PAGE: usize = 1_000;

/// The media type of one JSON object a line.
const LINES: &str = "application/jsonl";

/// The cursor behind the rows, for answers that are lines.
const NEXT: HeaderName = HeaderName::from_static("redress-next");

/// Whether there is more already, for answers that are lines.
const MORE: HeaderName = HeaderName::from_static("redress-more");

/// A route for each feed.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/api/v1/export/transactions", Right::Export, || get(transactions)),
    route("GET", "/api/v1/export/cases", Right::Export, || get(cases)),
    route("GET", "/api/v1/export/events", Right::Export, || get(events)),
];

async fn transactions(
    State(app): State<App>,
    by: Caller,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    export(&app, by, Feed::Transactions, &headers, &uri).await
}

async fn cases(
    State(app): State<App>,
    by: Caller,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    export(&app, by, Feed::Cases, &headers, &uri).await
}

async fn events(
    State(app): State<App>,
    by: Caller,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    export(&app, by, Feed::Events, &headers, &uri).await
}

/// `GET /api/v1/export/...`
async fn export(
    app: &App,
    Caller(by): Caller,
    feed: Feed,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<Response, Problem> {
    let [cursor, limit] = query::read(uri, ["cursor", "limit"])?;
    let limit = limit.map_or(Ok(PAGE), |text| page(&text))?;
    let exported = match app.desk.export(&by, feed, cursor.as_deref(), limit).await {
        Ok(exported) => exported,
        Err(NoExport::BadCursor) => {
            return Err(Problem::field("cursor", "give what `next` said, as it was"));
        }
        Err(NoExport::Failed(failure)) => return Err(failure.into()),
    };
    let wants_lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let wants_lines = wants_lines
        .flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(LINES));
    Ok(if wants_lines { lines(feed, exported) } else { whole(feed, exported) })
}

fn page(text: &str) -> Result<usize, Problem> {
    let whole = text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(limit) if whole && (1..=ROWS_MAX).contains(&limit) => Ok(limit),
        _ => Err(Problem::field("limit", format!("it must be a number from 1 to {ROWS_MAX}"))),
    }
}

fn row(feed: Feed, cells: Vec<Cell>) -> Value {
    let names = feed.columns().iter();
    let mut row = Map::new();
    for (name, cell) in names.zip(cells) {
        let value = match cell {
            Cell::None => Value::Null,
            Cell::Text(text) => text.into(),
            Cell::Int(number) => number.into(),
            Cell::Time(at) => time(at).into(),
        };
        row.insert((*name).to_owned(), value);
    }
    Value::Object(row)
}

fn whole(feed: Feed, exported: Exported) -> Response {
    let rows: Vec<Value> = exported.rows.into_iter().map(|cells| row(feed, cells)).collect();
    Json(json!({ "rows": rows, "next": exported.next, "more": exported.more })).into_response()
}

fn lines(feed: Feed, exported: Exported) -> Response {
    let mut text = String::new();
    for cells in exported.rows {
        text.push_str(&row(feed, cells).to_string());
        text.push('\n');
    }
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(LINES));
    if let Ok(next) = HeaderValue::from_str(&exported.next) {
        headers.insert(NEXT, next);
    }
    headers.insert(MORE, HeaderValue::from_static(if exported.more { "true" } else { "false" }));
    response
}
