//! Field selection on reads: `fields=id,stage,transaction.refid`. The names that can be chosen are
//! those of the answer's schema in the document, so a name that is not promised is refused; what is
//! left out is left out after the handler, which never knows. Rights are never widened by it.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::Uri;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::document::{self, resolved};
use super::problem::{FieldProblem, Problem};
use super::words;

/// Names in one choice: no answer has more fields.
const NAMES_MAX: usize = 200;

/// What was chosen: each name with what was chosen inside it, nothing inside meaning all of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tree(BTreeMap<String, Tree>);

impl Tree {
    fn add(&mut self, name: &str) {
        let (first, rest) = name.split_once('.').map_or((name, None), |(a, b)| (a, Some(b)));
        let known = self.0.contains_key(first);
        let inner = self.0.entry(first.to_owned()).or_default();
        match rest {
            // Chosen whole before: it stays whole.
            Some(_) if known && inner.0.is_empty() => {}
            Some(rest) => inner.add(rest),
            None => inner.0.clear(),
        }
    }

    fn prune(&self, value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|one| self.prune(one)),
            Value::Object(fields) => {
                fields.retain(|name, _| self.0.contains_key(name));
                for (name, inner) in self.0.iter().filter(|(_, inner)| !inner.0.is_empty()) {
                    if let Some(value) = fields.get_mut(name) {
                        inner.prune(value);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A choice that was made of an answer's fields.
#[derive(Debug)]
pub(super) struct Choice {
    tree: Tree,
    /// The list whose items it is about, where the answer is one.
    list: Option<String>,
}

/// Takes `fields` out of the query, so that the handler never sees it. Where the route's answer
/// has no fields it stays there, and is refused like any unknown name.
pub(super) fn taken_from(request: &mut Request, route: &str) -> Result<Option<Choice>, Problem> {
    let query = request.uri().query().unwrap_or("");
    if !query.contains("fields") {
        return Ok(None);
    }
    let whole = document::tree();
    let operation = &whole["paths"][route]["get"];
    if !document::selectable(whole, operation) {
        return Ok(None);
    }
    let (ours, rest): (Vec<_>, Vec<_>) =
        form_urlencoded::parse(query.as_bytes()).partition(|(name, _)| name == "fields");
    let said = match ours.as_slice() {
        [] => return Ok(None),
        [(_, said)] => said.clone().into_owned(),
        _ => return Err(Problem::field("fields", "it comes twice; part the names by commas")),
    };
    let rest = form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
    let path = request.uri().path();
    let target = if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") };
    if let Ok(uri) = Uri::try_from(target) {
        *request.uri_mut() = uri;
    }
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    read(whole, schema, &said).map(Some)
}

fn read(whole: &Value, schema: &Value, said: &str) -> Result<Choice, Problem> {
    let pages = resolved(whole, schema)["properties"].get("next").is_some();
    let (list, schema) = match list_of(whole, schema) {
        Some((name, items)) => (Some(name), items),
        None => (None, schema),
    };
    let ours = list.clone().filter(|_| !pages);
    let names: Vec<&str> = said.split(',').collect();
    if names.len() > NAMES_MAX {
        return Err(Problem::field("fields", format!("at most {NAMES_MAX} names")));
    }
    let mut tree = Tree::default();
    let mut errors = Vec::new();
    for name in names {
        // Of a list that is told whole its own name once had to stand before: it still may.
        let rest = ours.as_deref().and_then(|list| name.strip_prefix(list));
        if rest == Some("") {
            properties(whole, schema).iter().for_each(|(name, _)| tree.add(name));
            continue;
        }
        let name = rest.and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
        match unknown(whole, schema, name) {
            None => tree.add(name),
            Some(known) => {
                let known: Vec<&str> = known.into_iter().collect();
                let message = match (name.is_empty(), known.is_empty()) {
                    (true, _) => "give names parted by commas".to_owned(),
                    (_, true) => format!("{name:?} leads into what has no fields"),
                    _ => format!("{name:?} is unknown here; known are {}", known.join(", ")),
                };
                errors.push(FieldProblem::new("fields", message));
            }
        }
    }
    if errors.is_empty() { Ok(Choice { tree, list }) } else { Err(Problem::fields(errors)) }
}

/// What stands beside a list that is told whole: what it is of.
const BESIDE: &[&str] = &["case"];

/// The list of an answer and the schema of its items. A page is an object with `next`; a list that
/// is told whole stands alone or beside what it is of.
fn list_of<'v>(whole: &'v Value, schema: &'v Value) -> Option<(String, &'v Value)> {
    let fields = resolved(whole, schema)["properties"].as_object()?;
    let (name, items) = fields.iter().find_map(|(name, inner)| {
        let items = resolved(whole, inner).get("items")?;
        (!properties(whole, items).is_empty()).then(|| (name.clone(), items))
    })?;
    let alone = fields.keys().all(|other| *other == name || BESIDE.contains(&other.as_str()));
    (alone || fields.contains_key("next")).then_some((name, items))
}

/// The names that are known where a name stops being one.
fn unknown<'v>(whole: &'v Value, schema: &'v Value, name: &str) -> Option<BTreeSet<&'v str>> {
    let mut places = vec![schema];
    for part in name.split('.') {
        let known: Vec<_> = places.iter().flat_map(|one| properties(whole, one)).collect();
        places = known.iter().filter(|(name, _)| *name == part).map(|(_, inner)| *inner).collect();
        if places.is_empty() {
            return Some(known.into_iter().map(|(name, _)| name).collect());
        }
    }
    None
}

/// Every name that can be chosen of an answer of this schema, by the document's own words.
pub(super) fn names(whole: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = list_of(whole, schema).map_or(schema, |(_, items)| items);
    let mut found = BTreeSet::new();
    inside(whole, schema, "", &mut found);
    found
}

/// How deep names are listed; deeper ones can be chosen all the same.
const LISTED_DEPTH_MAX: usize = 3;

fn inside(whole: &Value, schema: &Value, before: &str, found: &mut BTreeSet<String>) {
    for (name, inner) in properties(whole, schema) {
        let full = format!("{before}{name}");
        if full.split('.').count() < LISTED_DEPTH_MAX {
            inside(whole, inner, &format!("{full}."), found);
        }
        found.insert(full);
    }
}

/// The fields that a value of this schema can have, through lists and alternatives.
fn properties<'v>(whole: &'v Value, schema: &'v Value) -> Vec<(&'v str, &'v Value)> {
    let schema = resolved(whole, schema);
    let own = schema["properties"].as_object().into_iter().flatten();
    let mut found: Vec<(&str, &Value)> = own.map(|(name, one)| (name.as_str(), one)).collect();
    if let Some(items) = schema.get("items") {
        found.extend(properties(whole, items));
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        let inner = schema[several].as_array().into_iter().flatten();
        found.extend(inner.flat_map(|one| properties(whole, one)));
    }
    found
}

impl Choice {
    /// The answer with what was chosen; one that is no success stays as it is.
    pub(super) async fn applied(self, response: Response) -> Response {
        let json =
            response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
        if !response.status().is_success() || !json {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        // Our own handler's body: it is in memory already.
        let Ok(bytes) = body.collect().await else { return words::broken().into_response() };
        let bytes = bytes.to_bytes();
        let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
            return Response::from_parts(parts, Body::from(bytes));
        };
        match &self.list {
            Some(list) => self.tree.prune(&mut value[list.as_str()]),
            None => self.tree.prune(&mut value),
        }
        parts.headers.remove(CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_chosen_at_any_depth() {
        let value = json!({ "a": 1, "b": { "c": [{ "d": 1, "e": 2 }, { "d": 3 }], "f": 4 } });
        for (names, left) in [
            (&["a"][..], json!({ "a": 1 })),
            (&["b.f", "a"], json!({ "a": 1, "b": { "f": 4 } })),
            (&["b.c.d"], json!({ "b": { "c": [{ "d": 1 }, { "d": 3 }] } })),
            (&["b.c.e"], json!({ "b": { "c": [{ "e": 2 }, {}] } })),
            (&["b", "b.f"], json!({ "b": value["b"] })),
            (&["b.f", "b"], json!({ "b": value["b"] })),
        ] {
            let mut tree = Tree::default();
            names.iter().for_each(|name| tree.add(name));
            let mut value = value.clone();
            tree.prune(&mut value);
            assert_eq!(value, left, "{names:?}");
        }
    }
}
