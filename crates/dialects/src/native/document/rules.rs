//! What every operation of a kind has in common, so that no part has to say it and none can forget
//! it: the right, who may sign instead, the keys and headers, the answers that are no success with
//! their codes, and an example of each such answer. A part that says it otherwise keeps its words.

use std::collections::BTreeMap;

use domain::Role;
use serde_json::{Map, Value, json};

use crate::native::{Route, fields, problems};

/// Completes the document by the table of routes.
pub(super) fn complete(whole: &mut Value, routes: impl Iterator<Item = &'static Route>) {
    let mut rights: BTreeMap<&str, Value> = BTreeMap::new();
    name_problems(whole);
    for route in routes {
        let method = route.method.to_ascii_lowercase();
        let Some(mut operation) = whole["paths"][route.path].get(&method).cloned() else {
            continue;
        };
        one(whole, route, &mut operation);
        whole["paths"][route.path][method] = operation;
        if let Some(right) = route.right {
            let roles = Role::ALL.iter().filter(|role| role.may(right));
            rights.insert(right.word(), roles.map(|role| role.word()).collect());
        }
    }
    whole["x-rights"] = json!(rights);
}

/// Each answer that is no success shows the first of its codes.
fn name_problems(whole: &mut Value) {
    let Some(responses) = whole["components"]["responses"].as_object_mut() else { return };
    for response in responses.values_mut() {
        let code = response["x-problems"][0].as_str();
        let Some((code, title, advice)) = code.and_then(problems::told) else { continue };
        let mut example = json!({
            "type": format!("/problems/{code}"), "title": title, "detail": advice, "code": code,
            "status": 0,
        });
        if code == "wrong-field" {
            let error = json!({ "field": "limit", "message": "it must be a number from 1 to 100" });
            example["errors"] = json!([error]);
            example["detail"] = "limit: it must be a number from 1 to 100".into();
        }
        response["content"]["application/problem+json"]["example"] = example;
    }
    // The status stands where the answer is used; here it is the one it is used with.
    for (name, status) in STATUSES {
        let Some(response) = responses.get_mut(*name) else { continue };
        let content = &mut response["content"]["application/problem+json"];
        if content["example"].is_object() {
            content["example"]["status"] = (*status).into();
        }
    }
}

/// The answers of the base and their statuses.
const STATUSES: &[(&str, u16)] = &[
    ("BadQuery", 400),
    ("BadRequest", 400),
    ("Unauthorized", 401),
    ("UnauthorizedReader", 401),
    ("Forbidden", 403),
    ("NotFound", 404),
    ("NoSuchCase", 404),
    ("NoSuchPayment", 404),
    ("NoSuchThing", 404),
    ("SlowBody", 408),
    ("Conflict", 409),
    ("AdminConflict", 409),
    ("Stale", 412),
    ("LargeBody", 413),
    ("OtherBody", 415),
    ("KeyReused", 422),
    ("TooMany", 429),
    ("Broken", 500),
    ("Busy", 503),
    ("TooSlow", 504),
];

fn status_of(name: &str) -> Option<String> {
    STATUSES.iter().find(|(known, _)| *known == name).map(|(_, status)| status.to_string())
}

fn one(whole: &Value, route: &Route, operation: &mut Value) {
    if operation.get("tags").is_none() {
        operation["tags"] = json!([tag(route.path)]);
    }
    if let Some(deprecated) = route.deprecated {
        operation["deprecated"] = true.into();
        operation["x-sunset"] = deprecated.ends.into();
    }
    if let Some(right) = route.right {
        operation["x-right"] = right.word().into();
        let said =
            operation["description"].as_str().map_or(String::new(), |said| format!("{said} "));
        let needs = format!("{said}Needs the right `{}`.", right.word());
        operation["description"] = needs.trim_start().into();
    }
    if !route.open && reads(route) {
        operation["security"] = json!([{ "token": [] }, {
            "signedKey": [], "signedTimestamp": [], "signedNonce": [], "signedSignature": [],
        }]);
    }
    add_parameters(whole, route, operation);
    add_answers(route, operation);
    add_headers(route, operation);
    operation["x-problems"] = codes(whole, route, operation).into();
}

/// What of a case is said where it is asked for by itself, and in no list.
const OF_ONE_CASE: &[&str] = &["transaction", "merged_into"];

/// Adds the schema of a case in a list: a case without what only one by itself says.
pub(super) fn list_cases(whole: &mut Value) {
    let schemas = &mut whole["components"]["schemas"];
    let mut listed = schemas["Case"].clone();
    listed["description"] = "A case as lists and searches say it.".into();
    if let Some(fields) = listed["properties"].as_object_mut() {
        fields.retain(|name, _| !OF_ONE_CASE.contains(&name.as_str()));
    }
    if let Some(names) = listed["required"].as_array_mut() {
        names.retain(|name| !OF_ONE_CASE.iter().any(|one| name == one));
    }
    schemas["ListedCase"] = listed;
}

