//! Cases over the native API: by reference, by filter and page, one by one, and their links.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::case::{Behind, CUSTOMER_CHARS_MAX, CaseFilter, Sort};
use domain::ids::CaseId;
use domain::{Actor, Refusal, Right};
use http::Uri;
use http::header::ETAG;
use serde::{Deserialize, Deserializer, Serialize};

use super::asked::{Caller, Named};
use super::problem::{FieldProblem, Problem};
use super::shapes::{CaseShape, time};
use super::{Route, cursor, etag, query, route, timeline, values};
use crate::App;

/// Cases and their timelines, read.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/api/v1/cases", Right::ReadCases, || get(list)),
    route("GET", "/api/v1/cases/{id}", Right::ReadCases, || get(one)),
    route("GET", "/api/v1/cases/{id}/links", Right::ReadInternal, || get(links)),
    route("GET", "/api/v1/cases/{id}/timeline", Right::ReadCases, || get(timeline::timeline)),
];

/// What a list can be asked for: two references, or a filter; then how the page shall be.
const NAMES: [&str; 17] = [
    "refid",
    "trxid",
    "stage",
    "queue",
    "assignee",
    "channel",
    "customer",
    "language",
    "waiting_on",
    "outcome",
    "opened_from",
    "opened_to",
    "received_from",
    "received_to",
    "sort",
    "limit",
    "cursor",
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
    let values = query::read(&uri, NAMES)?;
    let [refid, trxid, ..] = &values;
    let payment = values::payment(refid.clone(), trxid.clone())?;
    let Some(payment) = payment else { return page(&app, &by, values).await.map(Json) };
    let others = NAMES.iter().zip(&values).skip(2).filter(|(_, value)| value.is_some());
    let errors: Vec<FieldProblem> = others
        .map(|(name, _)| FieldProblem::new(*name, "one transaction's cases come on one page"))
        .collect();
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let cases = app.desk.cases_of(&by, &payment).await?;
    Ok(Json(CasesAnswer { cases: cases.iter().map(CaseShape::of).collect(), next: None }))
}

async fn page(
    app: &App,
    by: &Actor,
    values: [Option<String>; NAMES.len()],
) -> Result<CasesAnswer, Problem> {
    let list = cursor::filter("cases", &values[..NAMES.len() - 2]);
    let [_, _, stage, queue, assignee, channel, customer, rest @ ..] = values;
    let [language, waiting_on, outcome, rest @ ..] = rest;
    let [opened_from, opened_to, received_from, received_to, sort, limit, behind_text] = rest;
    let limit = values::page(limit.as_deref())?;
    let behind = behind_text.map(|text| behind(&list, &text)).transpose()?;
    let sort = values::word("sort", sort.as_deref())?.unwrap_or(Sort::Newest);
    let filter = FilterText {
        stage,
        queue,
        assignee,
        channel,
        customer,
        language,
        waiting_on,
        outcome,
        opened_from,
        opened_to,
        received_from,
        received_to,
    };
    let filter = filter.read(by)?;
    let page = app.desk.list_cases(by, &filter, sort, behind.as_ref(), limit).await?;
    let next = page.next.map(|next| cursor::write(&list, next.at, next.case.as_str()));
    Ok(CasesAnswer { cases: page.cases.iter().map(CaseShape::of).collect(), next })
}

fn behind(list: &str, text: &str) -> Result<Behind, Problem> {
    let (at, id) = cursor::read(list, text)?;
    let wrong = || Problem::field("cursor", "give what `next` said, as it was");
    Ok(Behind { at, case: CaseId::parse(&id).ok_or_else(wrong)? })
}

/// What was said. A null says nothing, and a filter that says nothing is every case there is: it is
/// refused where it stands.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
}

/// A filter as it is sent, in a query or in a job's body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilterText {
    #[serde(default, deserialize_with = "given")]
    stage: Option<String>,
    #[serde(default, deserialize_with = "given")]
    queue: Option<String>,
    /// A person's name; `me` for whoever asks, `none` for nobody.
    #[serde(default, deserialize_with = "given")]
    assignee: Option<String>,
    #[serde(default, deserialize_with = "given")]
    channel: Option<String>,
    #[serde(default, deserialize_with = "given")]
    customer: Option<String>,
    #[serde(default, deserialize_with = "given")]
    language: Option<String>,
    #[serde(default, deserialize_with = "given")]
    waiting_on: Option<String>,
    #[serde(default, deserialize_with = "given")]
    outcome: Option<String>,
    #[serde(default, deserialize_with = "given")]
    opened_from: Option<String>,
    #[serde(default, deserialize_with = "given")]
    opened_to: Option<String>,
    #[serde(default, deserialize_with = "given")]
    received_from: Option<String>,
    #[serde(default, deserialize_with = "given")]
    received_to: Option<String>,
}

impl FilterText {
    /// Whether it asks for nothing, which is for everything.
    pub(super) const fn is_empty(&self) -> bool {
        self.stage.is_none()
            && self.queue.is_none()
            && self.assignee.is_none()
            && self.channel.is_none()
            && self.customer.is_none()
            && self.language.is_none()
            && self.waiting_on.is_none()
            && self.outcome.is_none()
            && self.opened_from.is_none()
            && self.opened_to.is_none()
            && self.received_from.is_none()
            && self.received_to.is_none()
    }

    pub(super) fn read(self, by: &Actor) -> Result<CaseFilter, Problem> {
        let assignee = values::name("assignee", self.assignee)?;
        let language = self.language.map(|text| language("language", &text)).transpose()?;
        let customer = self.customer.map(|text| customer("customer", text)).transpose()?;
        Ok(CaseFilter {
            stage: values::word("stage", self.stage.as_deref())?,
            queue: values::name("queue", self.queue)?,
            assignee: assignee.map(|name| match name.as_str() {
                "me" => by.name.clone(),
                "none" => String::new(),
                _ => name,
            }),
            channel: values::word("channel", self.channel.as_deref())?,
            customer,
            language,
            waiting_on: values::word("waiting_on", self.waiting_on.as_deref())?,
            outcome: values::word("outcome", self.outcome.as_deref())?,
            opened: values::span(
                ("opened_from", self.opened_from.as_deref()),
                ("opened_to", self.opened_to.as_deref()),
            )?,
            received: values::span(
                ("received_from", self.received_from.as_deref()),
                ("received_to", self.received_to.as_deref()),
            )?,
        })
    }
}

/// The institution's reference of a customer.
pub(super) fn customer(field: &str, text: String) -> Result<String, Problem> {
    values::line(field, &text, CUSTOMER_CHARS_MAX).map(|()| text)
}

/// A customer's language.
pub(super) fn language(field: &str, text: &str) -> Result<String, Problem> {
    domain::case::language(text).ok_or_else(|| {
        Problem::field(field, "it must be a language tag (BCP 47), as ms, en-GB or zh-Hant")
    })
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

#[derive(Serialize)]
pub(super) struct LinksAnswer {
    links: Vec<LinkShape>,
}

#[derive(Serialize)]
struct LinkShape {
    /// What the other case is to this one.
    kind: &'static str,
    case: String,
    at: String,
}

/// `GET /api/v1/cases/{id}/links`
pub(super) async fn links(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Json<LinksAnswer>, Problem> {
    let links = app.desk.links(&by, &case_id(&id)?).await?;
    let shape = |link: &desk::views::LinkView| LinkShape {
        kind: link.tie.word(),
        case: link.case.as_str().to_owned(),
        at: time(link.at),
    };
    Ok(Json(LinksAnswer { links: links.iter().map(shape).collect() }))
}
