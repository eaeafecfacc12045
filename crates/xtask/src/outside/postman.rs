//! The Postman collection, format 2.1: a request for each operation with its example, and a script
//! that holds the answer to the status and the fields that the document promises. Names in paths
//! are variables of the collection. Where `prepare` says yes, a script before each request makes
//! what `clients/steps.json` says must be there; it must never do so unasked.

mod scripts;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{operations, resolved};

const FORMAT: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// The collection of the document, prepared by the steps.
pub fn collection(whole: &Value, steps: &Value) -> Value {
    let mut folders: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for (path, method, one) in operations(whole) {
        let tag = one["tags"][0].as_str().unwrap_or("");
        let item = item(whole, steps, (path, method, one), &mut names);
        folders.entry(tag).or_default().push(item);
    }
    let folders: Vec<Value> =
        folders.into_iter().map(|(name, item)| json!({ "name": name, "item": item })).collect();
    let mut variables = vec![
        json!({ "key": "baseUrl", "value": "http://127.0.0.1:8080" }),
        json!({ "key": "token", "value": "", "type": "string" }),
        json!({ "key": "prepare", "value": "no" }),
    ];
    variables.extend(names.into_iter().map(|(key, value)| json!({ "key": key, "value": value })));
    let about = "Made from contracts/native/openapi.json by `cargo xtask postman`. Set token, and \
                 the names in paths of the requests you send. With prepare set to yes, each \
                 request first makes what it needs, cases and accounts among them: only for a \
                 server that is there to be tried.";
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

/// A request; the variables of its path go into `names`.
fn item(
    whole: &Value,
    steps: &Value,
    (path, method, one): (&str, &str, &Value),
    names: &mut BTreeMap<String, String>,
) -> Value {
    let id = one["operationId"].as_str().unwrap_or("");
    let row = &steps["operations"][id];
    let mut query = Vec::new();
    let mut headers = Vec::new();
    for parameter in one["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(whole, parameter);
        let name = parameter["name"].as_str().unwrap_or("");
        let place = parameter["in"].as_str().unwrap_or("");
        match place {
            "path" => {
                let key = scripts::name(steps, name);
                let value = steps["defaults"][key].as_str().unwrap_or("");
                names.insert(key.to_owned(), value.to_owned());
            }
            "query" => query.push(json!({
                "key": name,
                "value": row["query"][name].as_str().unwrap_or(""),
                "description": parameter["description"],
                "disabled": row["query"][name].is_null(),
            })),
            _ if name == "Idempotency-Key" => {
                headers.push(json!({ "key": name, "value": "{{$guid}}" }));
            }
            _ => {}
        }
    }
    let mut request = json!({
        "method": method.to_uppercase(),
        "description": one["description"],
        "header": &headers,
        "url": url(&scripts::target(steps, path), query),
    });
    if one["security"].as_array().is_some_and(Vec::is_empty) {
        request["auth"] = json!({ "type": "noauth" });
    }
    let body = scripts::body(one, row);
    if let Some(form) = body.as_str() {
        let kind = json!({ "key": "Content-Type", "value": scripts::media_type(&body) });
        request["header"] = [&headers[..], &[kind]].concat().into();
        request["body"] = json!({ "mode": "raw", "raw": form });
    } else if !body.is_null() {
        let options = json!({ "raw": { "language": "json" } });
        let raw = format!("{body:#}");
        request["body"] = json!({ "mode": "raw", "raw": raw, "options": options });
    }
    let mut events = vec![event("test", checks(whole, one, &row["also"]))];
    if let Some(lines) = scripts::before(whole, steps, id) {
        events.insert(0, event("prerequest", lines));
    }
    json!({ "name": one["summary"], "event": events, "request": request, "response": [] })
}

fn event(listen: &str, lines: Vec<String>) -> Value {
    json!({ "listen": listen, "script": { "type": "text/javascript", "exec": lines } })
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
fn checks(whole: &Value, one: &Value, also: &Value) -> Vec<String> {
    let responses = one["responses"].as_object().into_iter().flatten();
    let good: Vec<_> = responses.filter(|(status, _)| status.starts_with('2')).collect();
    let mut statuses: Vec<String> = good.iter().map(|(status, _)| (*status).clone()).collect();
    statuses.extend(also.as_array().into_iter().flatten().map(Value::to_string));
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
