//! The Rust client: a type for each schema and a method for each operation, as text. It knows the
//! words of JSON Schema that our document uses, and must never guess: it says `Value` for the rest.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::{operations, resolved};

/// Columns of a line of documentation.
const COLUMNS: usize = 96;

const HEAD: &str = "Made from contracts/native/openapi.json by `cargo xtask client rust`: edit \
                    nothing here.";

/// The types of all schemas.
pub fn shapes(whole: &Value) -> String {
    let mut maker = Maker::default();
    let schemas = whole["components"]["schemas"].as_object();
    for (name, schema) in schemas.into_iter().flatten() {
        maker.named(name, schema);
    }
    let uses = "use serde::{Deserialize, Serialize};\n";
    format!("//! The shapes of the API. {HEAD}\n\n{uses}{}", maker.text)
}

#[derive(Default)]
struct Maker {
    text: String,
    done: BTreeSet<String>,
}

const DERIVES: &str = "#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]\n";

impl Maker {
    /// Writes the type of a schema under this name.
    fn named(&mut self, name: &str, schema: &Value) {
        if !self.done.insert(name.to_owned()) {
            return;
        }
        if schema["properties"].is_object() {
            return self.object(name, schema);
        }
        if let Some(list) = schema["enum"].as_array() {
            return self.words(name, schema, list, true);
        }
        if let Some(word) = schema.get("const").filter(|word| word.is_string()) {
            return self.words(name, schema, std::slice::from_ref(word), false);
        }
        for several in ["oneOf", "anyOf"] {
            if let Some(list) = schema[several].as_array() {
                return self.alternatives(name, schema, list);
            }
        }
        let kind = self.kind(name, "Item", schema);
        self.told(schema, "");
        let _ = writeln!(self.text, "pub type {name} = {kind};");
    }

    fn object(&mut self, name: &str, schema: &Value) {
        let needed = |field: &str| {
            let list = schema["required"].as_array();
            list.is_some_and(|list| list.iter().any(|one| one == field))
        };
        let mut fields = String::new();
        for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
            let mut kind = self.kind(name, field, inner);
            let optional = !needed(field);
            if optional && !kind.starts_with("Option<") {
                kind = format!("Option<{kind}>");
            }
            describe(&mut fields, inner, "    ");
            if optional {
                let skip = "skip_serializing_if = \"Option::is_none\"";
                let _ = writeln!(fields, "    #[serde(default, {skip})]");
            }
            let own = snake(field);
            if own.trim_start_matches("r#") != field {
                let _ = writeln!(fields, "    #[serde(rename = {field:?})]");
            }
            let _ = writeln!(fields, "    pub {own}: {kind},");
        }
        self.told(schema, "");
        let empty = schema["required"].as_array().is_none_or(Vec::is_empty);
        let derives =
            if empty { DERIVES.replace("Debug,", "Debug, Default,") } else { DERIVES.into() };
        let _ = write!(self.text, "{derives}pub struct {name} {{\n{fields}}}\n");
    }

    /// A list of words. One that is no constant may grow: what we do not know yet is kept as it is.
    fn words(&mut self, name: &str, schema: &Value, list: &[Value], grows: bool) {
        self.told(schema, "");
        let _ = writeln!(self.text, "{DERIVES}pub enum {name} {{");
        for word in list.iter().filter_map(Value::as_str) {
            let _ = writeln!(self.text, "    /// `{word}`");
            let _ = writeln!(self.text, "    #[serde(rename = {word:?})]\n    {},", camel(word));
        }
        if grows {
            let _ = writeln!(self.text, "    /// A word that came later.");
            let _ = writeln!(self.text, "    #[serde(untagged)]\n    Other(String),");
        }
        self.text.push_str("}\n");
    }

    fn alternatives(&mut self, name: &str, schema: &Value, list: &[Value]) {
        let mut variants = String::new();
        for (place, one) in list.iter().enumerate() {
            let kind = self.kind(name, &format!("Case{}", place + 1), one);
            let plain = kind.chars().all(char::is_alphanumeric);
            let variant = if plain { kind.clone() } else { format!("Case{}", place + 1) };
            let _ = writeln!(variants, "    /// One of them.\n    {variant}({kind}),");
        }
        self.told(schema, "");
        let _ =
            write!(self.text, "{DERIVES}#[serde(untagged)]\npub enum {name} {{\n{variants}}}\n");
    }

    /// The Rust type of a value; what has no name of its own gets its owner's and the field's.
    fn kind(&mut self, owner: &str, field: &str, schema: &Value) -> String {
        if let Some(place) = schema["$ref"].as_str() {
            let name = place.rsplit('/').next().unwrap_or("Value").to_owned();
            return if name == owner { format!("Box<{name}>") } else { name };
        }
        let own = format!("{owner}{}", camel(field));
        for several in ["anyOf", "oneOf"] {
            let Some(list) = schema[several].as_array() else { continue };
            let rest: Vec<&Value> = list.iter().filter(|one| one["type"] != "null").collect();
            return match rest.as_slice() {
                [only] if rest.len() < list.len() => {
                    format!("Option<{}>", self.kind(owner, field, only))
                }
                _ => {
                    self.named(&own, schema);
                    own
                }
            };
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        let nullable = kinds.contains(&"null");
        let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
        let words = schema["enum"].as_array().is_some_and(|list| list.iter().any(Value::is_string));
        let kind = match kinds.as_slice() {
            _ if words || schema["const"].is_string() => {
                self.named(&own, schema);
                own
            }
            ["string"] => "String".to_owned(),
            ["integer"] => "i64".to_owned(),
            ["number"] => "f64".to_owned(),
            ["boolean"] => "bool".to_owned(),
            ["array"] => {
                let field = field.strip_suffix('s').unwrap_or(field);
                format!("Vec<{}>", self.kind(owner, field, &schema["items"]))
            }
            ["object"] if schema["properties"].is_object() => {
                self.named(&own, schema);
                own
            }
            ["object"] if schema["additionalProperties"].is_object() => {
                let inner = self.kind(owner, field, &schema["additionalProperties"]);
                format!("std::collections::BTreeMap<String, {inner}>")
            }
            _ => "serde_json::Value".to_owned(),
        };
        if nullable { format!("Option<{kind}>") } else { kind }
    }

    fn told(&mut self, schema: &Value, indent: &str) {
        self.text.push('\n');
        describe(&mut self.text, schema, indent);
    }
}

