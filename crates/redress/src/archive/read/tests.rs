//! Archives that were written by the writer, and what becomes of them when something is changed.

use super::super::write::Writer;
use super::super::{FORMAT, Manifest, VERSION};
use super::*;

const PART: &str = "tables/t/000001.jsonl";

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        program: "1.2.3".to_owned(),
        made_at_millis: 1,
        engine: "sqlite".to_owned(),
        kind: "serve".to_owned(),
        kind_made_at_millis: 1,
        schema: Vec::new(),
        tables: Vec::new(),
        members: Vec::new(),
    }
}

/// Writes an archive of two members and a file of 1,000,000 bytes.
fn written(folder: &Path) -> PathBuf {
    let path = folder.join("backup.tar");
    let large = folder.join("large");
    std::fs::write(&large, vec![7; 1_000_000]).expect("written");
    let mut writer = Writer::begin(&path, 9).expect("begun");
    writer.add("settings.toml", b"a = 1\n").expect("added");
    writer.add(PART, b"[1]\n[2]\n").expect("added");
    assert!(writer.add_file("files/attachments/large", &large).expect("added"));
    assert!(!writer.add_file("files/gone", &folder.join("gone")).expect("left out"));
    writer.finish(manifest(), |_| (1, vec![5; SIGNATURE_BYTES])).expect("finished");
    path
}

fn opened(path: &Path) -> Result<Archive, ArchiveError> {
    Archive::open(path, &mut |_| {})
}

#[test]
fn what_a_killed_run_left_goes_and_what_is_being_written_stays() {
    let scratch = tempfile::tempdir().expect("a folder");
    let at = |name: &str| scratch.path().join(name);
    let (left, others) = (at(".redress-20260101T000000Z.tar.7.part"), at(".notes.part"));
    for file in [&left, &others] {
        std::fs::write(file, "half").expect("written");
    }
    let first = Writer::begin(&at("redress-20260102T000000Z.tar"), 9).expect("begun");
    let second = Writer::begin(&at("redress-20260103T000000Z.tar"), 9).expect("begun");
    assert!(!left.exists() && others.exists());
    for writer in [first, second] {
        writer.finish(manifest(), |_| (1, vec![5; SIGNATURE_BYTES])).expect("finished");
    }
}

#[test]
fn what_was_written_is_read() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = written(scratch.path());
    let mut archive = opened(&path).expect("whole");
    assert_eq!(archive.manifest.members.len(), 3);
    assert_eq!(archive.signed.1.bytes, [5; SIGNATURE_BYTES]);
    assert_eq!(archive.named("tables/"), [PART]);
    assert_eq!(archive.take(PART).expect("held"), b"[1]\n[2]\n");
    let mut out = Vec::new();
    archive.copy_to("files/attachments/large", &mut out).expect("copied");
    assert_eq!(out, vec![7; 1_000_000]);
    assert!(archive.take("nothing").is_err());
    // Nothing is replaced, and nothing is left beside.
    assert!(Writer::begin(&path, 9).is_err());
    drop(Writer::begin(&scratch.path().join("other.tar"), 9).expect("begun"));
    let names = std::fs::read_dir(scratch.path()).expect("a folder").count();
    assert_eq!(names, 2, "the archive and the large file");
}

#[test]
fn any_tar_reads_it() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = written(scratch.path());
    let listed = std::process::Command::new("tar").arg("tf").arg(&path).output().expect("tar");
    assert!(listed.status.success(), "{listed:?}");
    let names = String::from_utf8(listed.stdout).expect("text");
    let names: Vec<_> = names.lines().collect();
    assert_eq!(names, ["settings.toml", PART, "files/attachments/large", MANIFEST, SEAL]);
}

