//! What the page shows, read from the document: texts and lists, no markup. Whatever is missing
//! there is left out here.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use crate::native::document::resolved;
use crate::native::problems;

use super::policy::{self, Chapter};
use super::{FILES, last};

/// The page.
#[derive(Template)]
#[template(path = "docs.html")]
pub(super) struct Page {
    title: String,
    about: Vec<Piece>,
    schemes: Vec<(String, Vec<Piece>)>,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
    problems: Vec<(&'static str, &'static str, &'static str)>,
    rights: Vec<(String, String)>,
    chapters: Vec<Chapter>,
}

/// A piece of a text: plain, code, or a link to a shape or a file.
pub(super) struct Piece {
    pub(super) text: String,
    code: bool,
    link: Option<String>,
}

/// What is about the same things.
struct Group {
    name: String,
    id: String,
    about: Vec<Piece>,
    operations: Vec<Operation>,
}

/// One operation, or one webhook.
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: Vec<Piece>,
    deprecated: Option<String>,
    parameters: Vec<Row>,
    body: Option<Body>,
    answers: Vec<Answer>,
    problems: Vec<String>,
    curl: String,
}

/// A parameter, or a field of a shape.
struct Row {
    name: String,
    place: String,
    needed: bool,
    kind: Vec<Piece>,
    about: Vec<Piece>,
}

struct Body {
    needed: bool,
    kind: Vec<Piece>,
    example: String,
}

struct Answer {
    status: String,
    about: Vec<Piece>,
    kind: Vec<Piece>,
    headers: String,
    example: String,
}

struct Shape {
    name: String,
    about: Vec<Piece>,
    kind: Vec<Piece>,
    rows: Vec<Row>,
}

/// Reads the document.
pub(super) fn page(whole: &Value) -> Page {
    let schemes = whole["components"]["securitySchemes"].as_object();
    let schemes = schemes.into_iter().flatten().map(|(name, scheme)| {
        let header = scheme["name"].as_str().unwrap_or("Authorization");
        let shown = if name == "token" { "Authorization: Bearer" } else { header };
        (shown.to_owned(), prose(said(&scheme["description"])))
    });
    let mut schemes: Vec<(String, Vec<Piece>)> = schemes.collect();
    // The usual one first.
    schemes.sort_by_key(|(name, _)| name.starts_with("X-"));
    let shapes = whole["components"]["schemas"].as_object();
    let rights = whole["x-rights"].as_object();
    Page {
        title: text(&whole["info"]["title"]),
        about: prose(said(&whole["info"]["description"])),
        schemes,
        groups: groups(whole),
        shapes: shapes.into_iter().flatten().map(|(name, one)| shape(name, one)).collect(),
        problems: problems::all().collect(),
        rights: rights
            .into_iter()
            .flatten()
            .map(|(name, roles)| (name.clone(), words(roles)))
            .collect(),
        chapters: policy::chapters(),
    }
}

fn groups(whole: &Value) -> Vec<Group> {
    let mut by_tag: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (kind, paths) in [("paths", &whole["paths"]), ("webhooks", &whole["webhooks"])] {
        for (path, methods) in paths.as_object().into_iter().flatten() {
            for (method, one) in methods.as_object().into_iter().flatten() {
                let tag = text(&one["tags"][0]);
                let made = operation(whole, kind, path, method, one);
                by_tag.entry(tag).or_default().push(made);
            }
        }
    }
    let told = whole["tags"].as_array().into_iter().flatten();
    told.filter_map(|tag| {
        let name = text(&tag["name"]);
        let operations = by_tag.remove(&name)?;
        let id = format!("group-{}", name.to_lowercase().replace(' ', "-"));
        Some(Group { name, id, about: prose(said(&tag["description"])), operations })
    })
    .collect()
}

