//! `migrations/columns.toml` against the real schema of both engines, in both directions: who may
//! see a column and how long it is kept is said for every one.

use std::collections::BTreeSet;

use store::engine::{Db, EngineKind};
use store::migrate::MIGRATIONS;
use teststand::engines::{BOTH, fresh};
use teststand::world::BEGINNING;

const PAGE: &str = include_str!("../../../migrations/columns.toml");

const SQLITE: &str = "SELECT m.name, p.name FROM sqlite_schema m
 JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";

const POSTGRES: &str = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)
 FROM information_schema.columns WHERE table_schema = current_schema()";

const SEEN_BY: [&str; 4] = ["staff", "owner", "auditor", "nobody"];

const KEPT: [&str; 8] = [
    "with-tenant",
    "with-payment",
    "with-case",
    "forever",
    "until-expiry",
    "days",
    "one-window",
    "minutes",
];

/// Table and column of every line, after its words are found to be known.
fn on_page() -> BTreeSet<(String, String)> {
    let mut table = String::new();
    let mut found = BTreeSet::new();
    for line in PAGE.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut table);
            continue;
        }
        let (column, rest) = line.split_once(" = ").expect("a column and what is said of it");
        let word = |name: &str| {
            let (_, rest) = rest.split_once(&format!("{name} = ")).expect(name);
            rest.trim_start_matches('"').split(['"', ',', ' ']).next().expect(name).to_owned()
        };
        assert!(SEEN_BY.contains(&word("seen_by").as_str()), "{table}.{column}");
        assert!(KEPT.contains(&word("kept").as_str()), "{table}.{column}");
        assert!(["true", "false"].contains(&word("personal").as_str()), "{table}.{column}");
        assert!(found.insert((table.clone(), column.to_owned())), "{table}.{column} stands twice");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_says_who_sees_it_and_how_long_it_is_kept() {
    let page = on_page();
    for kind in BOTH {
        let dir = tempfile::tempdir().expect("a directory");
        let db = Db::open(&fresh(kind, dir.path()).await).await.expect("it opens");
        db.migrate(MIGRATIONS, BEGINNING).await.expect("the schema is built");
        let sql = match kind {
            EngineKind::Sqlite => SQLITE,
            EngineKind::Postgres => POSTGRES,
        };
        let rows = db.rows(sql, vec![]).await.expect("the schema reads");
        let real: BTreeSet<(String, String)> = rows
            .iter()
            .map(|row| (row.text(0).expect("a table"), row.text(1).expect("a column")))
            .map(|(table, column)| (table.to_owned(), column.to_owned()))
            .filter(|(table, _)| !table.starts_with("schema_"))
            // One engine's own: the comment at `search_docs` says what stands in them.
            .filter(|(table, _)| !table.starts_with("search_words"))
            .filter(|place| *place != ("search_docs".to_owned(), "tokens".to_owned()))
            .collect();
        let unsaid: Vec<_> = real.difference(&page).collect();
        let gone: Vec<_> = page.difference(&real).collect();
        assert!(unsaid.is_empty() && gone.is_empty(), "{kind:?}: {unsaid:?} and {gone:?}");
    }
}
