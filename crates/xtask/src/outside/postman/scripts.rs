//! The script before a request: makes what the request needs, by the steps of `clients/steps.json`.
//! It must never do anything unless the variable `prepare` says yes, and an operation or a step
//! that nobody knows must stop the making, not be left out.

use serde_json::{Value, json};

use super::operations;

/// Carries the steps out, one after the other; what follows the list is the same in each script.
const WALK: &str = r#"const at = (value, place) =>
  place.split(".").reduce((inner, name) => (inner ?? {})[name], value);
const ask = (n, tries) => {
  if (n === steps.length) return;
  const step = steps[n];
  const filled = (text) => pm.variables.replaceIn(text);
  for (const [name, value] of Object.entries(step.let)) {
    pm.collectionVariables.set(name, filled(value));
  }
  const header = {
    Authorization: "Bearer " + filled("{{" + step.as + "}}"),
    "Content-Type": step.type,
  };
  const asked = { url: filled("{{baseUrl}}" + step.path), method: step.method, header };
  const text = typeof step.body === "string" ? step.body : JSON.stringify(step.body);
  if (step.body) asked.body = { mode: "raw", raw: filled(text) };
  pm.sendRequest(asked, (error, response) => {
    const good = !error && response.code >= 200 && response.code < 300;
    const answer = good ? response.json() : {};
    const there = Object.entries(step.until).every(([place, is]) => at(answer, place) === is);
    if (good && !there && tries < 150) {
      setTimeout(() => ask(n, tries + 1), 200);
      return;
    }
    pm.test("prepared by " + step.operation, () => {
      pm.expect(good && there, error ?? response.text()).to.be.true;
    });
    for (const [name, place] of Object.entries(step.keep)) {
      pm.collectionVariables.set(name, at(answer, place));
    }
    if (good && there) ask(n + 1, 0);
  });
};
if (pm.variables.get("prepare") === "yes") ask(0, 0);"#;

/// The variable for a name in a path.
pub(super) fn name<'n>(steps: &'n Value, parameter: &'n str) -> &'n str {
    steps["names"][parameter].as_str().unwrap_or(parameter)
}

/// A path with variables for its names.
pub(super) fn target(steps: &Value, path: &str) -> String {
    let part = |part: &str| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(parameter) => format!("{{{{{}}}}}", name(steps, parameter)),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What is sent: as the row says, else the document's example. A form is a text.
pub(super) fn body(one: &Value, row: &Value) -> Value {
    let (said, content) = (&row["body"], &one["requestBody"]["content"]);
    if !said.is_null() {
        return said.clone();
    }
    match &content["multipart/form-data"] {
        Value::Null => content["application/json"]["example"].clone(),
        form => form["example"].clone(),
    }
}

/// The type of what is sent. The boundary is the one of the examples.
pub(super) fn media_type(body: &Value) -> &'static str {
    if body.is_string() { "multipart/form-data; boundary=XX" } else { "application/json" }
}

/// Lines of the script, where the operation needs something.
pub(super) fn before(whole: &Value, steps: &Value, id: &str) -> Option<Vec<String>> {
    let wanted = steps["operations"][id]["before"].as_array()?;
    let all = wanted.iter().flat_map(|name| {
        let name = name.as_str().unwrap_or("");
        let steps = steps["steps"][name].as_array();
        steps.unwrap_or_else(|| panic!("clients/steps.json has no steps `{name}`"))
    });
    let list: Vec<Value> = all.map(|step| spelled(whole, steps, step)).collect();
    let text = format!("const steps = {:#};\n{WALK}", Value::from(list));
    Some(text.lines().map(str::to_owned).collect())
}

/// A step with method, path and all that may be left out.
fn spelled(whole: &Value, steps: &Value, step: &Value) -> Value {
    let id = step["operation"].as_str().unwrap_or("");
    let found = operations(whole).into_iter().find(|(_, _, one)| one["operationId"] == id);
    let (path, method, one) =
        found.unwrap_or_else(|| panic!("clients/steps.json asks `{id}`, which nobody knows"));
    let or_none = |value: &Value| if value.is_null() { json!({}) } else { value.clone() };
    let body = body(one, step);
    json!({
        "operation": id,
        "type": media_type(&body),
        "method": method.to_uppercase(),
        "path": target(steps, path),
        "as": step["as"].as_str().unwrap_or("token"),
        "body": body,
        "let": or_none(&step["let"]),
        "keep": or_none(&step["keep"]),
        "until": or_none(&step["until"]),
    })
}