fn operation(whole: &Value, kind: &str, path: &str, method: &str, one: &Value) -> Operation {
    let parameters = one["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| {
        let parameter = resolved(whole, parameter);
        Row {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            needed: parameter["required"] == true,
            kind: kind_of(&parameter["schema"]),
            about: prose(said(&parameter["description"])),
        }
    });
    let content = &one["requestBody"]["content"];
    let body =
        content.as_object().and_then(|kinds| kinds.iter().next()).map(|(name, content)| Body {
            needed: one["requestBody"]["required"] == true,
            kind: [plain(&format!("{name}: ")), kind_of(&content["schema"])].concat_pieces(),
            example: pretty(&content["example"]),
        });
    let problems = one["x-problems"].as_array().into_iter().flatten().map(text).collect();
    Operation {
        id: text(&one["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&one["summary"]),
        about: prose(said(&one["description"])),
        deprecated: (one["deprecated"] == true).then(|| text(&one["x-sunset"])),
        parameters: parameters.collect(),
        body,
        answers: answers(whole, one),
        problems,
        curl: if kind == "paths" { curl(whole, path, method, one) } else { String::new() },
    }
}

/// Those that are a success; a problem is told by its code.
fn answers(whole: &Value, one: &Value) -> Vec<Answer> {
    let responses = one["responses"].as_object().into_iter().flatten();
    let told = responses.filter(|(_, response)| response.get("$ref").is_none());
    told.map(|(status, response)| {
        let content = response["content"].as_object().and_then(|kinds| kinds.iter().next());
        let headers = response["headers"].as_object().into_iter().flatten();
        let headers: Vec<&str> = headers.map(|(name, _)| name.as_str()).collect();
        let kind = content.map_or_else(Vec::new, |(name, content)| {
            let json = name == "application/json";
            let before = if json { Vec::new() } else { plain(&format!("{name}: ")) };
            [before, kind_of(&content["schema"])].concat_pieces()
        });
        let example = content
            .map_or(&Value::Null, |(_, content)| content.get("example").unwrap_or(&Value::Null));
        Answer {
            status: status.clone(),
            about: prose(said(&resolved(whole, response)["description"])),
            kind,
            headers: headers.join(", "),
            example: pretty(example),
        }
    })
    .collect()
}

/// A line for a shell, with what is needed and nothing else.
fn curl(whole: &Value, path: &str, method: &str, one: &Value) -> String {
    let mut target = path.to_owned();
    let mut query = Vec::new();
    for parameter in one["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(whole, parameter);
        let name = text(&parameter["name"]);
        let sample = parameter.get("example").unwrap_or(&parameter["schema"]["examples"][0]);
        let sample = sample.as_str().map_or_else(|| sample.to_string(), str::to_owned);
        let sample = if sample == "null" { name.to_uppercase() } else { sample };
        match parameter["in"].as_str() {
            Some("path") => target = target.replace(&format!("{{{name}}}"), &sample),
            Some("query") if parameter["required"] == true => {
                query.push(format!("{name}={sample}"))
            }
            _ => {}
        }
    }
    let joint = if query.is_empty() { "" } else { "?" };
    let mut line = String::from("curl");
    if method != "get" {
        line += &format!(" -X {}", method.to_uppercase());
    }
    line += &format!(" \"$REDRESS_BASE_URL{target}{joint}{}\"", query.join("&"));
    if !one["security"].as_array().is_some_and(Vec::is_empty) {
        line += " \\\n  -H \"Authorization: Bearer $REDRESS_TOKEN\"";
    }
    if method != "get" {
        line += " \\\n  -H \"Idempotency-Key: $(uuidgen)\"";
    }
    let example = &one["requestBody"]["content"]["application/json"]["example"];
    if !example.is_null() {
        let body = example.to_string().replace('\'', "'\\''");
        line += &format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'");
    }
    line
}

fn shape(name: &str, schema: &Value) -> Shape {
    let needed = schema["required"].as_array();
    let needed = |name: &str| needed.is_some_and(|list| list.iter().any(|one| one == name));
    let mut rows = Vec::new();
    rows_of(schema, "", &mut rows, &needed);
    let kind = if rows.is_empty() { kind_of(schema) } else { Vec::new() };
    Shape { name: name.to_owned(), about: prose(said(&schema["description"])), kind, rows }
}

/// The fields of an object, and those of objects inside it that have no name of their own.
fn rows_of(schema: &Value, before: &str, rows: &mut Vec<Row>, needed: &dyn Fn(&str) -> bool) {
    for (name, one) in schema["properties"].as_object().into_iter().flatten() {
        let full = format!("{before}{name}");
        rows.push(Row {
            needed: before.is_empty() && needed(name),
            place: String::new(),
            kind: kind_of(one),
            about: prose(said(&one["description"])),
            name: full.clone(),
        });
        let alternatives = one["anyOf"].as_array().into_iter().flatten();
        for inner in [one, &one["items"]].into_iter().chain(alternatives) {
            rows_of(inner, &format!("{full}."), rows, needed);
        }
    }
}

/// The type of a value in words.
fn kind_of(schema: &Value) -> Vec<Piece> {
    if let Some(place) = schema["$ref"].as_str() {
        let name = place.rsplit('/').next().unwrap_or("").to_owned();
        let link = Some(format!("#shape-{name}"));
        return vec![Piece { text: name, code: false, link }];
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        if let Some(list) = schema[several].as_array() {
            let joint = if several == "allOf" { " and " } else { " or " };
            let mut pieces = Vec::new();
            for (place, one) in list.iter().enumerate() {
                if place > 0 {
                    pieces.extend(plain(joint));
                }
                pieces.extend(kind_of(one));
            }
            return pieces;
        }
    }
    if let Some(list) = schema["enum"].as_array() {
        return choice(list);
    }
    if let Some(only) = schema.get("const") {
        return choice(std::slice::from_ref(only));
    }
    if schema["type"] == "array" {
        return [plain("list of "), kind_of(&schema["items"])].concat_pieces();
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind),
    };
    let format = schema["format"].as_str().filter(|format| *format != "int64");
    plain(&format.map_or(kinds.clone(), |format| format!("{kinds}, {format}")))
}

