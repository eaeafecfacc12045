//! The checkout is tidy, and tidy itself finds what it should: each law is shown one small bad
//! sample and the nearest good one. The samples never stand in files of their own, or tidy would
//! find them.

use std::path::Path;

use xtask::tidy::{self, Finding, Rule, arrows, prose, scan, source, sql};

fn checkout() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn the_house_is_tidy() {
    let findings = tidy::tidy(checkout()).expect("the checkout can be read");
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} to mend:\n{}", list.len(), list.join("\n"));
}

/// The findings as `line rule`, to compare with what a sample expects.
fn brief(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{} {}", f.line, f.rule.name())).collect()
}

fn rust(body: &str) -> Vec<String> {
    brief(&source::rust("crates/desk/src/sample.rs", &format!("//! A sample.\n{body}")))
}

#[test]
fn words_in_code_are_found_and_words_in_text_are_not() {
    let todo = "TODO";
    let cases = [
        ("fn f() { todo!() }", vec!["2 word"]),
        ("fn f() { unimplemented!(\"x\") }", vec!["2 word"]),
        ("fn f() {\n    dbg!(1);\n}", vec!["3 word"]),
        ("#[ignore]\nfn f() {}", vec!["2 word"]),
        ("#[ignore = \"slow\"]\nfn f() {}", vec!["2 word"]),
        ("#[allow(dead_code)]\nfn f() {}", vec!["2 word"]),
        ("#[cfg_attr(test, allow(dead_code))]\nfn f() {}", vec!["2 word"]),
        ("#[expect(dead_code, reason = \"shown\")]\nfn f() {}", vec![]),
        ("fn f() -> &'static str { \"todo!\" }", vec![]),
        ("fn f() -> &'static str { r#\"say \"dbg!\" \"# }", vec![]),
        ("// one may write todo! in a comment\nfn f() {}", vec![]),
        ("fn f(guard: Guard) { guard.allow(1); my_dbg!(1); }", vec![]),
    ];
    for (body, expected) in cases {
        assert_eq!(rust(body), expected, "{body}");
    }
    assert_eq!(rust(&format!("// {todo}: later\n")), ["2 word"]);
    assert_eq!(rust(&format!("/* a\n {todo} */\n")), ["3 word"]);
    assert_eq!(rust(&format!("fn f() -> &'static str {{ \"{todo}\" }}")), Vec::<String>::new());
}

#[test]
fn sizes_have_limits() {
    let long = |lines: usize| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2));
    assert_eq!(rust(&long(source::FUNCTION_LINES_MAX)), Vec::<String>::new());
    assert_eq!(rust(&long(source::FUNCTION_LINES_MAX + 1)), ["2 long-function"]);
    assert_eq!(rust(&format!("// {}", "x".repeat(97))), Vec::<String>::new());
    assert_eq!(rust(&format!("// {}", "x".repeat(98))), ["2 long-line"]);
    assert_eq!(rust(&format!("// {}", "\u{e9}".repeat(97))), Vec::<String>::new());
    assert_eq!(rust(&"\n".repeat(source::FILE_LINES_MAX - 1)), Vec::<String>::new());
    assert_eq!(rust(&"\n".repeat(source::FILE_LINES_MAX)), ["0 long-file"]);
    assert_eq!(brief(&source::script("test", &"y".repeat(101))), ["1 long-line"]);
}

#[test]
fn a_file_opens_by_saying_what_it_is_for() {
    let open = |text: &str| brief(&source::rust("crates/desk/src/sample.rs", text));
    assert_eq!(open("use std::fmt;\n"), ["1 opening"]);
    assert_eq!(open("// not this\nuse std::fmt;\n"), ["1 opening"]);
    assert_eq!(open(""), ["1 opening"]);
    assert_eq!(open("//! This.\nuse std::fmt;\n"), Vec::<String>::new());
}

