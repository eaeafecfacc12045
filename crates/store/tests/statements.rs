//! Every statement of this crate is compiled by both engines, found in the source itself: a new
//! one cannot be forgotten here, and one that only SQLite understands does not last a day. Those of
//! one engine's own files are compiled by the engine they are for.

use std::path::{Path, PathBuf};

use store::engine::{Db, EngineKind, Value};
use store::migrate::MIGRATIONS;
use teststand::engines::{BOTH, fresh};
use teststand::world::BEGINNING;

/// Statements this crate had when the test was written: finding far fewer means not finding them.
const STATEMENTS_MIN: usize = 50;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the source is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The text between the quotes of the literals in `source`, with `name!()` as it stands.
fn joined(source: &str, macros: &[(String, String)]) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let named = macros.iter().find(|(name, _)| rest.starts_with(&format!("{name}!()")));
        if first == '"' {
            let end = rest[1..].find('"').expect("a literal ends") + 1;
            text.push_str(&rest[1..end]);
            rest = &rest[end + 1..];
        } else if let Some((name, body)) = named {
            text.push_str(body);
            rest = &rest[name.len() + 3..];
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    text
}

/// The macros of a file that stand for a piece of text; each name ends in `columns`.
fn column_macros(source: &str) -> Vec<(String, String)> {
    source
        .split("macro_rules! ")
        .skip(1)
        .filter_map(|piece| {
            let (name, body) = piece.split_once(" {")?;
            let body = body.split("};").next()?;
            name.ends_with("columns").then(|| (name.to_owned(), joined(body, &[])))
        })
        .collect()
}

/// Name and text of every statement below `store/src`.
fn statements() -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut found = Vec::new();
    let macros: Vec<(String, String)> = files
        .iter()
        .flat_map(|file| column_macros(&std::fs::read_to_string(file).expect("a source reads")))
        .collect();
    for file in files {
        let in_engine = file.components().any(|part| part.as_os_str() == "engine");
        if in_engine || file.ends_with("migrate.rs") || file.ends_with("engine.rs") {
            continue;
        }
        let source = std::fs::read_to_string(&file).expect("a source reads");
        let source = source
            .replace("\npub(super) const ", "\nconst ")
            .replace("\npub(crate) const ", "\nconst ");
        for piece in source.split("\nconst ").skip(1) {
            let Some((name, rest)) = piece.split_once(": &str =") else { continue };
            let mut end = rest.len();
            let mut quoted = false;
            for (place, letter) in rest.char_indices() {
                quoted ^= letter == '"';
                if letter == ';' && !quoted {
                    end = place;
                    break;
                }
            }
            let text = joined(&rest[..end], &macros);
            let verb = text.split_whitespace().next().unwrap_or_default();
            if ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&verb) {
                found.push((format!("{}: {name}", file.display()), text));
            }
        }
    }
    found
}

fn places(text: &str) -> usize {
    let numbers = text.split('?').skip(1).map(|after| {
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().unwrap_or_else(|_| panic!("a place without a number: {text}"))
    });
    numbers.max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_compiles_on_both_engines() {
    let all = statements();
    assert!(all.len() >= STATEMENTS_MIN, "only {} were found", all.len());
    for kind in BOTH {
        let dir = tempfile::tempdir().expect("a directory");
        let db = Db::open(&fresh(kind, dir.path()).await).await.expect("it opens");
        db.migrate(MIGRATIONS, BEGINNING).await.expect("the schema is built");
        let others: &[&str] = match kind {
            EngineKind::Sqlite => &["/postgres.rs", "bulk_postgres.rs"],
            EngineKind::Postgres => &["search/sqlite.rs"],
        };
        let ours = |name: &str| !others.iter().any(|other| name.contains(other));
        for (name, text) in all.iter().filter(|(name, _)| ours(name)) {
            let sql: &'static str = Box::leak(format!("EXPLAIN {text}").into_boxed_str());
            let values = vec![Value::Null; places(text)];
            let explained = db.rows(sql, values).await;
            let why = explained.err().map(|fault| fault.chain());
            assert_eq!(why, None, "{name} on {kind:?}");
        }
    }
}
