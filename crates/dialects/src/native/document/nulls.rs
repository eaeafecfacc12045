//! What a body may leave out may also be sent as `null`: many clients write every field they know.
//! The document says so here once, for every shape that is sent, so that no part can forget it. A
//! shape where a null would mean more than nothing says why by `x-null-refused`, and stays strict.

use serde_json::{Map, Value, json};

/// Lets the optional fields of all JSON bodies be null, also of the shapes within them.
pub(super) fn allow(whole: &mut Value) {
    let mut names = Vec::new();
    for (_, methods) in whole["paths"].as_object().into_iter().flatten() {
        for (_, operation) in methods.as_object().into_iter().flatten() {
            named(&operation["requestBody"]["content"]["application/json"]["schema"], &mut names);
        }
    }
    // A shape found on the way is looked at too, each once.
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        let mut shape = whole["components"]["schemas"][&name].take();
        open(&mut shape);
        named(&shape, &mut names);
        whole["components"]["schemas"][&name] = shape;
        next += 1;
    }
}

/// The names of the shapes that a schema refers to, each once.
fn named(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str);
            if let Some(name) = name.and_then(|name| name.strip_prefix("#/components/schemas/"))
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
            fields.values().for_each(|inner| named(inner, names));
        }
        Value::Array(list) => list.iter().for_each(|inner| named(inner, names)),
        _ => {}
    }
}

/// Lets the optional fields of an object be null, and those of objects within it.
fn open(shape: &mut Value) {
    let Some(fields) = shape.as_object_mut() else { return };
    if fields.contains_key("x-null-refused") {
        return;
    }
    let required = fields.get("required").cloned().unwrap_or_default();
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, schema) in properties {
            open(schema);
            if !required.as_array().is_some_and(|list| list.iter().any(|one| one == name)) {
                nullable(schema);
            }
        }
    }
    if let Some(items) = fields.get_mut("items") {
        open(items);
    }
}

fn nullable(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    match fields.get_mut("type") {
        Some(Value::String(kind)) if kind != "null" => {
            let kinds = json!([kind.clone(), "null"]);
            fields.insert("type".into(), kinds);
            if let Some(Value::Array(words)) = fields.get_mut("enum") {
                words.push(Value::Null);
            }
        }
        Some(_) => {}
        None => {
            // A reference, with what is said beside it: the reference alone moves into the choice.
            let Some(reference) = fields.remove("$ref") else { return };
            let mut rest: Map<String, Value> = std::mem::take(fields);
            rest.insert("anyOf".into(), json!([{ "$ref": reference }, { "type": "null" }]));
            *fields = rest;
        }
    }
}