fn reads(route: &Route) -> bool {
    route.method == "GET"
}

/// `/api/v1/cases/{id}/wait` is about cases.
fn tag(path: &str) -> String {
    let word = path.split('/').nth(3).unwrap_or("");
    let word = if word == "admin" { "administration" } else { word };
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).map(|c| if c == '-' { ' ' } else { c }).collect()
    })
}

fn add_parameters(whole: &Value, route: &Route, operation: &mut Value) {
    let mut wanted = Vec::new();
    let there = operation["parameters"].as_array().cloned().unwrap_or_default();
    let mut all = there.clone();
    if !reads(route) {
        wanted.push("IdempotencyKey");
    } else if !route.open && selectable(whole, operation) {
        all.push(choice(whole, operation));
    }
    wanted.push("RequestId");
    for name in wanted {
        let reference = json!({ "$ref": format!("#/components/parameters/{name}") });
        if !there.contains(&reference) {
            all.push(reference);
        }
    }
    operation["parameters"] = all.into();
}

/// The parameter `fields`, with the names that can be chosen of this answer.
fn choice(whole: &Value, operation: &Value) -> Value {
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    let names: Vec<String> = fields::names(whole, schema).into_iter().collect();
    let one = names.join("|").replace('.', "\\.");
    let mut parameter = whole["components"]["parameters"]["Fields"].clone();
    parameter["schema"]["pattern"] = format!("^({one})(,({one}))*$").into();
    parameter["example"] = names.iter().take(2).cloned().collect::<Vec<_>>().join(",").into();
    parameter
}

/// Whether the answer is a JSON object of known fields.
pub(in crate::native) fn selectable(whole: &Value, operation: &Value) -> bool {
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    super::resolved(whole, schema)["properties"].is_object()
}

/// What any route with a credential, a body, a query or a name in its path can answer.
fn add_answers(route: &Route, operation: &mut Value) {
    let mut names = vec!["TooMany", "Broken", "Busy", "TooSlow"];
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let refers = |name: &str| {
        let place = format!("#/components/parameters/{name}");
        parameters.iter().any(|one| one["$ref"] == place.as_str())
    };
    if !route.open {
        names.push(if reads(route) { "UnauthorizedReader" } else { "Unauthorized" });
        names.push("Forbidden");
        if refers("IfMatch") {
            names.push("Stale");
        }
        if route.path.contains('{') {
            names.push("NotFound");
        }
    }
    if refers("IdempotencyKey") {
        names.push("KeyReused");
    }
    if operation.get("requestBody").is_some() || !reads(route) {
        names.extend(["BadRequest", "SlowBody", "LargeBody", "OtherBody"]);
    } else if !route.open {
        names.push("BadQuery");
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for name in names {
        let Some(status) = status_of(name) else { continue };
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.entry(status).or_insert(reference);
    }
}

/// Headers of the answers that are a success; those of the others are not counted on.
fn add_headers(route: &Route, operation: &mut Value) {
    let mut wanted = vec![("Redress-Request-Id", "RequestId")];
    wanted.extend([("RateLimit-Policy", "RateLimitPolicy"), ("RateLimit", "RateLimit")]);
    if !reads(route) {
        wanted.push(("Idempotent-Replayed", "Replayed"));
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        let Some(response) = response.as_object_mut() else { continue };
        let headers = response.entry("headers").or_insert_with(|| Map::new().into());
        for (header, name) in &wanted {
            let reference = json!({ "$ref": format!("#/components/headers/{name}") });
            if let Some(headers) = headers.as_object_mut() {
                headers.entry(*header).or_insert(reference);
            }
        }
    }
}

/// The codes of all its answers that are no success: those its part names, then the rule's.
fn codes(whole: &Value, route: &Route, operation: &Value) -> Vec<Value> {
    let mut codes = operation["x-problems"].as_array().cloned().unwrap_or_default();
    let things = [
        ("/cases/{id}", "case-unknown"),
        ("/transactions/{refid}", "payment-unknown"),
        ("/jobs/{job}", "job-unknown"),
        ("/queues/{name}", "queue-empty"),
    ];
    let unknown = things.iter().filter(|(part, _)| route.path.contains(part));
    codes.extend(unknown.map(|(_, code)| Value::from(*code)));
    if route.path.starts_with("/api/v1/admin/") && !reads(route) {
        let refusals = ["thing-unknown", "grants-too-much"];
        codes.extend(refusals.map(Value::from));
    } else if route.path.starts_with("/api/v1/admin/") && route.path.contains('{') {
        codes.push("thing-unknown".into());
    }
    for response in operation["responses"].as_object().into_iter().flat_map(Map::values) {
        let response = super::resolved(whole, response);
        codes.extend(response["x-problems"].as_array().into_iter().flatten().cloned());
    }
    codes.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    codes.dedup();
    codes
}
