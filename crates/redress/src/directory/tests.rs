//! What may become a data directory, and who may run on it.

use std::os::unix::fs::PermissionsExt;

use super::*;

const AT: Instant = Instant::from_millis(1_760_000_000_123);

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_new_one_is_private_and_remembers_its_kind_and_time() {
    let scratch = scratch();
    let root = scratch.path().join("deep/data");
    let made = Directory::open_or_make(&root, Kind::Demo, AT).expect("made");
    for dir in [made.root(), &made.keys(), &made.files(), &made.mail()] {
        assert_eq!(mode(dir), 0o700, "{}", dir.display());
    }
    assert_eq!(mode(&root.join("kind")), 0o600);

    let later = Instant::from_millis(AT.millis() + 5);
    let again = Directory::open_or_make(&root, Kind::Demo, later).expect("opened");
    assert_eq!((again.kind(), again.made_at()), (Kind::Demo, AT));
}

#[test]
fn a_demo_and_a_real_one_never_meet() {
    let scratch = scratch();
    for (is, wanted) in [(Kind::Demo, Kind::Serve), (Kind::Serve, Kind::Demo)] {
        let root = scratch.path().join(is.word());
        Directory::open_or_make(&root, is, AT).expect("made");
        let refused = Directory::open_or_make(&root, wanted, AT).expect_err("another kind");
        assert!(refused.to_string().contains("--dir"), "{refused}");
        assert_eq!(Directory::open_any(&root, AT).expect("any kind").kind(), is);
    }
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let scratch = scratch();
    assert!(matches!(Directory::open(scratch.path()), Err(DirectoryError::Missing { .. })));
    fs::write(scratch.path().join("thesis.txt"), "years of work").expect("written");
    let refused = Directory::open_any(scratch.path(), AT).expect_err("foreign");
    assert!(matches!(refused, DirectoryError::Foreign { .. }), "{refused}");
    assert!(!scratch.path().join("kind").exists());
}

#[test]
fn what_a_stopped_restore_left_is_called_that_until_it_ends() {
    let scratch = scratch();
    let root = scratch.path().join("data");
    Directory::begin(&root).expect("begun");
    Directory::fill(&root, "redress.db, files").expect("marked");
    let refused = Directory::open_any(&root, AT).expect_err("half");
    assert!(refused.to_string().contains("(redress.db, files)"), "{refused}");
    let made = Directory::finish(&root, Kind::Serve, AT).expect("finished");
    assert_eq!(Directory::open(&root).expect("whole").made_at(), made.made_at());
    assert!(!root.join(RESTORING).exists());
}

#[test]
fn a_prepared_settings_file_does_not_make_it_foreign() {
    let scratch = scratch();
    fs::write(scratch.path().join("redress.toml"), "").expect("written");
    fs::write(scratch.path().join(".kind.77.new"), "dem").expect("written");
    let made = Directory::open_any(scratch.path(), AT).expect("made");
    assert_eq!(made.kind(), Kind::Serve);
}

#[test]
fn a_damaged_marker_is_named() {
    let scratch = scratch();
    for text in ["", "demo", "demo\nyesterday\n", "other\n2026-01-01T00:00:00Z\n", "\u{0}"] {
        fs::write(scratch.path().join("kind"), text).expect("written");
        let refused = Directory::open(scratch.path()).expect_err("damaged");
        assert!(matches!(refused, DirectoryError::BadMarker { .. }), "{text:?}: {refused}");
    }
    fs::write(scratch.path().join("kind"), [0xff, 0xfe]).expect("written");
    assert!(matches!(Directory::open(scratch.path()), Err(DirectoryError::BadMarker { .. })));
}

#[test]
fn one_server_at_a_time() {
    let scratch = scratch();
    let made = Directory::open_any(scratch.path(), AT).expect("made");
    let held = made.lock().expect("free");
    let refused = made.lock().expect_err("held");
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    drop(held);
    made.lock().expect("free again");
}

#[test]
fn writing_replaces_wholly_and_stays_private() {
    let scratch = scratch();
    let path = scratch.path().join("demo.json");
    fs::write(&path, "old").expect("written");
    write_private(&path, b"new").expect("written");
    assert_eq!(fs::read(&path).expect("read"), b"new");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(scratch.path()).expect("listed").count(), 1, "nothing left beside");
    assert!(write_private(&scratch.path().join("no/such/place"), b"x").is_err());
}
