//! The laws about SQL: where it may stand and which words it may use. It reads string literals and
//! migrations; whether a statement is right, the store's own tests ask both engines.

use super::scan::Literal;
use super::source::has_word;
use super::{Finding, Rule};

/// Words with which a literal in crates/store is taken for SQL.
const OPENINGS: [&str; 10] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP", "REPLACE", "EXPLAIN",
];

/// Files of crates/store that speak to one engine alone, in its own words.
const ONE_ENGINE: [&str; 5] = [
    "crates/store/src/engine/sqlite",
    "crates/store/src/engine/postgres",
    "crates/store/src/bulk_postgres",
    "crates/store/src/migrate",
    "crates/store/tests/",
];

/// Words no SQL may have, each with what to do instead.
const WORDS: [(&str, &str); 5] = [
    ("SELECT *", "name the columns: a new one must not shift the others"),
    ("RETURNING *", "name the columns: a new one must not shift the others"),
    ("ILIKE", "SQLite does not know it; compare lowered text"),
    ("AUTOINCREMENT", "ids come from above, from clock and dice"),
    ("CURRENT_TIMESTAMP", "time is an argument"),
];

/// Types no migration may have: only INTEGER, TEXT and BLOB are rewritten for PostgreSQL.
const TYPES: [&str; 12] = [
    "BIGINT",
    "BYTEA",
    "SERIAL",
    "BIGSERIAL",
    "VARCHAR",
    "BOOLEAN",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "JSONB",
    "DATETIME",
    "REAL",
    "NUMERIC",
];

/// Checks the string literals of the Rust file at `path`.
#[must_use]
pub fn literals(path: &str, literals: &[Literal]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for literal in literals {
        if !has_right(path) && is_statement(&literal.text) {
            let what = "SQL here: ask crates/desk, which asks crates/store";
            findings.push(Finding::new(path, literal.line, Rule::SqlHome, what));
        } else if speaks_for_both(path) && opens_as_sql(&literal.text) {
            findings.extend(text(path, literal.line, &literal.text, true));
        }
    }
    findings
}

/// Checks a file of migrations/. One whose name ends in `.sqlite.sql` or `.postgres.sql` is for one
/// engine and may use its words.
#[must_use]
pub fn migration(path: &str, sql: &str) -> Vec<Finding> {
    if path.ends_with(".sqlite.sql") || path.ends_with(".postgres.sql") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(sql.lines()) {
        let line = line.split("--").next().unwrap_or_default();
        findings.extend(text(path, number, line, false));
        for kind in TYPES {
            if has_word(line, kind) {
                let what = format!("`{kind}`: columns are INTEGER, TEXT or BLOB");
                findings.push(Finding::new(path, number, Rule::SqlWord, what));
            }
        }
    }
    findings
}

/// Tests and the harness look behind the store's back on purpose, to damage what it wrote; who
/// measures, to find what was acknowledged without asking the program that is measured.
fn has_right(path: &str) -> bool {
    let crates = ["crates/store/", "crates/teststand/", "crates/measure/", "crates/xtask/"];
    crates.iter().any(|home| path.starts_with(home)) || is_test(path)
}

fn speaks_for_both(path: &str) -> bool {
    path.starts_with("crates/store/")
        && !ONE_ENGINE.iter().any(|file| path.starts_with(file))
        && !is_test(path)
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn opens_as_sql(literal: &str) -> bool {
    let first = literal.split_whitespace().find(|word| *word != "\\");
    first.is_some_and(|first| OPENINGS.contains(&first))
}

/// A whole statement: prose that merely begins with such a word is not one.
fn is_statement(literal: &str) -> bool {
    let flat = flat(literal);
    let both = |first: &str, then: &str| flat.starts_with(first) && flat.contains(then);
    both("SELECT ", " FROM ")
        || both("UPDATE ", " SET ")
        || flat.starts_with("INSERT INTO ")
        || flat.starts_with("DELETE FROM ")
        || flat.starts_with("CREATE TABLE ")
}

fn flat(sql: &str) -> String {
    let words: Vec<&str> = sql.split_whitespace().filter(|word| *word != "\\").collect();
    words.join(" ")
}

fn text(path: &str, line: usize, sql: &str, places: bool) -> Vec<Finding> {
    let bare = without_quoted(&flat(sql));
    let mut findings = Vec::new();
    let mut say = |what: String| findings.push(Finding::new(path, line, Rule::SqlWord, what));
    let upper = bare.to_uppercase();
    for (word, instead) in WORDS {
        if has_word(&upper, word) {
            say(format!("`{word}`: {instead}"));
        }
    }
    if has_word(&upper, "NOW(") {
        say("`now()`: time is an argument".to_owned());
    }
    if bare.contains("::") {
        say("`::`: SQLite does not know it; the engine gives values their types".to_owned());
    }
    let next = bare.char_indices().filter(|(_, c)| *c == '?').map(|(at, _)| &bare[at + 1..]);
    if places && next.into_iter().any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())) {
        say("`?` without a number: SQLite then counts by itself; write ?1".to_owned());
    }
    findings
}

/// The SQL without what stands between single quotes.
fn without_quoted(sql: &str) -> String {
    sql.split('\'').step_by(2).collect::<Vec<_>>().join("''")
}
