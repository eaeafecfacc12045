//! Files of cases over the native API: in as multipart, out as attachments that no browser runs.
//! The type that is told is ours, never the sender's; the name is cleaned and quoted; a policy that
//! allows nothing goes with every byte.

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use desk::evidence::{Attached, FilesFailure};
use domain::evidence::{AttachOrder, Evidence, Flag};
use domain::ids::EvidenceId;
use domain::{Actor, Refusal, Right, hex};
use evidence::place::Plain;
use evidence::{FileFault, Refused};
use http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::asked::{Caller, Named, Streamed, replayed};
use super::cases::case_id;
use super::problem::{FieldProblem, Problem};
use super::shapes::{some, time};
use super::{Route, route};
use crate::App;
use crate::body::files::{GatherError, Wanted, gather};
use crate::body::parts::Parts;
use crate::body::{self, BodyError};

/// The routes of this room.
pub(super) const ROUTES: &[Route] = &[
    route("POST", UPLOAD_PATH, Right::WorkCases, || post(attach)),
    route("GET", UPLOAD_PATH, Right::ReadEvidence, || get(list)),
    route("GET", "/api/v1/evidence/{evidence}", Right::ReadEvidence, || get(one)),
    route("GET", "/api/v1/evidence/{evidence}/content", Right::ReadEvidence, || get(content)),
    route("GET", "/api/v1/evidence/{evidence}/preview", Right::ReadEvidence, || get(preview)),
];

/// Where files come in: a request there may take longer than others.
pub(crate) const UPLOAD_PATH: &str = "/api/v1/cases/{id}/evidence";

/// The parts that are files.
const FILES: &[&str] = &["files", "file", "files[]"];

/// Nothing may be loaded, run, framed or sent from what we serve.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

#[derive(Serialize)]
struct EvidenceShape {
    id: String,
    case: Option<String>,
    name: String,
    kind: &'static str,
    media_type: &'static str,
    size: i64,
    sha256: String,
    flags: Vec<&'static str>,
    state: &'static str,
    finding: Option<String>,
    uploaded_by: Option<String>,
    created_at: String,
}

#[derive(Serialize)]
struct ListAnswer {
    case: String,
    evidence: Vec<EvidenceShape>,
}

#[derive(Serialize)]
struct AttachedAnswer {
    case: String,
    version: i64,
    evidence: Vec<EvidenceShape>,
}

impl EvidenceShape {
    fn of(file: &Evidence) -> Self {
        Self {
            id: file.id.as_str().to_owned(),
            case: file.case.as_ref().map(|case| case.as_str().to_owned()),
            name: file.name.clone(),
            kind: file.kind.word(),
            media_type: file.kind.media_type(),
            size: file.size,
            sha256: hex(&file.sha256),
            flags: file.flags.iter().copied().map(Flag::word).collect(),
            state: file.state.word(),
            finding: some(&file.finding),
            uploaded_by: some(&file.uploaded_by),
            created_at: time(file.created_at),
        }
    }
}

fn shapes(files: &[Evidence]) -> Vec<EvidenceShape> {
    files.iter().map(EvidenceShape::of).collect()
}

/// The id in a path. Who has not the right learns nothing of what an id looks like.
fn evidence_id(by: &Actor, text: &str) -> Result<EvidenceId, Problem> {
    by.must(Right::ReadEvidence)?;
    EvidenceId::parse(text).ok_or_else(|| Refusal::EvidenceUnknown.into())
}

