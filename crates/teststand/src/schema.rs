//! Holds JSON to the schemas of an OpenAPI document: as much of JSON Schema as ours use, and a word
//! it does not know is itself a complaint, so that nothing is passed over. It must never be
//! lenient: an outside validator is asked too, in `./test`.

use serde_json::Value;

/// Words that say something to readers only.
const REMARKS: [&str; 8] = [
    "description",
    "default",
    "example",
    "examples",
    "title",
    "deprecated",
    "readOnly",
    "$comment",
];

/// What is wrong with `value` under `schema`, each with its place; `whole` is where `$ref` leads.
#[must_use]
pub fn complaints(whole: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Reader { whole }.check(schema, value, "", &mut found);
    found
}

struct Reader<'v> {
    whole: &'v Value,
}

impl Reader<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let words = match schema {
            Value::Bool(true) => return,
            Value::Object(words) => words,
            other => return found.push(format!("{at}: {other} is no schema")),
        };
        for (word, said) in words {
            match word.as_str() {
                "$ref" => match said.as_str().and_then(|place| self.whole.pointer(&place[1..])) {
                    Some(there) => self.check(there, value, at, found),
                    None => found.push(format!("{at}: {said} leads nowhere")),
                },
                "properties" | "required" | "additionalProperties" | "propertyNames" => {
                    self.object(word, schema, value, at, found);
                }
                "items" | "minItems" | "maxItems" | "uniqueItems" => {
                    self.array(word, said, value, at, found);
                }
                "not" => {
                    let mut inner = Vec::new();
                    self.check(said, value, at, &mut inner);
                    if inner.is_empty() {
                        found.push(format!("{at}: it is what it must not be: {said}"));
                    }
                }
                "anyOf" | "oneOf" | "allOf" => self.several(word, said, value, at, found),
                word if REMARKS.contains(&word) || word.starts_with("x-") => {}
                word => {
                    if !plain(word, said, value) {
                        found.push(format!("{at}: {value} breaks {word} {said}"));
                    }
                }
            }
        }
    }

    fn object(&self, word: &str, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let Some(fields) = value.as_object() else { return };
        let known = &schema["properties"];
        match word {
            "properties" => {
                for (name, inner) in known.as_object().into_iter().flatten() {
                    if let Some(value) = fields.get(name) {
                        self.check(inner, value, &format!("{at}.{name}"), found);
                    }
                }
            }
            "required" => {
                for name in schema["required"].as_array().into_iter().flatten() {
                    if !name.as_str().is_some_and(|name| fields.contains_key(name)) {
                        found.push(format!("{at}: {name} is missing"));
                    }
                }
            }
            "additionalProperties" => {
                let rest = &schema["additionalProperties"];
                for (name, value) in fields.iter().filter(|(name, _)| known.get(name).is_none()) {
                    match rest {
                        Value::Bool(false) => found.push(format!("{at}: {name} is not promised")),
                        rest => self.check(rest, value, &format!("{at}.{name}"), found),
                    }
                }
            }
            _ => {
                for name in fields.keys() {
                    let name = Value::from(name.as_str());
                    self.check(&schema[word], &name, at, found);
                }
            }
        }
    }

    fn array(&self, word: &str, said: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let Some(list) = value.as_array() else { return };
        let many = said.as_u64().unwrap_or(0);
        let count = list.len() as u64;
        match word {
            "items" => {
                for (place, value) in list.iter().enumerate() {
                    self.check(said, value, &format!("{at}[{place}]"), found);
                }
            }
            "minItems" if count < many => found.push(format!("{at}: fewer than {many}")),
            "maxItems" if count > many => found.push(format!("{at}: more than {many}")),
            "uniqueItems" if (1..list.len()).any(|place| list[..place].contains(&list[place])) => {
                found.push(format!("{at}: something comes twice"));
            }
            _ => {}
        }
    }

    fn several(&self, word: &str, said: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let tries: Vec<Vec<String>> = said
            .as_array()
            .into_iter()
            .flatten()
            .map(|schema| {
                let mut one = Vec::new();
                self.check(schema, value, at, &mut one);
                one
            })
            .collect();
        let fits = tries.iter().filter(|one| one.is_empty()).count();
        let good = match word {
            "anyOf" => fits > 0,
            "oneOf" => fits == 1,
            _ => fits == tries.len(),
        };
        if !good {
            found.push(format!("{at}: {fits} of {word} fit: {tries:?}"));
        }
    }
}

