//! Searching cases over the native API, and the index that it rests on. Any text is a question;
//! what is refused is a filter that does not read, since a misspelt one must never find everything.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use desk::indexing::IndexProgress;
use desk::search::{Counts, Excerpt, Found, NoSearch, RESULTS_MAX, SearchAsk};
use domain::case::{Channel, Outcome, Span, StageName};
use domain::ids::CaseId;
use domain::search::Field;
use domain::{Instant, Right};
use http::Uri;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Caller, Sent, replayed};
use super::problem::Problem;
use super::shapes::{CaseShape, time};
use super::{Route, cursor, query, route, values};
use crate::App;

/// Cases on a page when the caller does not say.
const PAGE: usize = 20;

/// Longest value of a filter, in characters: no name or address that is kept is longer.
const VALUE_CHARS_MAX: usize = 254;

/// Searching, and building its index anew.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/api/v1/search", Right::ReadCases, || get(search)),
    route("GET", "/api/v1/admin/search", Right::ReadAdmin, || get(progress)),
    route("POST", "/api/v1/admin/search/rebuild", Right::ManageTenants, || post(rebuild)),
];

/// The properties that can be asked for, by their names in a query.
const FILTERS: [(&str, Field); 14] = [
    ("refid", Field::Refid),
    ("trxid", Field::Trxid),
    ("address", Field::Address),
    ("account", Field::Account),
    ("customer", Field::Customer),
    ("provider", Field::Provider),
    ("product", Field::Product),
    ("category", Field::Category),
    ("stage", Field::Stage),
    ("outcome", Field::Outcome),
    ("queue", Field::Queue),
    ("assignee", Field::Assignee),
    ("through", Field::Through),
    ("channel", Field::Channel),
];

/// The names of a query: the filters first.
const NAMES: [&str; 20] = [
    "refid", "trxid", "address", "account", "customer", "provider", "product", "category", "stage",
    "outcome", "queue", "assignee", "through", "channel", "q", "from", "to", "facets", "limit",
    "cursor",
];

/// How many of them narrow what is found: all but the last three.
const NARROWING: usize = NAMES.len() - 3;

/// The order of results is not one of time.
const NO_TIME: Instant = Instant::from_millis(0);

#[derive(Serialize)]
struct PartShape {
    text: String,
    hit: bool,
}

#[derive(Serialize)]
struct ExcerptShape {
    place: &'static str,
    seq: Option<i64>,
    act: Option<String>,
    parts: Vec<PartShape>,
}

impl ExcerptShape {
    fn of(excerpt: Excerpt) -> Self {
        let parts = excerpt.parts.into_iter();
        let parts = parts.map(|part| PartShape { text: part.text, hit: part.hit }).collect();
        Self { place: excerpt.place, seq: excerpt.seq, act: excerpt.act, parts }
    }
}

#[derive(Serialize)]
struct FoundShape {
    case: CaseShape,
    excerpts: Vec<ExcerptShape>,
}

impl FoundShape {
    fn of(found: Found) -> Self {
        let excerpts = found.excerpts.into_iter().map(ExcerptShape::of).collect();
        Self { case: CaseShape::of(&found.case), excerpts }
    }
}

#[derive(Serialize)]
struct FacetShape {
    name: &'static str,
    values: Vec<ValueShape>,
}

#[derive(Serialize)]
struct ValueShape {
    value: String,
    count: usize,
}

#[derive(Serialize)]
struct CountsShape {
    count: usize,
    more: bool,
    facets: Vec<FacetShape>,
}

impl CountsShape {
    fn of(counts: Counts) -> Self {
        let facet = |(name, values): (&'static str, Vec<(String, usize)>)| {
            let values = values.into_iter().map(|(value, count)| ValueShape { value, count });
            FacetShape { name, values: values.collect() }
        };
        let facets = counts.facets.into_iter().map(facet).collect();
        Self { count: counts.count, more: counts.more, facets }
    }
}

#[derive(Serialize)]
struct SearchShape {
    found: Vec<FoundShape>,
    next: Option<String>,
    counts: Option<CountsShape>,
}

/// `GET /api/v1/search`
async fn search(
    State(app): State<App>,
    Caller(by): Caller,
    uri: Uri,
) -> Result<Json<SearchShape>, Problem> {
    let (ask, filter) = asked(&uri)?;
    let answer = match app.desk.search(&by, &ask).await {
        Ok(answer) => answer,
        Err(NoSearch::TooLong(why)) => return Err(Problem::field("q", why.to_string())),
        Err(NoSearch::Failed(failure)) => return Err(failure.into()),
    };
    Ok(Json(SearchShape {
        found: answer.found.into_iter().map(FoundShape::of).collect(),
        next: answer.next.map(|case| cursor::write(&filter, NO_TIME, case.as_str())),
        counts: answer.counts.map(CountsShape::of),
    }))
}

