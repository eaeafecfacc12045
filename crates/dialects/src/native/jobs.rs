//! Jobs over the native API: one act on many cases, what came of each, and stopping one.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use desk::execute::Done;
use desk::jobs::JobCases;
use domain::case::Act;
use domain::changes::Outcome;
use domain::ids::{CaseId, JobId};
use domain::job::{JOB_CASES_MAX, Job, JobRow, JobState, RowEnd, in_bulk};
use domain::{Actor, Instant, Refusal, Right};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::acts::{read_ask, says};
use super::asked::{Asked, Caller, Named, Sent, replayed};
use super::blame::about;
use super::cases::FilterText;
use super::problem::Problem;
use super::shapes::time;
use super::{Route, Settings, cursor, problems, query, route, values};
use crate::App;
use crate::body::BodyLimits;

/// Ten thousand ids have 320 kB in JSON; the rest is what is said.
const JOB_BYTES_MAX: usize = 640 * 1024;

/// Jobs.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/api/v1/jobs", Right::ReadInternal, || get(list)),
    route("POST", "/api/v1/jobs", Right::WorkCases, || post(ask)),
    route("GET", "/api/v1/jobs/{job}", Right::ReadInternal, || get(one)),
    route("GET", "/api/v1/jobs/{job}/rows", Right::ReadInternal, || get(rows)),
    route("POST", "/api/v1/jobs/{job}/cancel", Right::WorkCases, || post(cancel)),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskJob {
    act: String,
    /// What the act's own route takes as its body.
    with: Option<Value>,
    cases: Option<Vec<String>>,
    filter: Option<FilterText>,
}

impl Sent for AskJob {
    fn limits(settings: &Settings) -> BodyLimits {
        BodyLimits { bytes_max: JOB_BYTES_MAX, ..settings.body }
    }
}

#[derive(Serialize)]
pub(super) struct JobShape {
    id: String,
    act: &'static str,
    state: &'static str,
    by: String,
    created_at: String,
    ended_at: Option<String>,
    total: i64,
    done: i64,
    refused: i64,
    /// Who stopped it.
    cancelled_by: Option<String>,
}

impl JobShape {
    fn of(job: &Job) -> Self {
        Self {
            id: job.id.as_str().to_owned(),
            act: job.act.word(),
            state: job.state.word(),
            by: job.by.name.clone(),
            created_at: time(job.created_at),
            ended_at: job.ended_at.map(time),
            total: job.total,
            done: job.done,
            refused: job.refused,
            cancelled_by: job.cancelled_by.clone(),
        }
    }
}

/// `POST /api/v1/jobs`
pub(super) async fn ask(State(app): State<App>, asked: Asked<AskJob>) -> Result<Response, Problem> {
    let AskJob { act, with, cases, filter } = asked.body;
    let act = Act::parse(&act).filter(|act| in_bulk(*act)).ok_or_else(|| {
        let acts = Act::ALL.iter().filter(|act| in_bulk(**act));
        let words: Vec<&str> = acts.map(|act| act.word()).collect();
        Problem::field("act", format!("it must be one of {}", words.join(", ")))
    })?;
    let (ask, said) = read_ask(act, with)?;
    let cases = which(&asked.by, cases, filter)?;
    let said = says(said)?;
    let done = app.desk.ask_job(&asked.by, (&ask, &said), cases, asked.once.as_ref()).await;
    let done = done.map_err(|why| about(&ask, why).within("with"))?;
    answer(done, StatusCode::ACCEPTED)
}

/// How a job is when it is asked for or stopped. What comes of its cases is read later.
#[derive(Serialize)]
struct JobAnswer {
    id: String,
    state: &'static str,
    total: i64,
}

