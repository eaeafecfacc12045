//! The bans of deny.toml, held without cargo-deny: the resolved dependency tree of this machine is
//! read once and compared. It judges what is compiled in, not what merely stands in Cargo.lock.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

/// A crate, or one feature of it, that must not be compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Name of the crate.
    pub package: String,
    /// The feature that is banned; the whole crate when absent.
    pub feature: Option<String>,
    /// Why, as deny.toml says it.
    pub reason: String,
}

/// Compares the dependency tree of the checkout at `root` with its deny.toml.
///
/// # Errors
/// deny.toml cannot be read, or cargo cannot resolve the tree.
pub fn bans(root: &Path) -> Result<Vec<String>> {
    let listed = listed(&fs::read_to_string(root.join("deny.toml")).context("reading deny.toml")?)?;
    if listed.is_empty() {
        bail!("deny.toml bans nothing: the table [bans] was lost");
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .current_dir(root)
        .args(["tree", "--workspace", "--locked", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p} {f}"])
        .output()
        .context("starting cargo tree")?;
    if !out.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(found(&listed, &String::from_utf8_lossy(&out.stdout)))
}

/// The bans in the text of a deny.toml.
///
/// # Errors
/// The text is not TOML.
pub fn listed(text: &str) -> Result<Vec<Ban>> {
    let table: Table = text.parse().context("parsing deny.toml")?;
    let bans = table.get("bans");
    let mut listed = Vec::new();
    for entry in entries(bans, "deny") {
        let Some(package) = word(entry, "crate") else { continue };
        listed.push(Ban { package, feature: None, reason: reason(entry) });
    }
    for entry in entries(bans, "features") {
        let Some(package) = word(entry, "crate") else { continue };
        for feature in entries(Some(entry), "deny").iter().filter_map(Value::as_str) {
            let feature = Some(feature.to_owned());
            listed.push(Ban { package: package.clone(), feature, reason: reason(entry) });
        }
    }
    Ok(listed)
}

/// What of `listed` stands in `tree`, the output of `cargo tree --prefix none --format "{p} {f}"`.
#[must_use]
pub fn found(listed: &[Ban], tree: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(package), Some(version)) = (words.next(), words.next()) else { continue };
        let features: Vec<&str> = words.flat_map(|word| word.split(',')).collect();
        for ban in listed.iter().filter(|ban| ban.package == package) {
            let finding = match ban.feature.as_deref() {
                None => format!("{package} {version} is compiled in: {}", ban.reason),
                Some(feature) if features.contains(&feature) => {
                    format!("{package} {version} has the feature {feature}: {}", ban.reason)
                }
                Some(_) => continue,
            };
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn entries<'a>(value: Option<&'a Value>, key: &str) -> &'a [Value] {
    value.and_then(|value| value.get(key)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn word(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn reason(entry: &Value) -> String {
    word(entry, "reason").unwrap_or_else(|| "banned by deny.toml".to_owned())
}
