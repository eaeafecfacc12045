//! The OpenAPI document: each room of the API writes its paths and shapes in a file of
//! `contracts/native/parts`, and what follows from the tables of routes is added by `rules.rs`. The
//! whole stands in `contracts/native/openapi.json`, which a test compares; nothing is served that
//! is not there.

mod nulls;
mod rules;

use std::sync::LazyLock;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::all_routes;
pub(super) use rules::selectable;

/// The parts: the base first, then one for each room, then the examples of answers.
const PARTS: &[&str] = &[
    include_str!("../../../../contracts/native/parts/base.json"),
    include_str!("../../../../contracts/native/parts/transactions.json"),
    include_str!("../../../../contracts/native/parts/cases.json"),
    include_str!("../../../../contracts/native/parts/opening.json"),
    include_str!("../../../../contracts/native/parts/jobs.json"),
    include_str!("../../../../contracts/native/parts/search.json"),
    include_str!("../../../../contracts/native/parts/export.json"),
    include_str!("../../../../contracts/native/parts/evidence.json"),
    include_str!("../../../../contracts/native/parts/webhooks.json"),
    include_str!("../../../../contracts/native/parts/admin.json"),
    // What was answered to the examples of the others, written down by a test.
    include_str!("../../../../contracts/native/parts/answers.json"),
];

static TREE: LazyLock<Value> = LazyLock::new(|| {
    let parts = PARTS.iter().map(|part| serde_json::from_str(part).unwrap_or(Value::Null));
    let mut whole = Value::Object(Map::new());
    parts.for_each(|part| merge(&mut whole, part));
    rules::list_cases(&mut whole);
    nulls::allow(&mut whole);
    rules::complete(&mut whole, all_routes());
    whole
});

static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", *TREE));

/// The document as a value.
pub(super) fn tree() -> &'static Value {
    &TREE
}

/// The document as it is served.
pub fn document() -> &'static str {
    &TEXT
}

/// Follows a `$ref` into the document, as often as there is one.
pub(super) fn resolved<'v>(whole: &'v Value, value: &'v Value) -> &'v Value {
    let place = value.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
    match place.and_then(|place| whole.pointer(place)) {
        Some(there) => resolved(whole, there),
        None => value,
    }
}

/// `GET /api/v1/openapi.json`
pub(super) async fn served() -> ([(HeaderName, HeaderValue); 1], &'static str) {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document())
}

/// Objects are joined and the lists of `tags` too; anything else is taken from the later part.
fn merge(into: &mut Value, part: Value) {
    match (into, part) {
        (Value::Object(into), Value::Object(part)) => {
            for (name, value) in part {
                match (into.get_mut(&name), value) {
                    (Some(Value::Array(there)), Value::Array(more)) if name == "tags" => {
                        there.extend(more);
                    }
                    (Some(there), value) => merge(there, value),
                    (None, value) => {
                        into.insert(name, value);
                    }
                }
            }
        }
        (into, part) => *into = part,
    }
}
