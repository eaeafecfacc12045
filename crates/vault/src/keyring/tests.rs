//! What a key directory survives and what it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::testing::{self, Seeded};

fn opening(dir: &Path) -> KeyringError {
    Keyring::open(dir).expect_err("a directory with a fault")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn key_files(dir: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(dir)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_keyring_is_whole_private_and_opens_again() {
    let (place, keys) = testing::keyring(1);
    let dir = place.path().join("keys");
    assert_eq!(mode(&dir), 0o700);
    let files = key_files(&dir);
    let names: Vec<_> = files.iter().filter_map(|f| f.file_name()?.to_str()).collect();
    assert_eq!(names, ["audit-1.key", "jwt-1.key", "lookup-1.key", "sealing-1.key"]);
    assert!(files.iter().all(|file| mode(file) == 0o600));
    let sealed = keys.seal(&mut Seeded::new(5), "p", b"x");
    let again = Keyring::open(&dir).expect("the same directory");
    assert_eq!(&**again.unseal("p", &sealed).expect("the same keys"), b"x");
    assert_eq!(key_files(place.path()), [dir], "nothing is left beside it");
}

#[test]
fn create_takes_an_empty_directory_but_never_a_filled_one() {
    let place = tempfile::tempdir().expect("a directory");
    let dir = place.path().join("keys");
    fs::create_dir(&dir).expect("an empty one");
    Keyring::create(&dir, &mut Seeded::new(1)).expect("empty is as good as absent");
    let before = fs::read(dir.join("sealing-1.key")).expect("a key");
    let twice = Keyring::create(&dir, &mut Seeded::new(2));
    assert!(matches!(twice, Err(KeyringError::AlreadyThere { .. })));
    assert_eq!(fs::read(dir.join("sealing-1.key")).expect("a key"), before);
}

#[test]
fn a_missing_directory_is_named() {
    let place = tempfile::tempdir().expect("a directory");
    let error = opening(&place.path().join("keys"));
    assert!(matches!(error, KeyringError::Missing { .. }));
    assert!(error.to_string().contains("restore the key directory"), "{error}");
}

#[test]
fn rights_of_others_are_refused() {
    let (place, _keys) = testing::keyring(1);
    let dir = place.path().join("keys");
    for (path, bad, good) in [(dir.clone(), 0o750, 0o700), (dir.join("jwt-1.key"), 0o604, 0o600)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(bad)).expect("ours");
        assert!(matches!(opening(&dir), KeyringError::Exposed { mode, .. } if mode == bad));
        fs::set_permissions(&path, fs::Permissions::from_mode(good)).expect("ours");
    }
    Keyring::open(&dir).expect("mended");
}

#[test]
fn damage_of_every_kind_is_noticed() {
    let (place, _keys) = testing::keyring(1);
    let dir = place.path().join("keys");
    let path = dir.join("sealing-1.key");
    let sound = fs::read_to_string(&path).expect("a key");
    let other_kind = fs::read_to_string(dir.join("lookup-1.key")).expect("a key");
    let bad = [
        String::new(),
        sound[..40].to_owned(),
        sound.trim_end().to_owned(),
        sound.replacen("sealing 1", "sealing 2", 1),
        other_kind,
        format!("{sound}{sound}"),
        sound.replacen(&sound[22..23], if &sound[22..23] == "A" { "B" } else { "A" }, 1),
        "\u{0}".repeat(600),
    ];
    for text in bad {
        fs::write(&path, &text).expect("ours");
        assert!(matches!(opening(&dir), KeyringError::Damaged { .. }), "{text:?}");
    }
    fs::write(&path, &sound).expect("ours");
    Keyring::open(&dir).expect("mended");
}

#[test]
fn a_lost_kind_is_named() {
    let (place, _keys) = testing::keyring(1);
    let dir = place.path().join("keys");
    fs::remove_file(dir.join("audit-1.key")).expect("it is there");
    assert!(matches!(opening(&dir), KeyringError::Incomplete { kind: "audit", .. }));
}

#[test]
fn strange_names_and_leavings_are_left_alone() {
    let (place, _keys) = testing::keyring(1);
    let dir = place.path().join("keys");
    for name in ["sealing-01.key", "sealing-0.key", "sealing-2.key.unfinished", "notes", "x-1.key"]
    {
        fs::write(dir.join(name), "whatever").expect("ours");
    }
    let keys = Keyring::open(&dir).expect("they are no keys");
    assert_eq!(keys.rotate_sealing(&mut Seeded::new(3)).expect("over the leaving"), 2);
    assert!(!dir.join("sealing-2.key.unfinished").exists());
}

#[test]
fn rotations_count_up_also_from_two_openings_at_once() {
    let (place, first) = testing::keyring(1);
    let dir = place.path().join("keys");
    let second = Keyring::open(&dir).expect("a second opening");
    let mut versions: Vec<u32> = std::thread::scope(|scope| {
        let rotating: Vec<_> = [(&first, 10), (&second, 20), (&first, 30), (&second, 40)]
            .into_iter()
            .map(|(keys, seed)| {
                scope.spawn(move || keys.rotate_sealing(&mut Seeded::new(seed)).expect("a turn"))
            })
            .collect();
        rotating.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5]);
    first.reload().expect("sound");
    assert_eq!(first.sealing_version(), 5);
}

#[test]
fn a_failed_reload_keeps_the_keys() {
    let (place, keys) = testing::keyring(1);
    let sealed = keys.seal(&mut Seeded::new(5), "p", b"x");
    fs::remove_file(place.path().join("keys/sealing-1.key")).expect("it is there");
    assert!(keys.reload().is_err());
    assert_eq!(&**keys.unseal("p", &sealed).expect("still held"), b"x");
}

#[test]
fn debug_shows_the_place_only() {
    let (_place, keys) = testing::keyring(1);
    let shown = format!("{keys:?}");
    assert!(shown.starts_with("Keyring { dir:") && shown.ends_with(", .. }"), "{shown}");
}