/// Words about a value that hold no schema.
fn plain(word: &str, said: &Value, value: &Value) -> bool {
    let text = value.as_str();
    let chars = |text: &str| text.chars().count() as u64;
    match word {
        "type" => match said {
            Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
            kind => is(kind, value),
        },
        "enum" => said.as_array().is_some_and(|list| list.contains(value)),
        "const" => said == value,
        "minimum" => value.as_f64().is_none_or(|number| number >= said.as_f64().unwrap_or(0.0)),
        "maximum" => value.as_f64().is_none_or(|number| number <= said.as_f64().unwrap_or(0.0)),
        "minLength" => text.is_none_or(|text| chars(text) >= said.as_u64().unwrap_or(0)),
        "maxLength" => text.is_none_or(|text| chars(text) <= said.as_u64().unwrap_or(0)),
        "pattern" => text.is_none_or(|text| matches(said.as_str().unwrap_or(""), text)),
        "format" => text.is_none_or(|text| looks(said.as_str().unwrap_or(""), text)),
        "minProperties" => {
            value.as_object().is_none_or(|one| one.len() as u64 >= said.as_u64().unwrap_or(0))
        }
        "maxProperties" => {
            value.as_object().is_none_or(|one| one.len() as u64 <= said.as_u64().unwrap_or(0))
        }
        _ => false,
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap_or("") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// The patterns of ids are the ones that matter: a beginning and 26 of our letters. Others are
/// left to the outside validator.
fn matches(pattern: &str, text: &str) -> bool {
    let Some(beginning) = pattern.strip_suffix("[0-9abcdefghjkmnpqrstvwxyz]{26}$") else {
        return true;
    };
    let rest = text.strip_prefix(beginning.trim_start_matches('^'));
    let letters = "0123456789abcdefghjkmnpqrstvwxyz";
    rest.is_some_and(|rest| rest.len() == 26 && rest.chars().all(|c| letters.contains(c)))
}

fn looks(format: &str, text: &str) -> bool {
    match format {
        "date-time" => {
            let bytes = text.as_bytes();
            bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T' && text.ends_with('Z')
        }
        "date" => text.len() == 10 && text.as_bytes()[4] == b'-',
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_finds_what_is_wrong() {
        let whole = json!({ "schemas": { "Id": {
            "type": "string", "pattern": "^cs_[0-9abcdefghjkmnpqrstvwxyz]{26}$" } } });
        let id = json!({ "$ref": "#/schemas/Id" });
        let object = json!({ "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": { "a": id, "b": { "type": ["string", "null"], "maxLength": 2 } } });
        let good = "cs_01jd3v5k8h0000000000000000";
        for (schema, value, many) in [
            (&object, json!({ "a": good }), 0),
            (&object, json!({ "a": good, "b": null }), 0),
            (&object, json!({ "a": good, "b": "abc" }), 1),
            (&object, json!({ "a": good, "c": 1 }), 1),
            (&object, json!({ "a": "cs_1" }), 1),
            (&object, json!({}), 1),
            (&object, json!([]), 1),
            (&json!({ "anyOf": [{ "type": "null" }, id] }), json!(null), 0),
            (&json!({ "oneOf": [{ "type": "string" }, id] }), json!(good), 1),
            (&json!({ "not": { "type": "null" } }), json!(null), 1),
            (&json!({ "not": { "type": "null" } }), json!(1), 0),
            (&json!({ "minProperties": 1 }), json!({}), 1),
            (&json!({ "minProperties": 1 }), json!({ "a": 1 }), 0),
            (&json!({ "type": "array", "items": id, "minItems": 1 }), json!([1, good]), 1),
            (&json!({ "type": "integer", "minimum": 1, "maximum": 3 }), json!(4), 1),
            (&json!({ "type": "string", "format": "date-time" }), json!("2026-01-05"), 1),
            (&json!({ "enum": ["a"] }), json!("b"), 1),
            (&json!({ "dependentSchemas": {} }), json!("b"), 1),
            (&json!({ "$ref": "#/nowhere" }), json!("b"), 1),
        ] {
            let found = complaints(&whole, schema, &value);
            assert_eq!(found.len(), many, "{schema} {value}: {found:?}");
        }
    }
}