/// What is asked, and the name of its filter.
fn asked(uri: &Uri) -> Result<(SearchAsk, String), Problem> {
    let mut values = query::read(uri, NAMES)?;
    let filter = cursor::filter("search", &values[..NARROWING]);
    let mut fields = Vec::new();
    for ((name, field), value) in FILTERS.iter().zip(&mut values) {
        if let Some(value) = value.take() {
            checked(name, *field, &value)?;
            fields.push((*field, value));
        }
    }
    let [.., text, from, to, facets, limit, cursor] = values;
    let after = cursor.map(|text| after(&filter, &text)).transpose()?;
    let Span { from, to } = values::span(("from", from.as_deref()), ("to", to.as_deref()))?;
    let ask = SearchAsk {
        text,
        fields,
        from,
        to,
        after,
        limit: limit.map_or(Ok(PAGE), |text| page(&text))?,
        facets: match facets.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Problem::field("facets", "it must be true or false")),
        },
    };
    Ok((ask, filter))
}

/// The case behind which a page begins.
fn after(filter: &str, text: &str) -> Result<CaseId, Problem> {
    let (_, id) = cursor::read(filter, text)?;
    let wrong = || Problem::field("cursor", "give what `next` said, as it was");
    CaseId::parse(&id).ok_or_else(wrong)
}

fn checked(name: &str, field: Field, value: &str) -> Result<(), Problem> {
    let one_of = |words: Vec<&str>| match words.contains(&value) {
        true => Ok(()),
        false => Err(Problem::field(name, format!("it must be one of {}", words.join(", ")))),
    };
    match field {
        Field::Stage => one_of(StageName::ALL.iter().map(|one| one.word()).collect()),
        Field::Outcome => one_of(Outcome::ALL.iter().map(|one| one.word()).collect()),
        Field::Channel => one_of(Channel::ALL.iter().map(|one| one.word()).collect()),
        _ if domain::search::compact(value).is_empty() => {
            Err(Problem::field(name, "it must have a letter or a digit"))
        }
        _ if value.chars().nth(VALUE_CHARS_MAX).is_some() => {
            Err(Problem::field(name, format!("at most {VALUE_CHARS_MAX} characters")))
        }
        _ => Ok(()),
    }
}

fn page(text: &str) -> Result<usize, Problem> {
    let whole = text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(limit) if whole && (1..=RESULTS_MAX).contains(&limit) => Ok(limit),
        _ => Err(Problem::field("limit", format!("it must be a number from 1 to {RESULTS_MAX}"))),
    }
}

#[derive(Serialize)]
struct ProgressShape {
    generation: i64,
    seals_behind: Option<i64>,
    lag_ms: i64,
    building: bool,
    walked: Option<i64>,
    catching_up: bool,
    started_at: Option<String>,
}

impl ProgressShape {
    fn of(progress: &IndexProgress) -> Self {
        Self {
            generation: progress.generation,
            seals_behind: progress.seals_behind,
            lag_ms: progress.lag.0,
            building: progress.building,
            walked: progress.walked,
            catching_up: progress.catching_up,
            started_at: progress.building.then(|| time(progress.started_at)),
        }
    }
}

/// `GET /api/v1/admin/search`
async fn progress(
    State(app): State<App>,
    Caller(by): Caller,
) -> Result<Json<ProgressShape>, Problem> {
    let progress = app.desk.search_progress(&by).await?;
    Ok(Json(ProgressShape::of(&progress)))
}

/// Nothing is said with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rebuild {}

impl Sent for Rebuild {}

#[derive(Serialize)]
struct BegunShape {
    generation: i64,
}

/// `POST /api/v1/admin/search/rebuild`
async fn rebuild(State(app): State<App>, asked: Asked<Rebuild>) -> Result<Response, Problem> {
    let Asked { by, body: Rebuild {}, once, version: _ } = asked;
    let (generation, repeated) = app.desk.rebuild_search(&by, once.as_ref()).await?;
    Ok(replayed(repeated, Json(BegunShape { generation }).into_response()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_stand_first_in_a_query() {
        let filters: Vec<&str> = FILTERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(NAMES[..FILTERS.len()], filters);
    }
}