#[test]
fn functions_are_measured_through_strings_and_braces() {
    let cases = [
        ("fn a() {}", vec![("a", 1, 1)]),
        ("fn a() {\n  \"}\";\n  '}';\n  b'\\'';\n}\n", vec![("a", 1, 5)]),
        ("trait T { fn a(&self);\n fn b(&self) {\n }\n}", vec![("b", 2, 2)]),
        ("type F = fn(u8) -> u8;\nconst fn c() -> [u8; 2] {\n [0; 2]\n}", vec![("c", 2, 3)]),
        ("fn a<'a>(x: &'a str) -> &'a str {\n  x // }\n}", vec![("a", 1, 3)]),
        ("fn a() {\n  fn b() {\n  }\n}", vec![("a", 1, 4), ("b", 2, 2)]),
        ("fn a() {\n  call(|| {\n  });\n  /* } /* } */ } */\n}", vec![("a", 1, 5)]),
        ("fn r#a() { br#\"\n}\"#; }", vec![("r", 1, 2)]),
    ];
    for (text, expected) in cases {
        let found = scan::functions(&scan::scan(text).code);
        let found: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn sql_stands_in_the_store_and_is_the_same_for_both_engines() {
    let literal = |text: &str| [scan::Literal { line: 7, text: text.to_owned() }];
    let at = |path: &str, text: &str| brief(&sql::literals(path, &literal(text)));
    let cases = [
        ("SELECT id FROM cases WHERE id = ?1", vec![]),
        ("SELECT * FROM cases WHERE id = ?1", vec!["7 sql-word"]),
        ("SELECT\n  id FROM cases WHERE id = ?", vec!["7 sql-word"]),
        ("SELECT id FROM cases WHERE id IN (?, ?2)", vec!["7 sql-word"]),
        ("SELECT id FROM cases WHERE note = 'why?'", vec![]),
        ("SELECT id FROM cases WHERE note ilike ?1", vec!["7 sql-word"]),
        ("INSERT INTO cases (at) VALUES (now())", vec!["7 sql-word"]),
        ("INSERT INTO cases (at) VALUES (?1::bigint)", vec!["7 sql-word"]),
        ("UPDATE cases SET a = ?1 RETURNING *", vec!["7 sql-word"]),
        ("SELECT count(*) FROM cases", vec![]),
        ("SELECT known_now FROM cases", vec![]),
        ("Why not? Because the case was moved.", vec![]),
    ];
    for (text, expected) in cases {
        assert_eq!(at("crates/store/src/read/cases.rs", text), expected, "{text}");
    }
    let one_engine = "crates/store/src/engine/postgres.rs";
    assert_eq!(at(one_engine, "SELECT oid::text FROM pg_class"), Vec::<String>::new());
    for elsewhere in ["crates/desk/src/views.rs", "crates/redress/src/main.rs"] {
        assert_eq!(at(elsewhere, "SELECT id FROM cases"), ["7 sql-home"]);
        assert_eq!(at(elsewhere, "DELETE FROM cases"), ["7 sql-home"]);
        assert_eq!(at(elsewhere, "SELECT a file to read"), Vec::<String>::new());
    }
    assert_eq!(at("crates/redress/tests/audit.rs", "DELETE FROM notes"), Vec::<String>::new());
}

#[test]
fn migrations_use_three_types() {
    let at = |path: &str, text: &str| brief(&sql::migration(path, text));
    let good = "CREATE TABLE a (\n  id TEXT NOT NULL, -- why? now() is not asked\n  n INTEGER\n);";
    assert_eq!(at("migrations/0001_a.sql", good), Vec::<String>::new());
    let bad = "CREATE TABLE a (\n  id BIGINT,\n  at INTEGER DEFAULT (now())\n);";
    assert_eq!(at("migrations/0001_a.sql", bad), ["2 sql-word", "3 sql-word"]);
    assert_eq!(at("migrations/0002_find.postgres.sql", bad), Vec::<String>::new());
}

fn arrow(name: &str, sections: &str) -> Vec<String> {
    let root = "[workspace.dependencies]\nsql = { package = \"rusqlite\", version = \"0.41\" }\n";
    let manifest = format!("[package]\nname = \"{name}\"\n{sections}");
    let files = [
        ("Cargo.toml".to_owned(), root.to_owned()),
        (format!("crates/{name}/Cargo.toml"), manifest),
    ];
    let findings = arrows::manifests(&files).expect("the samples are TOML");
    findings.iter().map(|f| f.rule.name().to_owned()).collect()
}

#[test]
fn arrows_and_homes_are_as_the_ladder_says() {
    let cases: [(&str, &str, &[&str]); 13] = [
        ("desk", "[dependencies]\nstore.workspace = true\ndomain = { path = \"../domain\" }", &[]),
        ("dialects", "[dependencies]\nstore.workspace = true", &["arrow"]),
        ("domain", "[dependencies]\ntokio = \"1\"", &["home"]),
        ("domain", "[dependencies]\nsha2 = \"0.11\"", &[]),
        ("desk", "[dependencies]\nserde = \"1\"", &["home"]),
        ("desk", "[dependencies]\nsql.workspace = true", &["home"]),
        ("store", "[dependencies]\nsql.workspace = true", &[]),
        ("desk", "[target.'cfg(unix)'.dependencies]\naxum = \"0.8\"", &["home"]),
        ("desk", "[build-dependencies]\nlettre = \"0.11\"", &["home"]),
        ("desk", "[dev-dependencies]\nteststand.workspace = true\naxum = \"0.8\"", &[]),
        ("redress", "[dependencies]\nteststand.workspace = true", &["arrow"]),
        ("redress", "[dependencies]\nleft-pad = \"1\"", &["home"]),
        ("cupboard", "", &["arrow"]),
    ];
    for (name, sections, expected) in cases {
        assert_eq!(arrow(name, sections), expected, "{name}: {sections}");
    }
}

#[test]
fn the_ladder_is_a_ladder_and_every_rung_exists() {
    let mut below: Vec<&str> = Vec::new();
    for rung in &arrows::LADDER {
        for import in rung.imports {
            assert!(below.contains(import), "{} imports {import}, not below it", rung.name);
        }
        below.push(rung.name);
        let manifest = checkout().join("crates").join(rung.name).join("Cargo.toml");
        assert!(manifest.exists(), "{} has a rung and no crate", rung.name);
    }
}

#[test]
fn links_lead_somewhere() {
    let at = |text: &str| brief(&prose::document(checkout(), "docs/sample.md", text));
    let good = "# A heading: two\n[a](../README.md) [b](#a-heading-two) [c](https://x.example/)\n";
    assert_eq!(at(good), Vec::<String>::new());
    assert_eq!(at("```\n[a](gone.md)\n```\n`[a](gone.md)`\n"), Vec::<String>::new());
    assert_eq!(at("x\n[a](gone.md)\n"), ["2 link"]);
    assert_eq!(at("[a](/README.md)\n"), ["1 link"]);
    assert_eq!(at("[a](#nowhere)\n"), ["1 link"]);
    assert_eq!(at("[a](../README.md#nowhere)\n"), ["1 link"]);
}

#[test]
fn recipes_are_short() {
    let at = |text: &str| brief(&prose::document(checkout(), "CONTRIBUTING.md", text));
    let steps = |many: usize| (1..=many).map(|n| format!("{n}. step\n")).collect::<String>();
    assert_eq!(at(&format!("## How to add a door\n\n{}", steps(5))), Vec::<String>::new());
    assert_eq!(at(&format!("## How to add a door\n\n{}", steps(6))), ["1 long-recipe"]);
    assert_eq!(at(&format!("## Other things\n\n{}", steps(9))), Vec::<String>::new());
}

#[test]
fn every_law_says_why() {
    let unnamed = prose::style("");
    assert_eq!(unnamed.len(), Rule::ALL.len());
    for finding in unnamed {
        assert!(finding.to_string().contains(Rule::Unwritten.reason()), "{finding}");
    }
    for rule in Rule::ALL {
        assert!(rule.reason().len() > 20, "{} has no reason", rule.name());
    }
}