/// Where an operation answers with a file.
const RAW: &str = "
    fn raw(&self, wanted: Wanted) -> Result<Answer<Vec<u8>>, Error> {
        let response = self.sent(wanted)?;
        Ok(Answer::of(&response, response.body.clone()))
    }
";

/// Where an operation answers with nothing.
const DONE: &str = "
    fn done(&self, wanted: Wanted) -> Result<Answer<()>, Error> {
        Ok(Answer::of(&self.sent(wanted)?, ()))
    }
";

/// The methods of the client.
pub fn calls(whole: &Value) -> String {
    let mut queries = String::new();
    let mut methods = String::new();
    for (path, method, one) in operations(whole) {
        call(whole, (path, method, one), &mut queries, &mut methods);
    }
    for (helper, text) in [("self.raw(", RAW), ("self.done(", DONE)] {
        if methods.contains(helper) {
            methods.push_str(text);
        }
    }
    let uses =
        "use super::shapes::*;\nuse crate::{Answer, Client, Error, Transport, Wanted, Write};\n";
    format!(
        "//! A method for each operation of the API. {HEAD}\n\n{uses}{queries}\n\
         impl<T: Transport> Client<T> {{{methods}}}\n"
    )
}

fn call(
    whole: &Value,
    (path, method, one): (&str, &str, &Value),
    queries: &mut String,
    methods: &mut String,
) {
    let id = one["operationId"].as_str().unwrap_or("");
    let parameters = one["parameters"].as_array().into_iter().flatten();
    let parameters: Vec<&Value> = parameters.map(|one| resolved(whole, one)).collect();
    let (mut arguments, mut steps) = (String::from("&self"), String::new());
    let _ = writeln!(
        steps,
        "        let mut wanted = Wanted::new({:?}, {path:?});",
        method.to_uppercase()
    );
    for parameter in parameters.iter().filter(|one| one["in"] == "path") {
        let name = parameter["name"].as_str().unwrap_or("");
        let own = snake(name);
        let _ = write!(arguments, ", {own}: &str");
        let _ = writeln!(steps, "        wanted.named({name:?}, {own});");
    }
    // Chosen fields do not make whole shapes: whoever wants them asks by hand.
    let asked = parameters.iter().filter(|one| one["in"] == "query" && one["name"] != "fields");
    let asked: Vec<&&Value> = asked.collect();
    if !asked.is_empty() {
        let name = format!("{}Query", camel(id));
        let _ = write!(arguments, ", query: &{name}");
        let _ = writeln!(queries, "\n/// What [`Client::{}`] can be asked.", snake(id));
        let _ = writeln!(queries, "#[derive(Clone, Debug, Default)]\npub struct {name} {{");
        for parameter in asked {
            let name = parameter["name"].as_str().unwrap_or("");
            describe(queries, parameter, "    ");
            let kind = match parameter["schema"]["type"].as_str() {
                Some("integer") => "i64",
                Some("boolean") => "bool",
                _ => "String",
            };
            let _ = writeln!(queries, "    pub {}: Option<{kind}>,", snake(name));
            let _ =
                writeln!(steps, "        wanted.asked({name:?}, query.{}.as_ref());", snake(name));
        }
        queries.push_str("}\n");
    }
    body(one, &mut arguments, &mut steps);
    if method != "get" {
        arguments.push_str(", how: &Write<'_>");
        let _ = writeln!(steps, "        wanted.how(how);");
    }
    let (kind, read) = answer(one);
    methods.push('\n');
    describe(methods, &one["summary"], "    ");
    let _ = writeln!(methods, "    ///\n    /// `{} {path}`\n    ///", method.to_uppercase());
    let _ =
        writeln!(methods, "    /// # Errors\n    /// A problem of the API, or of the way to it.");
    let start = format!("    pub fn {}(", snake(id));
    let arguments = arguments.replace(", ", ",\n        ");
    let result = format!("Result<Answer<{kind}>, Error>");
    let _ = writeln!(methods, "{start}\n        {arguments},\n    ) -> {result} {{");
    if steps.lines().count() == 1 {
        steps = steps.replacen("let mut ", "let ", 1);
    }
    let _ = writeln!(methods, "{steps}        self.{read}(wanted)\n    }}");
}