/// `POST /api/v1/cases/{id}/evidence`
async fn attach(
    State(app): State<App>,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Streamed::from_request(request, &app).await?;
    let Streamed { by, headers, body, key, version } = asked;
    let case = match case_id(&id) {
        Ok(case) => app.desk.may_attach(&by, &case).await.map(|()| case).map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let case = match case {
        Ok(case) => case,
        Err(problem) => {
            body::discard(&headers, body).await;
            return Err(problem);
        }
    };
    let files = received(&app, &by, &headers, body).await?;
    let order = AttachOrder { case: case.clone(), files, version };
    let Attached { files, version, repeated } = app.desk.attach_evidence(&by, order, key).await?;
    let case = case.as_str().to_owned();
    let answer = AttachedAnswer { case, version, evidence: shapes(&files) };
    let mut response = Json(answer).into_response();
    if let Some(tag) = super::etag(version) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(replayed(repeated, response))
}

async fn received(
    app: &App,
    by: &Actor,
    headers: &HeaderMap,
    body: Body,
) -> Result<Vec<Evidence>, Problem> {
    let rules = app.desk.cabinet()?.rules().clone();
    let mut limits = app.settings.uploads;
    limits.bytes_max = rules.request_bytes_max;
    let mut intake = app.desk.intake(by.scope, rules)?;
    let parts = Parts::open(headers, body, limits).await.map_err(bad_form)?;
    let wanted = Wanted { files: FILES, texts: &[] };
    gather(parts, &mut intake, wanted).await.map_err(|error| match error {
        GatherError::Body(error) => bad_form(error),
        GatherError::LongText { name } => Problem::field(name, "it is too long"),
        GatherError::Failed(failure) => failure.into(),
    })?;
    if intake.batch().files().is_empty() {
        return Err(Problem::field("files", "send at least one file in a part called files"));
    }
    app.desk.keep_files(by, intake).await.map_err(|failure| match failure {
        FilesFailure::Refused { refused, .. } => bad_file(&refused),
        FilesFailure::Failed(failure) => failure.into(),
    })
}

/// `GET /api/v1/cases/{id}/evidence`
async fn list(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let case = case_id(&id)?;
    let files = app.desk.evidence_of(&by, &case).await?;
    let case = case.as_str().to_owned();
    Ok(Json(ListAnswer { case, evidence: shapes(&files) }).into_response())
}

/// `GET /api/v1/evidence/{evidence}`
async fn one(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let file = app.desk.evidence(&by, &evidence_id(&by, &id)?).await?;
    Ok(Json(EvidenceShape::of(&file)).into_response())
}

/// `GET /api/v1/evidence/{evidence}/content`
async fn content(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let (file, plain) = app.desk.open_evidence(&by, &evidence_id(&by, &id)?).await?;
    let mut response = streamed(plain).into_response();
    let headers = response.headers_mut();
    lock_down(headers, file.kind.media_type());
    headers.insert(CONTENT_LENGTH, HeaderValue::from(file.size));
    headers.insert(CONTENT_DISPOSITION, attachment(&file.name));
    Ok(response)
}

/// `GET /api/v1/evidence/{evidence}/preview`
async fn preview(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    let picture = app.desk.preview_evidence(&by, &evidence_id(&by, &id)?).await?;
    let mut response = Body::from(picture).into_response();
    lock_down(response.headers_mut(), "image/jpeg");
    let inline = HeaderValue::from_static("inline; filename=\"preview.jpg\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, inline);
    Ok(response)
}

/// A fixed type, and nothing that could be done with it.
fn lock_down(headers: &mut HeaderMap, media_type: &'static str) {
    let fixed = [
        (CONTENT_TYPE, media_type),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// A file that breaks in the middle breaks the connection: half a file must not look whole.
fn streamed(plain: Plain) -> Body {
    Body::from_stream(futures_util::stream::unfold(Some(plain), |plain| async {
        let mut plain = plain?;
        match plain.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(plain))),
            Ok(None) => None,
            Err(fault) => {
                tracing::error!(fault = fault.chain(), "a stored file broke while it was given");
                Some((Err(fault), None))
            }
        }
    }))
}

/// What stands in `filename*` as it is (RFC 8187).
const PLAIN_IN_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// RFC 6266: letters that every client can read, and the name itself beside them.
fn attachment(name: &str) -> HeaderValue {
    let plain = |c: char| {
        let good = c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
        if good { c } else { '_' }
    };
    let ascii: String = name.chars().map(plain).collect();
    let encoded = utf8_percent_encode(name, PLAIN_IN_NAME);
    let text = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

fn bad_form(error: BodyError) -> Problem {
    match error {
        BodyError::UnsupportedType => {
            let detail = "send multipart/form-data with the files in parts called files";
            let (status, code) = (error.status(), "unsupported-type");
            Problem::new(status, code, "The body cannot be taken", detail)
        }
        error => error.into(),
    }
}

/// What is wrong with a file, and what to do about it.
pub(super) const fn told(fault: FileFault) -> (&'static str, &'static str) {
    match fault {
        FileFault::TooMany => ("Too many files", "send the others in another request"),
        FileFault::NameTaken => ("Two files have one name", "give each file its own name"),
        FileFault::NoName => ("A file without a name", "send a filename with every file"),
        FileFault::WrongExtension => {
            ("A file of another kind", "PNG, JPEG and PDF are taken, by their extensions")
        }
        FileFault::WrongDeclaredType => {
            ("A file called what it is not", "its Content-Type and its extension must agree")
        }
        FileFault::WrongSignature => {
            ("A file that is not what its name says", "its first bytes are of another kind")
        }
        FileFault::NoDimensions => {
            ("An image that cannot be read", "its header does not say how large it is")
        }
        FileFault::TooManyPixels => ("An image too large", "at most 64 million pixels are taken"),
        FileFault::TooLarge => ("A file too large", "send a smaller one"),
        FileFault::Empty => ("An empty file", "it has no bytes; choose it again"),
        FileFault::Infected => {
            ("The scanner found something", "the file is held for whoever looks into it")
        }
        FileFault::NotScanned => {
            ("The scanner is not there", "nothing was kept; send it again later")
        }
    }
}

/// A file that may not be kept: 422, but for a scanner that may be back later.
fn bad_file(refused: &Refused) -> Problem {
    let (title, advice) = told(refused.fault);
    let field = format!("files[{}]", refused.place);
    let detail = match refused.name.as_str() {
        "" => format!("{field}: {advice}"),
        name => format!("{field}, {name}: {advice}"),
    };
    let down = refused.fault == FileFault::NotScanned;
    let status =
        if down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::UNPROCESSABLE_ENTITY };
    let problem = Problem::new(status, refused.fault.code(), title, detail)
        .about_fields(vec![FieldProblem::new(field, advice)]);
    if down { problem.header(RETRY_AFTER, HeaderValue::from_static("60")) } else { problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_every_client() {
        for (name, want) in [
            ("a.png", "attachment; filename=\"a.png\"; filename*=UTF-8''a.png"),
            (
                "b\"; x=y.pdf",
                "attachment; filename=\"b__ x_y.pdf\"; filename*=UTF-8''b%22%3B%20x%3Dy.pdf",
            ),
            ("é\\.jpg", "attachment; filename=\"__.jpg\"; filename*=UTF-8''%C3%A9%5C.jpg"),
        ] {
            assert_eq!(attachment(name), want);
        }
    }
}