fn choice(list: &[Value]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (place, word) in list.iter().enumerate() {
        if place > 0 {
            pieces.extend(plain(" | "));
        }
        let text = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
        pieces.push(Piece { text, code: true, link: None });
    }
    pieces
}

trait ConcatPieces {
    fn concat_pieces(self) -> Vec<Piece>;
}

impl<const N: usize> ConcatPieces for [Vec<Piece>; N] {
    fn concat_pieces(self) -> Vec<Piece> {
        self.into_iter().flatten().collect()
    }
}

fn plain(text: &str) -> Vec<Piece> {
    vec![Piece { text: text.to_owned(), code: false, link: None }]
}

/// A text in which backticks enclose code, and the name of a file that is served leads to it.
pub(super) fn prose(text: &str) -> Vec<Piece> {
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.flat_map(|(place, part)| linked(part, place % 2 == 1)).collect()
}

fn linked(text: &str, code: bool) -> Vec<Piece> {
    let found = FILES.iter().filter_map(|(file, _)| Some((text.find(file)?, *file))).min();
    let Some((at, file)) = found else {
        return vec![Piece { text: text.to_owned(), code, link: None }];
    };
    let mut pieces = Vec::new();
    if at > 0 {
        pieces.push(Piece { text: text[..at].to_owned(), code, link: None });
    }
    let link = Some(format!("/docs/{}", last(file)));
    pieces.push(Piece { text: file.to_owned(), code, link });
    let rest = &text[at + file.len()..];
    if !rest.is_empty() {
        pieces.extend(linked(rest, code));
    }
    pieces
}

fn said(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

fn words(list: &Value) -> String {
    list.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ")
}

fn pretty(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}
