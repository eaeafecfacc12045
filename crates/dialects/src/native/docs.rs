//! The page about the API, `GET /docs`: made from the document when first asked for, whole, with no
//! script and nothing fetched from elsewhere, so that it reads the same without a network. It must
//! never say what the document does not.

mod policy;
mod view;

use std::sync::LazyLock;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use serde_json::json;

use super::asked::Named;
use super::words;

/// Nothing but our own style sheet.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const STYLE: &str = include_str!("../../templates/docs.css");

static PAGE: LazyLock<Option<String>> = LazyLock::new(|| {
    let page = view::page(super::document::tree());
    page.render().inspect_err(|why| tracing::error!(%why, "the page about the API is broken")).ok()
});

pub(super) fn headers(kind: &'static str) -> [(HeaderName, HeaderValue); 5] {
    [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // A newer program has a newer page.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ]
}

/// `GET /`: where what is. It names no version and no account: anybody may read it.
pub(super) async fn root() -> Response {
    let places = json!({
        "name": "redress",
        "docs": "/docs",
        "api": "/api/v1",
        "openapi": "/api/v1/openapi.json",
        "health": "/health",
    });
    (headers("application/json"), places.to_string()).into_response()
}

/// `GET /docs`: needs no credential, since it says the same to everybody.
pub(super) async fn page() -> Response {
    match &*PAGE {
        Some(page) => (headers("text/html; charset=utf-8"), page.as_str()).into_response(),
        None => words::broken().into_response(),
    }
}

/// The conventions, of which the page shows what it promises.
const CONVENTIONS: &str = include_str!("../../../../docs/api.md");

/// The files that the document sends its readers to: as it names them, and as they are written. No
/// other is served, and none is looked for.
const FILES: &[(&str, &str)] = &[
    ("clients/python/report.py", include_str!("../../../../clients/python/report.py")),
    ("docs/api.md", CONVENTIONS),
    ("docs/case.md", include_str!("../../../../docs/case.md")),
    ("docs/evidence.md", include_str!("../../../../docs/evidence.md")),
    ("docs/export.md", include_str!("../../../../docs/export.md")),
    ("docs/import.md", include_str!("../../../../docs/import.md")),
    ("docs/rights.md", include_str!("../../../../docs/rights.md")),
    ("docs/search.md", include_str!("../../../../docs/search.md")),
];

/// The name of a file behind its folders.
fn last(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

/// `GET /docs/{file}`: one of them, as text, which every browser shows.
pub(super) async fn file(Named(name): Named) -> Response {
    match FILES.iter().find(|(file, _)| last(file) == name) {
        Some((_, text)) => (headers("text/plain; charset=utf-8"), *text).into_response(),
        None => super::no_such_path(),
    }
}

/// `GET /docs/style.css`
pub(super) async fn style() -> Response {
    (headers("text/css; charset=utf-8"), STYLE).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `docs/….md` or `clients/….py` that the document names can be read where it is.
    #[test]
    fn what_the_document_names_is_served() {
        let document = super::super::document().to_string();
        let words = document.split(|c: char| !c.is_ascii_alphanumeric() && !"/._-".contains(c));
        let named = words.map(|word| word.trim_end_matches('.')).filter(|word| {
            let file = word.ends_with(".md") || word.ends_with(".py");
            file && (word.starts_with("docs/") || word.starts_with("clients/"))
        });
        let named: std::collections::BTreeSet<&str> = named.collect();
        assert!(named.len() >= 6, "{named:?}");
        for name in named {
            assert!(FILES.iter().any(|(file, _)| *file == name), "{name} is not served");
        }
        let names: std::collections::BTreeSet<&str> = FILES.iter().map(|one| last(one.0)).collect();
        assert_eq!(names.len(), FILES.len(), "two files have one name");
    }
}
