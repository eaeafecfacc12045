//! Query strings, read strictly: a name nobody knows, or one that comes twice, is refused by name.
//! A filter that is misspelt must never be a list of everything. Which names are known is asked
//! once, of the document, before any handler; `fields` was taken out of the query before that.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::MatchedPath;
use http::request::Parts;
use http::{Method, Uri};
use serde_json::Value;

use super::document;
use super::problem::Problem;

/// The names that each operation takes in its query, by the document.
static KNOWN: LazyLock<HashMap<(String, &'static str), Vec<&'static str>>> = LazyLock::new(|| {
    let whole = document::tree();
    let mut known = HashMap::new();
    for route in super::all_routes() {
        let path = &whole["paths"][route.path];
        let own = &path[route.method.to_ascii_lowercase()]["parameters"];
        let lists = [&path["parameters"], own].into_iter().filter_map(Value::as_array);
        let parameters = lists.flatten().map(|one| document::resolved(whole, one));
        let names = parameters.filter(|one| one["in"] == "query");
        let names = names.filter_map(|one| one["name"].as_str()).collect();
        known.insert((route.method.to_owned(), route.path), names);
    }
    known
});

/// Refuses a query with a name that its route does not know. Whoever takes a caller's word has been
/// here; handlers say more of each value.
pub(super) fn only_known(parts: &Parts) -> Result<(), Problem> {
    let Some(query) = parts.uri.query() else { return Ok(()) };
    let Some(path) = parts.extensions.get::<MatchedPath>() else { return Ok(()) };
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    let Some(known) = KNOWN.get(&(method.as_str().to_owned(), path.as_str())) else {
        return Ok(());
    };
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if !known.iter().any(|one| *one == name) {
            return Err(Problem::field(name.into_owned(), unknown(known)));
        }
    }
    Ok(())
}

fn unknown(known: &[&str]) -> String {
    if known.is_empty() {
        return "it is unknown here; nothing is taken in the query".to_owned();
    }
    format!("it is unknown here; known are {}", known.join(", "))
}

/// The values of `names`, in their order. Other names were refused by [`only_known`].
pub(super) fn read<const N: usize>(
    uri: &Uri,
    names: [&str; N],
) -> Result<[Option<String>; N], Problem> {
    let mut values = [const { None }; N];
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()) {
        let Some(place) = names.iter().position(|known| *known == name) else {
            continue; // the document knows it, or nobody came here
        };
        // What is no UTF-8 was read as this character; it would be looked for, and never found.
        if value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Problem::field(
                names[place],
                "it is no UTF-8 (or has the character U+FFFD)",
            ));
        }
        if values[place].replace(value.into_owned()).is_some() {
            return Err(Problem::field(names[place], "it comes twice"));
        }
    }
    Ok(values)
}
