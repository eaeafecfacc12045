//! What is made for outsiders from the API's document: the Rust client and the Postman collection.
//! Both are files of the checkout, held to the document by a test; nothing here is edited by hand
//! afterwards.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

pub mod postman;
pub mod rust;

/// A file that is made, by its place in the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where it stands.
    pub path: &'static str,
    /// What it says.
    pub text: String,
}

/// The document of the checkout.
///
/// # Errors
/// It cannot be read, or is not JSON.
pub fn document(root: &Path) -> Result<Value> {
    read(root, "contracts/native/openapi.json")
}

fn read(root: &Path, path: &str) -> Result<Value> {
    let path = root.join(path);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// The Rust client.
///
/// # Errors
/// As for [`document`].
pub fn rust_client(root: &Path) -> Result<Vec<Made>> {
    let document = document(root)?;
    Ok(vec![
        Made { path: "clients/rust/src/generated/shapes.rs", text: rust::shapes(&document) },
        Made { path: "clients/rust/src/generated/calls.rs", text: rust::calls(&document) },
    ])
}

/// The Postman collection.
///
/// # Errors
/// As for [`document`], of it and of `clients/steps.json`.
pub fn postman_collection(root: &Path) -> Result<Vec<Made>> {
    let (document, steps) = (document(root)?, read(root, "clients/steps.json")?);
    let text = format!("{:#}\n", postman::collection(&document, &steps));
    Ok(vec![Made { path: "contracts/native/postman.json", text }])
}

/// Writes what was made.
///
/// # Errors
/// A file cannot be written.
pub fn write(root: &Path, made: &[Made]) -> Result<()> {
    for one in made {
        let path = root.join(one.path);
        fs::write(&path, &one.text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Follows a `$ref` into the document.
pub(crate) fn resolved<'v>(whole: &'v Value, value: &'v Value) -> &'v Value {
    let place = value["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| whole.pointer(place)).unwrap_or(value)
}

/// The operations in the order of their paths: path, method, operation.
pub(crate) fn operations(whole: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = whole["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, one)| (path.as_str(), method.as_str(), one))
    });
    all.collect()
}