fn body(one: &Value, arguments: &mut String, steps: &mut String) {
    let Some(content) = one["requestBody"]["content"].as_object() else { return };
    match content.get("application/json").and_then(|json| json["schema"]["$ref"].as_str()) {
        Some(place) => {
            let name = place.rsplit('/').next().unwrap_or("");
            let _ = write!(arguments, ", body: &{name}");
            steps.push_str("        wanted.json(body);\n");
        }
        None if content.contains_key("application/json") => {
            arguments.push_str(", body: &serde_json::Value");
            steps.push_str("        wanted.json(body);\n");
        }
        None => {
            arguments.push_str(", kind: &str, body: Vec<u8>");
            steps.push_str("        wanted.bytes(kind, body);\n");
        }
    }
}

/// The type of what is answered, and how it is read.
fn answer(one: &Value) -> (String, &'static str) {
    let responses = one["responses"].as_object().into_iter().flatten();
    let mut good = responses.filter(|(status, _)| status.starts_with('2'));
    let Some(content) = good.find_map(|(_, response)| response["content"].as_object()) else {
        return ("()".to_owned(), "done");
    };
    match content.get("application/json").map(|json| json["schema"]["$ref"].as_str()) {
        Some(Some(place)) => (place.rsplit('/').next().unwrap_or("").to_owned(), "json"),
        Some(None) => ("serde_json::Value".to_owned(), "json"),
        None => ("Vec<u8>".to_owned(), "raw"),
    }
}

/// The description as documentation, broken into lines.
fn describe(text: &mut String, value: &Value, indent: &str) {
    let said =
        value.as_str().or_else(|| value["description"].as_str()).unwrap_or("As its name says.");
    let mut line = format!("{indent}///");
    for word in said.split_whitespace() {
        if line.len() + word.len() > COLUMNS {
            let _ = writeln!(text, "{line}");
            line = format!("{indent}///");
        }
        let _ = write!(line, " {}", word.replace('<', "\\<").replace('[', "\\["));
    }
    let _ = writeln!(text, "{line}");
}

fn camel(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let made: String = words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| {
                first.to_ascii_uppercase().to_string() + letters.as_str()
            })
        })
        .collect();
    if made.starts_with(|c: char| c.is_ascii_digit()) { format!("N{made}") } else { made }
}

fn snake(name: &str) -> String {
    let mut made = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !made.is_empty() && !made.ends_with('_') {
            made.push('_');
        }
        let fits = letter.is_ascii_alphanumeric();
        made.push(if fits { letter.to_ascii_lowercase() } else { '_' });
    }
    let reserved = ["type", "ref", "in", "as", "match", "move", "use", "where", "for", "loop"];
    if reserved.contains(&made.as_str()) { format!("r#{made}") } else { made }
}
