//! The OpenAPI document: each room of the API writes its paths and shapes in a file of
//! `contracts/native/parts`, and what follows from the tables of routes is added here: the answers
//! that every route of a kind can give, and the right it asks for. The whole stands in
//! `contracts/native/openapi.json`, which a test compares; nothing is served that is not there.

use std::sync::LazyLock;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{Route, all_routes};

/// The parts: the base first, then one for each room.
const PARTS: &[&str] = &[
    include_str!("../../../../contracts/native/parts/base.json"),
    include_str!("../../../../contracts/native/parts/transactions.json"),
    include_str!("../../../../contracts/native/parts/cases.json"),
];

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let parts = PARTS.iter().map(|part| serde_json::from_str(part).unwrap_or(Value::Null));
    let mut whole = Value::Object(Map::new());
    parts.for_each(|part| merge(&mut whole, part));
    for route in all_routes() {
        complete(&mut whole, route);
    }
    format!("{whole:#}\n")
});

/// The document as it is served.
pub fn document() -> &'static str {
    &DOCUMENT
}

/// `GET /api/v1/openapi.json`
pub(super) async fn served() -> ([(HeaderName, HeaderValue); 1], &'static str) {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document())
}

/// Objects are joined; anything else is taken from the later part.
fn merge(into: &mut Value, part: Value) {
    match (into, part) {
        (Value::Object(into), Value::Object(part)) => {
            for (name, value) in part {
                match into.get_mut(&name) {
                    Some(there) => merge(there, value),
                    None => {
                        into.insert(name, value);
                    }
                }
            }
        }
        (into, part) => *into = part,
    }
}

/// Adds to a route's operation what follows from its kind. A part that says it otherwise keeps its
/// own words.
fn complete(whole: &mut Value, route: &Route) {
    let method = route.method.to_ascii_lowercase();
    let Some(operation) = whole["paths"][route.path].get_mut(method) else { return };
    let Some(right) = route.right else { return };
    operation["x-right"] = right.word().into();
    let answers = common_answers(operation, route.path);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, name) in answers {
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.entry(status).or_insert(reference);
    }
}

/// What any route with a credential, a body, a query or a name in its path can answer.
fn common_answers(operation: &Value, path: &str) -> Vec<(&'static str, &'static str)> {
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let refers = |name: &str| {
        let place = format!("#/components/parameters/{name}");
        parameters.iter().any(|one| one["$ref"] == place.as_str())
    };
    let mut answers = vec![("401", "Unauthorized"), ("403", "Forbidden"), ("503", "Busy")];
    if operation.get("requestBody").is_some() {
        answers.extend([("400", "BadRequest"), ("408", "BadBody")]);
        answers.extend([("413", "BadBody"), ("415", "BadBody")]);
    }
    if parameters.iter().any(|one| one["in"] == "query") {
        answers.push(("400", "BadRequest"));
    }
    if refers("IdempotencyKey") {
        answers.extend([("400", "BadRequest"), ("422", "KeyReused")]);
    }
    if refers("IfMatch") {
        answers.extend([("400", "BadRequest"), ("412", "Stale")]);
    }
    if path.contains('{') {
        answers.push(("404", "NotFound"));
    }
    answers
}
