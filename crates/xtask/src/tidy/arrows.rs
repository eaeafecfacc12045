//! The ladder of crates: which may import which. The table here is the law; ARCHITECTURE.md tells
//! it in words. It reads manifests only, because what is not in a manifest does not compile.

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::{Finding, Rule, homes};

/// One crate of ours.
#[derive(Debug)]
pub struct Rung {
    /// Name of the crate and of its folder.
    pub name: &'static str,
    /// The right that justifies it.
    pub right: &'static str,
    /// The crates of ours it may import.
    pub imports: &'static [&'static str],
    /// Whether it is part of what users run. What is not shipped may be a dev-dependency only.
    pub shipped: bool,
}

const fn rung(name: &'static str, right: &'static str, imports: &'static [&'static str]) -> Rung {
    Rung { name, right, imports, shipped: true }
}

const fn scaffold(
    name: &'static str,
    right: &'static str,
    imports: &'static [&'static str],
) -> Rung {
    Rung { name, right, imports, shipped: false }
}

/// The ladder, from the bottom.
pub const LADDER: [Rung; 12] = [
    rung("domain", "may think", &[]),
    rung("vault", "may keep secrets", &["domain"]),
    rung("store", "may remember", &["domain"]),
    rung("evidence", "may keep files", &["domain", "vault"]),
    rung("desk", "may act", &["domain", "vault", "store", "evidence"]),
    rung("courier", "may call out", &["domain", "desk", "vault"]),
    rung("dialects", "may listen", &["domain", "desk", "vault", "evidence"]),
    rung("importers", "may read files", &["domain"]),
    rung(
        "redress",
        "may be started",
        &["domain", "vault", "store", "evidence", "desk", "importers", "courier", "dialects"],
    ),
    scaffold(
        "teststand",
        "may pretend, in tests",
        &["domain", "vault", "store", "evidence", "desk", "courier", "dialects"],
    ),
    scaffold("measure", "may measure", &["domain", "vault", "store", "desk", "dialects"]),
    scaffold("xtask", "is for us", &[]),
];

/// The rung called `name`.
#[must_use]
pub fn rung_of(name: &str) -> Option<&'static Rung> {
    LADDER.iter().find(|rung| rung.name == name)
}

/// Checks all manifests, each given by its path in the checkout and its text.
///
/// # Errors
/// One of them is not TOML.
pub fn manifests(files: &[(String, String)]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut tables: Vec<(&str, Table)> = Vec::new();
    for (path, text) in files {
        tables.push((path, text.parse().with_context(|| format!("parsing {path}"))?));
    }
    let shared = tables.iter().find(|(path, _)| *path == "Cargo.toml").map(|(_, table)| table);
    let shared = shared.and_then(|root| root.get("workspace")?.get("dependencies")?.as_table());
    // What stands in clients/ is for others to take with them, and on no rung; what is in fuzz/ is
    // built apart, and nothing can import it.
    let apart = |path: &str| path.starts_with("clients/") || path.starts_with("fuzz/");
    for (path, table) in tables.iter().filter(|(path, _)| !apart(path)) {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
        let Some(name) = table.get("package").and_then(|package| package.get("name")?.as_str())
        else {
            continue;
        };
        if folder != format!("crates/{name}") {
            let what = format!("crate `{name}` does not stand in crates/{name}");
            findings.push(Finding::new(path, 0, Rule::Arrow, what));
        }
        match rung_of(name) {
            Some(rung) => findings.extend(one(path, rung, table, shared)),
            None => {
                let what = format!("crate `{name}` has no rung in tidy/arrows.rs: name its right");
                findings.push(Finding::new(path, 0, Rule::Arrow, what));
            }
        }
    }
    Ok(findings)
}

fn one(path: &str, rung: &Rung, manifest: &Table, shared: Option<&Table>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (dependency, dev) in dependencies(manifest, shared) {
        let Some(other) = rung_of(&dependency) else {
            if !dev && let Some(what) = homes::complaint(rung, &dependency) {
                findings.push(Finding::new(path, 0, Rule::Home, what));
            }
            continue;
        };
        let what = match (dev, other.shipped) {
            (true, _) => continue,
            (false, true) if rung.imports.contains(&other.name) => continue,
            (false, true) => {
                format!("`{}` {} and must not import `{}`", rung.name, rung.right, other.name)
            }
            (false, false) => format!("`{}` is for tests: [dev-dependencies] only", other.name),
        };
        findings.push(Finding::new(path, 0, Rule::Arrow, what));
    }
    findings
}

/// The dependencies of a manifest by the names of their packages, and whether for tests only.
fn dependencies(manifest: &Table, shared: Option<&Table>) -> Vec<(String, bool)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(|table| table.values().filter_map(Value::as_table));
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(targets) {
        let sections =
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)];
        for (section, dev) in sections {
            let Some(section) = table.get(section).and_then(Value::as_table) else { continue };
            found.extend(section.iter().map(|(key, value)| (package(key, value, shared), dev)));
        }
    }
    found
}

/// A dependency may be renamed, here or in the workspace; the package counts.
fn package(key: &str, value: &Value, shared: Option<&Table>) -> String {
    let renamed = |value: &Value| value.get("package").and_then(Value::as_str).map(str::to_owned);
    let inherited = || shared.and_then(|table| table.get(key)).and_then(renamed);
    renamed(value).or_else(inherited).unwrap_or_else(|| key.to_owned())
}