#[test]
fn every_cut_is_noticed() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = written(scratch.path());
    let whole = std::fs::read(&path).expect("read");
    for (bytes, place) in [
        (0, "at its beginning"),
        (512, "within settings.toml"),
        (1_024, "after settings.toml"),
        (700_000, "within files/attachments/large"),
        (whole.len() - 1_024, "after manifest.seal"),
        (whole.len() - 1, "after manifest.seal"),
    ] {
        std::fs::write(&path, &whole[..bytes]).expect("cut");
        let why = opened(&path).expect_err("cut off").to_string();
        assert!(why.contains("is cut off") && why.contains(place), "{bytes}: {why}");
    }
    std::fs::write(&path, [&whole[..], b"x"].concat()).expect("longer");
    assert!(opened(&path).is_err());
}

#[test]
fn altered_bytes_are_noticed_and_the_member_is_named() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = written(scratch.path());
    let whole = std::fs::read(&path).expect("read");
    let find = |text: &[u8]| whole.windows(text.len()).position(|at| at == text).expect("there");
    for (at, name) in [
        (find(b"a = 1"), "settings.toml"),
        (find(b"[2]"), PART),
        (600_000, "files/attachments/large"),
        (find(b"\"members\""), MANIFEST),
        (find(b"\"signature\""), SEAL),
        (100, "settings.toml"),
        (1_024 + 100, PART),
    ] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        std::fs::write(&path, &altered).expect("altered");
        let why = opened(&path).err().map(|why| why.to_string());
        let why = why.unwrap_or_else(|| panic!("byte {at} of {name} is not noticed"));
        // A head that does not check has no name to believe; the member before it is named.
        let named = why.contains(name) || why.contains("head");
        assert!(named, "byte {at} of {name}: {why}");
    }
    for at in (0..whole.len() - 1_024).step_by(997) {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        std::fs::write(&path, &altered).expect("altered");
        assert!(opened(&path).is_err(), "byte {at}");
    }
}

#[test]
fn a_member_of_another_archive_is_noticed() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = written(scratch.path());
    let whole = std::fs::read(&path).expect("read");
    let head = tar::head(PART, 8, 9).expect("a head");
    let at = whole.windows(512).position(|at| at == head).expect("there");
    let swapped = [&whole[..at + 512], b"[1]\n[3]\n", &whole[at + 520..]].concat();
    let without = [&whole[..at], &whole[at + 1_024..]].concat();
    let twice = [&whole[..at], &whole[at..at + 1_024], &whole[at..]].concat();
    let other = tar::head("tables/t/000009.jsonl", 0, 9).expect("a head");
    let more = [&whole[..at], &other, &whole[at..]].concat();
    for (bytes, words) in [
        (swapped, [PART, "is not what was written"]),
        (without, [PART, "is missing"]),
        (twice, [PART, "is there twice"]),
        (more, ["tables/t/000009.jsonl", "is not in the manifest"]),
    ] {
        std::fs::write(&path, bytes).expect("written");
        let why = opened(&path).expect_err("damaged").to_string();
        assert!(words.iter().all(|word| why.contains(word)), "{why}");
    }
}

#[test]
fn other_files_and_newer_archives_are_told_apart() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("other");
    std::fs::write(&path, vec![b'x'; 2_000]).expect("written");
    assert!(matches!(opened(&path), Err(ArchiveError::Foreign { .. })));
    for (change, newer) in [
        (Manifest { version: VERSION + 1, ..manifest() }, true),
        (Manifest { format: "something".to_owned(), ..manifest() }, false),
    ] {
        let path = scratch.path().join(format!("{newer}.tar"));
        let writer = Writer::begin(&path, 9).expect("begun");
        writer.finish(change, |_| (1, vec![5; SIGNATURE_BYTES])).expect("finished");
        match opened(&path) {
            Err(ArchiveError::Newer { by, .. }) => assert!(newer && by == "1.2.3"),
            Err(ArchiveError::Foreign { .. }) => assert!(!newer),
            other => panic!("{other:?}"),
        }
    }
}
