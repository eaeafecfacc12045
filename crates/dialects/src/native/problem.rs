//! Problem details (RFC 9457): the one shape of every answer that is no success. A code is for
//! programs and never changes; title and detail are for people. It never says what is broken
//! inside.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

/// Characters of a message that may hold a caller's own text.
const MESSAGE_CHARS_MAX: usize = 300;

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldProblem {
    /// Where: `transactions[3].refid`, `limit`, `If-Match`.
    field: String,
    /// Why.
    message: String,
}

impl FieldProblem {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        let shortened = |text: String| text.chars().take(MESSAGE_CHARS_MAX).collect();
        Self { field: shortened(field.into()), message: shortened(message.into()) }
    }
}

/// An answer that is no success. In a box, since it travels in results whose other half is small.
#[derive(Debug)]
pub(super) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    title: &'static str,
    detail: String,
    errors: Vec<FieldProblem>,
    case: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Shape<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        let (errors, headers) = (Vec::new(), Vec::new());
        let parts = Parts { status, code, title, detail, errors, case: None, headers };
        Self(Box::new(parts))
    }

    /// One wrong field, or several.
    pub(super) fn fields(errors: Vec<FieldProblem>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            many => format!("{} fields are wrong; see errors", many.len()),
        };
        let title = "A field is wrong";
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "wrong-field", title, detail);
        problem.0.errors = errors;
        problem
    }

    /// One wrong field.
    pub(super) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldProblem::new(field, message)])
    }

    /// Names what of the request it is about.
    pub(super) fn about_fields(mut self, errors: Vec<FieldProblem>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Names the case that stands in the way.
    pub(super) fn about_case(mut self, case: &str) -> Self {
        self.0.case = Some(case.to_owned());
        self
    }

    /// The same with other words.
    pub(super) fn saying(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// The same, about a field inside another one.
    pub(super) fn within(mut self, outer: &str) -> Self {
        for error in &mut self.0.errors {
            error.field = format!("{outer}.{}", error.field);
        }
        if let [one] = self.0.errors.as_slice() {
            self.0.detail = format!("{}: {}", one.field, one.message);
        }
        self
    }

    /// Names the field that a rule refused, with what is said already.
    pub(super) fn about_field(mut self, field: &str) -> Self {
        let rule = std::mem::take(&mut self.0.detail);
        self.0.detail = format!("{field}: {rule}");
        self.0.errors.push(FieldProblem::new(field, rule));
        self
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(parts) = self;
        let shape = Shape {
            r#type: format!("/problems/{}", parts.code),
            title: parts.title,
            status: parts.status.as_u16(),
            detail: &parts.detail,
            code: &parts.code,
            errors: &parts.errors,
            case: parts.case.as_deref(),
        };
        // Strings and numbers only: this cannot fail, and an empty body would still be an answer.
        let body = serde_json::to_vec(&shape).unwrap_or_default();
        let mut response = (parts.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(parts.headers);
        response
    }
}
