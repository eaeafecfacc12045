//! Examples of answers, made from their schemas: a field's own example first, then what its name
//! or its pattern usually holds. Two runs make the same; every example fits its schema, which a
//! test sees to.

use serde_json::{Map, Value, json};

use super::resolved;

/// How deep a schema is followed: ours nest four times, and one may name itself.
const DEPTH_MAX: usize = 8;

/// What fields of these names hold, where the schema does not say.
const NAMED: &[(&str, &str)] = &[
    ("account", "220001234513"),
    ("actor", "ann@shop.example"),
    ("assignee", "ann@shop.example"),
    ("by", "ann@shop.example"),
    ("category", "voucher"),
    ("cursor", "MTpjc18wMWpkM3Y1azho"),
    ("currency", "MYR"),
    ("last_detail", "250 taken"),
    ("name", "ann@shop.example"),
    ("next", "MTpjc18wMWpkM3Y1azho"),
    ("payer_ref", "payer-7"),
    ("person", "ann@shop.example"),
    ("product", "TNB"),
    ("provider", "tnb"),
    ("queue", "vouchers"),
    ("refid", "INV-2026-000123"),
    ("says", "It will take a day."),
    ("through", "iimm_prod_7f3a"),
    ("trxid", "TRX-889911"),
];

/// Ids by the beginning of their patterns, and as they look.
const IDS: &[&str] = &["cs_", "ev_", "job_", "msg_", "we_"];

/// Adds an example to each answer in JSON that has none.
pub(super) fn add(whole: &Value, operation: &mut Value) {
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for response in responses.values_mut() {
        let Some(content) = response.get_mut("content") else { continue };
        let Some(json) = content.get_mut("application/json").and_then(Value::as_object_mut) else {
            continue;
        };
        if !json.contains_key("example") {
            let example = sample(whole, "", json.get("schema").unwrap_or(&Value::Null), 0);
            json.insert("example".to_owned(), example);
        }
    }
}

fn sample(whole: &Value, name: &str, schema: &Value, depth: usize) -> Value {
    let schema = resolved(whole, schema);
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if let Some(said) = said(schema) {
        return said;
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(first) = schema[several].get(0) {
            return sample(whole, name, first, depth + 1);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or("null"),
        kind => kind.as_str().unwrap_or("object"),
    };
    match kind {
        "object" => object(whole, schema, depth),
        "array" => json!([sample(whole, name, &schema["items"], depth + 1)]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => true.into(),
        "string" => text(name, schema).into(),
        _ => Value::Null,
    }
}

/// What the schema itself says.
fn said(schema: &Value) -> Option<Value> {
    let first = |list: &str| schema[list].get(0).cloned();
    let one = |field: &str| schema.get(field).cloned();
    one("example").or_else(|| first("examples")).or_else(|| one("const")).or_else(|| first("enum"))
}

fn object(whole: &Value, schema: &Value, depth: usize) -> Value {
    let mut made = Map::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Value::Object(more) = sample(whole, "", part, depth + 1) {
            made.extend(more);
        }
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        made.insert(name.clone(), sample(whole, name, inner, depth + 1));
    }
    made.into()
}

fn text(name: &str, schema: &Value) -> String {
    let pattern = schema["pattern"].as_str().unwrap_or("").trim_start_matches('^');
    if let Some(beginning) = IDS.iter().find(|id| pattern.starts_with(*id)) {
        return format!("{beginning}01jd3v5k8h0000000000000000");
    }
    match schema["format"].as_str() {
        Some("date-time") => return "2026-03-01T10:00:00.007Z".to_owned(),
        Some("date") => return "2026-03-01".to_owned(),
        Some("email") => return "desk@shop.example".to_owned(),
        Some("uri") => return "https://shop.example/hooks".to_owned(),
        _ => {}
    }
    let known = NAMED.iter().find(|(known, _)| *known == name);
    known.map_or("text", |(_, text)| text).to_owned()
}
