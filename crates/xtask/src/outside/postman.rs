//! The Postman collection, format 2.1: a request for each operation with its example, and a script
//! that holds the answer to the status and the fields that the document promises. Names in paths
//! are variables of the collection, `OPERATION_NAME`, to be set by whoever runs it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{operations, resolved};

const FORMAT: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// The collection of the document.
pub fn collection(whole: &Value) -> Value {
    let mut folders: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut variables = vec![
        json!({ "key": "baseUrl", "value": "http://127.0.0.1:8080" }),
        json!({ "key": "token", "value": "", "type": "string" }),
    ];
    for (path, method, one) in operations(whole) {
        let tag = one["tags"][0].as_str().unwrap_or("");
        let item = item(whole, (path, method, one), &mut variables);
        folders.entry(tag).or_default().push(item);
    }
    let folders: Vec<Value> =
        folders.into_iter().map(|(name, item)| json!({ "name": name, "item": item })).collect();
    let about = "Made from contracts/native/openapi.json by `cargo xtask postman`. Set token, and \
                 the names in paths of the requests you send.";
    json!({
        "info": { "name": "Redress", "description": about, "schema": FORMAT },
        "auth": {
            "type": "bearer",
            "bearer": [{ "key": "token", "value": "{{token}}", "type": "string" }],
        },
        "variable": variables,
        "item": folders,
    })
}

fn item(
    whole: &Value,
    (path, method, one): (&str, &str, &Value),
    variables: &mut Vec<Value>,
) -> Value {
    let id = one["operationId"].as_str().unwrap_or("");
    let mut target = path.to_owned();
    let mut query = Vec::new();
    let mut headers = Vec::new();
    for parameter in one["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(whole, parameter);
        let name = parameter["name"].as_str().unwrap_or("");
        let needed = parameter["required"] == true;
        let sample = parameter.get("example").unwrap_or(&parameter["schema"]["examples"][0]);
        let sample = sample.as_str().map_or_else(|| sample.to_string(), str::to_owned);
        let place = parameter["in"].as_str().unwrap_or("");
        let named = format!("{id}_{name}");
        match place {
            "path" => target = target.replace(&format!("{{{name}}}"), &format!("{{{{{named}}}}}")),
            "query" => query.push(json!({
                "key": name,
                "value": if needed { format!("{{{{{named}}}}}") } else { String::new() },
                "description": parameter["description"],
                "disabled": !needed,
            })),
            _ => {}
        }
        if place == "path" || place == "query" && needed {
            let value = if sample == "null" { String::new() } else { sample };
            variables.push(json!({ "key": named, "value": value }));
        }
        if name == "Idempotency-Key" {
            headers.push(json!({ "key": name, "value": "{{$guid}}" }));
        }
    }
    let mut request = json!({
        "method": method.to_uppercase(),
        "description": one["description"],
        "header": headers,
        "url": url(&target, query),
    });
    if one["security"].as_array().is_some_and(Vec::is_empty) {
        request["auth"] = json!({ "type": "noauth" });
    }
    let example = &one["requestBody"]["content"]["application/json"]["example"];
    if !example.is_null() {
        let options = json!({ "raw": { "language": "json" } });
        let raw = format!("{example:#}");
        request["body"] = json!({ "mode": "raw", "raw": raw, "options": options });
    }
    let test = json!({ "listen": "test", "script": {
        "type": "text/javascript", "exec": checks(whole, one),
    } });
    json!({ "name": one["summary"], "event": [test], "request": request, "response": [] })
}

fn url(target: &str, query: Vec<Value>) -> Value {
    let raw = format!("{{{{baseUrl}}}}{target}");
    let path: Vec<&str> = target.trim_start_matches('/').split('/').collect();
    let mut url = json!({ "raw": raw, "host": ["{{baseUrl}}"], "path": path });
    if !query.is_empty() {
        url["query"] = query.into();
    }
    url
}

/// Lines of a script: the statuses and fields that are promised.
fn checks(whole: &Value, one: &Value) -> Vec<String> {
    let responses = one["responses"].as_object().into_iter().flatten();
    let good: Vec<_> = responses.filter(|(status, _)| status.starts_with('2')).collect();
    let statuses: Vec<&str> = good.iter().map(|(status, _)| status.as_str()).collect();
    let id = one["operationId"].as_str().unwrap_or("");
    let mut lines = vec![
        format!("pm.test(\"{id}: the status is promised\", () => {{"),
        format!(
            "  pm.expect(pm.response.code, pm.response.text()).to.be.oneOf([{}]);",
            statuses.join(", ")
        ),
        "});".to_owned(),
        format!("pm.test(\"{id}: the request has a name\", () => {{"),
        "  pm.response.to.have.header(\"Redress-Request-Id\");".to_owned(),
        "});".to_owned(),
    ];
    let json = good.first().map(|(_, response)| &response["content"]["application/json"]);
    let Some(json) = json.filter(|json| json.is_object()) else { return lines };
    let schema = resolved(whole, &json["schema"]);
    for field in schema["required"].as_array().into_iter().flatten() {
        lines.push(format!("pm.test(\"{id}: \" + {field} + \" is there\", () => {{"));
        lines.push(format!("  pm.expect(pm.response.json()).to.have.property({field});"));
        lines.push("});".to_owned());
    }
    lines
}