fn answer(done: Done, status: StatusCode) -> Result<Response, Problem> {
    // A key that remembers anything else was used for another command: the desk refuses that.
    let Outcome::Job { job, total, state } = done.outcome else {
        return Err(Refusal::KeyReusedForOther.into());
    };
    let (id, state) = (job.as_str().to_owned(), state.word());
    let mut response = (status, Json(JobAnswer { id, state, total })).into_response();
    if status == StatusCode::ACCEPTED
        && let Ok(place) = HeaderValue::from_str(&format!("/api/v1/jobs/{job}"))
    {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(replayed(done.repeated, response))
}

fn which(
    by: &Actor,
    cases: Option<Vec<String>>,
    filter: Option<FilterText>,
) -> Result<JobCases, Problem> {
    let ids = match (cases, filter) {
        (Some(ids), None) => ids,
        (None, Some(filter)) => {
            if filter.is_empty() {
                return Err(Problem::field("filter", "an empty one would be every case there is"));
            }
            let filter = filter.read(by).map_err(|problem| problem.within("filter"))?;
            return Ok(JobCases::Filter(filter));
        }
        _ => return Err(Problem::field("cases", "give cases or a filter, and not both")),
    };
    if !(1..=JOB_CASES_MAX).contains(&ids.len()) {
        let rule = format!("there are {}; send 1 to {JOB_CASES_MAX}", ids.len());
        return Err(Problem::field("cases", rule));
    }
    let mut known = HashSet::with_capacity(ids.len());
    let mut list = Vec::with_capacity(ids.len());
    for (place, text) in ids.iter().enumerate() {
        let field = || format!("cases[{place}]");
        let id = CaseId::parse(text);
        let id = id.ok_or_else(|| Problem::field(field(), "this is no id of a case"))?;
        if !known.insert(text) {
            return Err(Problem::field(field(), "it comes twice"));
        }
        list.push(id);
    }
    Ok(JobCases::These(list))
}

fn job_id(text: &str) -> Result<JobId, Problem> {
    JobId::parse(text).ok_or_else(|| Refusal::JobUnknown.into())
}

/// `GET /api/v1/jobs/{job}`
pub(super) async fn one(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Json<JobShape>, Problem> {
    Ok(Json(JobShape::of(&app.desk.job(&by, &job_id(&id)?).await?)))
}

#[derive(Serialize)]
pub(super) struct JobsAnswer {
    jobs: Vec<JobShape>,
    /// The cursor of the next page, when there is one.
    next: Option<String>,
}

/// `GET /api/v1/jobs`
pub(super) async fn list(
    State(app): State<App>,
    Caller(by): Caller,
    uri: Uri,
) -> Result<Json<JobsAnswer>, Problem> {
    let [state, limit, sent] = query::read(&uri, ["state", "limit", "cursor"])?;
    let limit = values::page(limit.as_deref())?;
    let list = cursor::filter("jobs", std::slice::from_ref(&state));
    let behind = sent.map(|text| cursor::read(&list, &text)).transpose()?;
    let before = behind.map(|(_, id)| {
        let wrong = || Problem::field("cursor", "give what `next` said, as it was");
        JobId::parse(&id).ok_or_else(wrong)
    });
    let state = values::word("state", state.as_deref())?;
    let (jobs, more) = app.desk.list_jobs(&by, state, before.transpose()?.as_ref(), limit).await?;
    let last = jobs.last().filter(|_| more);
    let next = last.map(|job| cursor::write(&list, job.created_at, job.id.as_str()));
    Ok(Json(JobsAnswer { jobs: jobs.iter().map(JobShape::of).collect(), next }))
}

#[derive(Serialize)]
pub(super) struct RowsAnswer {
    job: JobShape,
    rows: Vec<RowShape>,
    /// The cursor of the next page, when there is one.
    next: Option<String>,
}

#[derive(Serialize)]
struct RowShape {
    number: i64,
    case: String,
    /// `waiting`, `done`, `refused`, or `cancelled` before it had its turn.
    state: &'static str,
    /// The case's version after it was done.
    version: Option<i64>,
    /// The refusal's code.
    code: Option<String>,
    /// What the code means, for people.
    detail: Option<&'static str>,
}

impl RowShape {
    fn of(row: JobRow, job: JobState) -> Self {
        let (number, case) = (row.number, row.case.as_str().to_owned());
        let (state, version, code) = match row.end {
            Some(RowEnd::Done { version }) => ("done", Some(version), None),
            Some(RowEnd::Refused { code }) => ("refused", None, Some(code)),
            None if job == JobState::Cancelled => ("cancelled", None, None),
            None => ("waiting", None, None),
        };
        let told = code.as_deref().and_then(problems::told);
        let detail = told.map(|(_, _, advice)| advice);
        Self { number, case, state, version, code, detail }
    }
}

/// `GET /api/v1/jobs/{job}/rows`
pub(super) async fn rows(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
    uri: Uri,
) -> Result<Json<RowsAnswer>, Problem> {
    let [limit, sent] = query::read(&uri, ["limit", "cursor"])?;
    let limit = values::page(limit.as_deref())?;
    let list = cursor::filter("job", &[Some(id.clone())]);
    let behind = sent.map(|text| cursor::read(&list, &text)).transpose()?;
    let after = behind.map_or(Ok(0), |(_, number)| number.parse());
    let wrong = |_| Problem::field("cursor", "give what `next` said, as it was");
    let after: i64 = after.map_err(wrong)?;
    let (job, rows) = app.desk.job_rows(&by, &job_id(&id)?, after, limit).await?;
    let last = rows.last().map_or(job.total, |row| row.number);
    let next = (last < job.total)
        .then(|| cursor::write(&list, Instant::from_millis(0), &last.to_string()));
    let rows = rows.into_iter().map(|row| RowShape::of(row, job.state)).collect();
    Ok(Json(RowsAnswer { job: JobShape::of(&job), rows, next }))
}

/// Nothing is said with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancel {}

impl Sent for Cancel {}

/// `POST /api/v1/jobs/{job}/cancel`
pub(super) async fn cancel(
    State(app): State<App>,
    Named(id): Named,
    asked: Asked<Cancel>,
) -> Result<Response, Problem> {
    let done = app.desk.cancel_job(&asked.by, &job_id(&id)?, asked.once.as_ref()).await?;
    answer(done, StatusCode::OK)
}
