//! `import cases` as an operator types it: the worked examples of the documentation on both
//! engines, run twice, then the histories are walked.

use std::path::{Path, PathBuf};

use store::engine::{Db, EngineKind, Place as Storage};
use teststand::engines::{BOTH, fresh};

use crate::support::{PAYMENTS, Place};

fn sample(name: &str) -> String {
    let samples: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples/import").join(name);
    samples.to_str().expect("a path").to_owned()
}

/// A file beside the installation with what a sample holds, so that rejects go beside it.
fn copied(place: &Place, name: &str) -> String {
    place.file(name, &std::fs::read_to_string(sample(name)).expect("the sample"))
}

async fn number(db: &Db, sql: &'static str) -> i64 {
    db.one(sql, vec![]).await.expect("it reads").expect("a row").int(0).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worked_examples_come_in_once_and_the_histories_verify() {
    for kind in BOTH {
        let mut place = Place::new();
        let storage = match kind {
            EngineKind::Sqlite => Storage::sqlite(place.dir().join("redress.db")),
            EngineKind::Postgres => fresh(kind, &place.dir()).await,
        };
        if let Storage::Postgres { url, .. } = &storage {
            place = place.set("REDRESS_STORAGE_ENGINE", "postgres").set("REDRESS_STORAGE_URL", url);
        }
        place.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
        let scope = ["--tenant", "acme", "--env", "production"];
        let import = |file: &str, mapping: &str, more: &[&str]| {
            let args = ["import", "cases", file, "--mapping", mapping];
            [&args[..], &scope[..], more].concat().iter().map(|&one| one.to_owned()).collect()
        };
        let ends = |code, args: Vec<String>, words: &[&str]| {
            place.ends(code, &args.iter().map(String::as_str).collect::<Vec<_>>(), words);
        };
        let rt = copied(&place, "request-tracker.tsv");
        let rt_map = sample("request-tracker.toml");
        // The payment is not known yet: its ticket waits, the others come in.
        ends(
            3,
            import(&rt, &rt_map, &["--dry-run"]),
            &["2 would be new, 0 as known", "1 rejected"],
        );
        ends(3, import(&rt, &rt_map, &[]), &["2 new, 0 as known", "1 rejected"]);
        let rejects = std::fs::read_to_string(format!("{rt}.rejects.csv")).expect("the side file");
        assert!(rejects.contains("2,\"refid, trxid: no such payment here"), "{rejects}");
        let payments = place.file("payments.csv", PAYMENTS);
        place.ok(&[&["import", "transactions", &payments], &scope[..]].concat());
        ends(0, import(&rt, &rt_map, &[]), &["1 new, 2 as known"]);
        for (file, mapping, cases) in [
            ("request-tracker.jsonl", "request-tracker-rest.toml", 2),
            ("zammad.json", "zammad.toml", 2),
            ("cfpb.csv", "cfpb.toml", 3),
        ] {
            let (file, mapping) = (copied(&place, file), sample(mapping));
            let said = format!("{cases} would be new, 0 as known; nothing was written");
            ends(0, import(&file, &mapping, &["--dry-run"]), &[&said]);
            ends(0, import(&file, &mapping, &[]), &[&format!("{cases} new, 0 as known")]);
            ends(0, import(&file, &mapping, &[]), &[&format!("0 new, {cases} as known")]);
        }
        let db = Db::open(&storage).await.expect("the database opens");
        assert_eq!(number(&db, "SELECT COUNT(*) FROM cases").await, 10, "{kind:?}");
        assert_eq!(number(&db, "SELECT COUNT(*) FROM outbox").await, 0, "nobody is told");
        let about = "SELECT COUNT(*) FROM cases WHERE refid = 'R-1' AND stage = 'closed'";
        assert_eq!(number(&db, about).await, 1, "{kind:?}");
        place.ends(0, &["audit", "verify"], &["10 histories"]);
    }
}

#[test]
fn a_mapping_or_file_that_cannot_be_used_imports_nothing() {
    let place = Place::new();
    place.ok(&["tenant", "add", "acme", "--email", "ops@acme.example"]);
    let scope = ["--tenant", "acme", "--env", "staging"];
    let file = copied(&place, "cfpb.csv");
    let text = std::fs::read_to_string(sample("cfpb.toml")).expect("the sample");
    let with = |mapping: &str| {
        let args = ["import", "cases", &file, "--mapping", mapping];
        [&args[..], &scope[..]].concat().iter().map(|&one| one.to_owned()).collect::<Vec<_>>()
    };
    for (was, is, words) in [
        ("\"Complaint ID\"", "\"Complaint No\"", "no column `Complaint No`"),
        ("\"open\"", "\"opened\"", "`status`"),
        ("source =", "sauce =", "sauce"),
    ] {
        let mapping = place.file("bad.toml", &text.replacen(was, is, 1));
        let args = with(&mapping);
        place.ends(1, &args.iter().map(String::as_str).collect::<Vec<_>>(), &[words]);
    }
    let good = sample("cfpb.toml");
    let onto = [&["import", "cases", &file, "--mapping", &good], &scope[..]].concat();
    place.ends(1, &[&onto[..], &["--rejects", &file]].concat(), &["--rejects"]);
    let unknown = text.replace("\"In progress\" = \"open\"\n", "");
    let mapping = place.file("short.toml", &unknown);
    let args = with(&mapping);
    let words = ["2 new", "1 rejected"];
    place.ends(3, &args.iter().map(String::as_str).collect::<Vec<_>>(), &words);
    let rejects = std::fs::read_to_string(format!("{file}.rejects.csv")).expect("the side file");
    assert!(rejects.contains("status (Company response to consumer): `In progress`"), "{rejects}");
    assert!(rejects.contains("\n5,"), "the line it begins on: {rejects}");
}
