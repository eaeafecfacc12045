//! The laws of the house that neither rustc nor clippy can see. Each finding says where, what and
//! why, so that nobody has to look the rule up. There are no exemptions to write into the code:
//! a law that needs one is changed here, in the open.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub mod arrows;
pub mod homes;
pub mod prose;
pub mod scan;
pub mod source;
pub mod sql;

/// One law. Its name stands in STYLE.md, which is itself checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A crate imports a crate of ours that the ladder does not give it.
    Arrow,
    /// An external crate in a crate of ours that has no right to it.
    Home,
    /// A line over [`source::COLUMNS_MAX`].
    LongLine,
    /// A function over [`source::FUNCTION_LINES_MAX`].
    LongFunction,
    /// A file over [`source::FILE_LINES_MAX`].
    LongFile,
    /// A word that leaves something open or silences a check.
    Word,
    /// A source file that does not open with `//!`.
    Opening,
    /// SQL that only one engine reads the same way, or that breaks when a table grows.
    SqlWord,
    /// SQL outside crates/store.
    SqlHome,
    /// A link in a document that leads nowhere.
    Link,
    /// A "how to add" list over [`prose::STEPS_MAX`].
    LongRecipe,
    /// A law that STYLE.md does not name.
    Unwritten,
}

impl Rule {
    /// Every law, in the order in which STYLE.md lists them.
    pub const ALL: [Self; 12] = [
        Self::Arrow,
        Self::Home,
        Self::LongLine,
        Self::LongFunction,
        Self::LongFile,
        Self::Word,
        Self::Opening,
        Self::SqlWord,
        Self::SqlHome,
        Self::Link,
        Self::LongRecipe,
        Self::Unwritten,
    ];

    /// The name by which STYLE.md and the findings call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrow => "arrow",
            Self::Home => "home",
            Self::LongLine => "long-line",
            Self::LongFunction => "long-function",
            Self::LongFile => "long-file",
            Self::Word => "word",
            Self::Opening => "opening",
            Self::SqlWord => "sql-word",
            Self::SqlHome => "sql-home",
            Self::Link => "link",
            Self::LongRecipe => "long-recipe",
            Self::Unwritten => "unwritten",
        }
    }

    /// Why the law stands, as one clause.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Arrow => "a crate is a right; an arrow that is not on the ladder gives it away",
            Self::Home => "each heavy dependency stands in the crate that has the right to it",
            Self::LongLine => "two files side by side must fit on one screen",
            Self::LongFunction => "a function is read as a whole, so it must fit on a screen",
            Self::LongFile => "a file is one thought; two thoughts are two files",
            Self::Word => "what is open belongs into an issue, and a check is met, not silenced",
            Self::Opening => "a reader asks first what the file is for and what it must never do",
            Self::SqlWord => "one SQL text must mean the same on SQLite and on PostgreSQL",
            Self::SqlHome => "only crates/store remembers; SQL elsewhere is a second door",
            Self::Link => "a document that leads nowhere is not believed for the rest",
            Self::LongRecipe => "a change that touches more than five places needs another design",
            Self::Unwritten => "a law that fails a build must be written where people read",
        }
    }
}

/// One place where a law is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, relative to the checkout.
    pub path: String,
    /// Line counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// The law.
    pub rule: Rule,
    /// What is wrong here and, where it is not plain, what to do.
    pub what: String,
}

impl Finding {
    /// A finding at `line` (counted from 1, 0 for the whole file) of `path`.
    #[must_use]
    pub fn new(path: &str, line: usize, rule: Rule, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, what } = self;
        match line {
            0 => write!(f, "{path}: {what} [{}: {}]", rule.name(), rule.reason()),
            line => write!(f, "{path}:{line}: {what} [{}: {}]", rule.name(), rule.reason()),
        }
    }
}

/// Folders that are not the house: what is built, what runs, what others wrote, what a generator
/// wrote and a test holds.
const FOLDERS_SKIPPED: [&str; 5] = [".git", "target", "redress-data", "node_modules", "generated"];

/// Reads the whole checkout at `root` and returns every finding, sorted by place.
///
/// # Errors
/// A file cannot be read, or a Cargo.toml is not TOML.
pub fn tidy(root: &Path) -> Result<Vec<Finding>> {
    let mut paths = Vec::new();
    walk(root, Path::new(""), &mut paths)?;
    paths.sort();
    let mut findings = Vec::new();
    let mut manifests = Vec::new();
    for path in &paths {
        let Some(kind) = Kind::of(path) else { continue };
        let text =
            fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"))?;
        match kind {
            Kind::Rust => findings.extend(source::rust(path, &text)),
            Kind::Script => findings.extend(source::script(path, &text)),
            Kind::Migration => findings.extend(sql::migration(path, &text)),
            Kind::Prose => findings.extend(prose::document(root, path, &text)),
            Kind::Manifest => manifests.push((path.clone(), text)),
        }
    }
    findings.extend(arrows::manifests(&manifests)?);
    findings.extend(prose::style(&fs::read_to_string(root.join("STYLE.md")).unwrap_or_default()));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Ok(findings)
}

enum Kind {
    Rust,
    Script,
    Migration,
    Prose,
    Manifest,
}

impl Kind {
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("rs") => Some(Self::Rust),
            Some("sh" | "py") => Some(Self::Script),
            Some("sql") if path.starts_with("migrations/") => Some(Self::Migration),
            Some("md") => Some(Self::Prose),
            _ if name == "Cargo.toml" => Some(Self::Manifest),
            _ if path == "test" || path == ".ci/run" => Some(Self::Script),
            _ => None,
        }
    }
}

fn walk(root: &Path, under: &Path, paths: &mut Vec<String>) -> Result<()> {
    let folder: PathBuf = root.join(under);
    let entries = fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let path = under.join(&name);
        if entry.file_type()?.is_dir() {
            if !FOLDERS_SKIPPED.iter().any(|skipped| name == *skipped) {
                walk(root, &path, paths)?;
            }
        } else if let Some(path) = path.to_str() {
            paths.push(path.to_owned());
        }
    }
    Ok(())
}
