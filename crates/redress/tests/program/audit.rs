//! `audit`: what an examiner finds when somebody had the database for himself.

use std::path::Path;

use store::engine::{Db, Place as Store, Stmt};

use super::support::{Installed, Place};

/// An installation with one sealed case.
fn with_a_case() -> Installed {
    let installed = Place::new().installed();
    let running = installed.place.start(&["serve"]);
    assert_eq!(installed.report(&running, "R-1").code, 0);
    assert_eq!(running.stop(), 0);
    installed
}

/// Changes the database behind the program's back.
async fn alter(dir: &Path, sql: &'static str) {
    let db = Db::open(&Store::sqlite(dir.join("redress.db"))).await.expect("the database");
    db.commit(vec![Stmt::any(sql, vec![])]).await.expect("altered");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_row_is_found() {
    let installed = with_a_case();
    let place = &installed.place;
    place.ends(0, &["audit", "verify"], &["1 histories", "nothing is wrong"]);
    alter(&place.dir(), "UPDATE notes SET actor = 'somebody else'").await;
    place.ends(3, &["audit", "verify"], &["WRONG", "note 1 was altered", "backup"]);
}

/// Rows that no case has: whoever writes into the database would make himself a way in.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_row_of_administration_is_found() {
    let installed = Place::new().installed();
    let place = &installed.place;
    place.ends(0, &["audit", "verify"], &["nothing is wrong"]);
    alter(&place.dir(), "UPDATE api_keys SET revoked_at = 1, label = 'eve'").await;
    let words = ["WRONG  key ", "its label is not what", "its revoked_at is not what", "2 flaws"];
    place.ends(3, &["audit", "verify"], &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_history_is_found() {
    let installed = with_a_case();
    let place = &installed.place;
    alter(&place.dir(), "DELETE FROM notes").await;
    place.ends(3, &["audit", "verify"], &["WRONG"]);
}

#[test]
fn a_database_that_was_set_back_is_found_and_the_evidence_is_kept() {
    let installed = with_a_case();
    let place = &installed.place;
    let (dir, copy) = (place.dir(), place.dir().with_file_name("copy"));
    std::fs::create_dir(&copy).expect("a folder");
    let database = ["redress.db", "redress.db-wal", "redress.db-shm"];
    let carry = |from: &Path, to: &Path| {
        for name in database {
            std::fs::remove_file(to.join(name)).ok();
            if from.join(name).exists() {
                std::fs::copy(from.join(name), to.join(name)).expect("copied");
            }
        }
    };
    carry(&dir, &copy);
    let running = place.start(&["serve"]);
    assert_eq!(installed.report(&running, "R-3").code, 0);
    assert_eq!(running.stop(), 0);
    let seal = copy.join("seal.json");
    let seal = seal.to_str().expect("a path");
    place.ends(0, &["audit", "export-seal", seal], &["keep it elsewhere"]);
    place.ends(0, &["audit", "verify", "--seal", seal], &["nothing is wrong"]);

    carry(&copy, &dir);
    place.ends(3, &["audit", "verify"], &["kept outside", "old copy"]);
    place.ends(3, &["audit", "verify", "--seal", seal], &["kept outside", "old copy"]);
    place.ends(3, &["doctor"], &["WRONG  last seal", "set back"]);
    // A server goes on only for who says so; the seal it must not know is put aside.
    place.ends(1, &["serve", "--listen", "127.0.0.1:0"], &["--accept-database"]);
    let running = place.start(&["serve", "--accept-database"]);
    assert_eq!(installed.report(&running, "R-3").code, 0);
    assert_eq!(running.stop(), 0);
    let kept = std::fs::read_dir(&dir).expect("the directory").any(|entry| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().starts_with("last-seal.strange-")
    });
    assert!(kept);
    place.ends(3, &["audit", "verify", "--seal", seal], &["kept outside"]);
}

#[test]
fn a_seal_that_is_none_is_refused() {
    let installed = with_a_case();
    let place = &installed.place;
    let kept = std::fs::read_to_string(place.dir().join("last-seal.json")).expect("the seal");
    let changed = kept.replace("\"heads\": 1", "\"heads\": 2");
    for (name, text, word) in [
        ("none.json", "{}", "is no seal"),
        ("changed.json", changed.as_str(), "damaged"),
        ("other.json", &kept.replace("audit-1", "audit-7"), "audit-7"),
    ] {
        let file = place.file(name, text);
        place.ends(1, &["audit", "verify", "--seal", &file], &[word]);
    }
    let other = with_a_case();
    let theirs = other.place.dir().join("last-seal.json");
    let theirs = theirs.to_str().expect("a path");
    place.ends(1, &["audit", "verify", "--seal", theirs], &["not signed by this installation"]);
}
