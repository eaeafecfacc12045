//! The key directory on disk: one file a key, one line a file, mode 0600 in a directory of mode
//! 0700. Files are added, never changed, and are on the disk before anyone uses them.
//!
//! `sealing-2.key` holds `redress-key sealing 2 <Base64 of 32 bytes> <16 hex digits>`; the digits
//! begin the SHA-256 of all before them, so a torn or swapped file is noticed, not used.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Dice;
use zeroize::Zeroizing;

use super::{KEY_BYTES, KeyBytes, KeyringError, Kind};
use crate::digest;

const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Rights of group and others, none of which a key may have.
const OTHERS: u32 = 0o077;

/// Bytes of a key file read at most. A sound one has under 120.
const FILE_BYTES_MAX: u64 = 512;

/// Hex digits of the check at the end of a line.
const CHECK_DIGITS: usize = 16;

/// Held while adding a key, so that two processes do not choose the same version.
const LOCK: &str = "lock";

pub(crate) type Found = BTreeMap<Kind, BTreeMap<u32, KeyBytes>>;

pub(super) fn name(kind: Kind, version: u32) -> String {
    format!("{}-{version}.key", kind.word())
}

/// A new directory with version 1 of each kind. It is filled beside its place and renamed into
/// it, so a crash leaves either all keys or none; what a crash leaves beside it was never used.
pub(super) fn create(dir: &Path, dice: &mut dyn Dice) -> Result<(), KeyringError> {
    let one = |kind| (kind, BTreeMap::from([(1, fresh(dice))]));
    let keys: Found = Kind::ALL.into_iter().map(one).collect();
    create_with(dir, &keys, dice)
}

/// A new directory with these keys; as [`create`].
pub(crate) fn create_with(
    dir: &Path,
    keys: &Found,
    dice: &mut dyn Dice,
) -> Result<(), KeyringError> {
    if holds_something(dir)? {
        return Err(KeyringError::AlreadyThere { dir: dir.to_owned() });
    }
    let parent = parent(dir);
    let mut tail = [0_u8; 8];
    dice.fill(&mut tail);
    let beside = parent.join(format!(".new-keys-{}", digest::hex(&tail)));
    DirBuilder::new().mode(DIR_MODE).create(&beside).map_err(io_error("creating", &beside))?;
    for (kind, versions) in keys {
        for (version, key) in versions {
            write(&beside, *kind, *version, key)?;
        }
    }
    fs::rename(&beside, dir).map_err(|source| match source.kind() {
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
            KeyringError::AlreadyThere { dir: dir.to_owned() }
        }
        _ => KeyringError::Io { doing: "moving the new keys to", path: dir.to_owned(), source },
    })?;
    sync(parent)
}

/// Adds the next version of `kind`; returns it.
pub(super) fn add(dir: &Path, kind: Kind, dice: &mut dyn Dice) -> Result<u32, KeyringError> {
    let path = dir.join(LOCK);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(io_error("opening", &path))?;
    lock.lock().map_err(io_error("locking", &path))?;
    let found = read(dir)?;
    let highest = found.get(&kind).and_then(|keys| keys.keys().next_back().copied());
    let version = highest.unwrap_or(0) + 1;
    write(dir, kind, version, &fresh(dice))?;
    Ok(version)
}

/// Every key in `dir`. Names that are no key's are left alone.
pub(crate) fn read(dir: &Path) -> Result<Found, KeyringError> {
    let about = fs::metadata(dir).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyringError::Missing { dir: dir.to_owned() },
        _ => KeyringError::Io { doing: "reading", path: dir.to_owned(), source },
    })?;
    private(dir, &about)?;
    let mut found = Found::new();
    for entry in fs::read_dir(dir).map_err(io_error("reading", dir))? {
        let entry = entry.map_err(io_error("reading", dir))?;
        let file_name = entry.file_name();
        let Some((kind, version)) = file_name.to_str().and_then(parse_name) else { continue };
        let key = read_key(&entry.path(), kind, version)?;
        found.entry(kind).or_default().insert(version, key);
    }
    Ok(found)
}

fn parse_name(file_name: &str) -> Option<(Kind, u32)> {
    let (word, version) = file_name.strip_suffix(".key")?.split_once('-')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
    let version = version.parse().ok()?;
    (name(kind, version) == file_name && version > 0).then_some((kind, version))
}

fn read_key(path: &Path, kind: Kind, version: u32) -> Result<KeyBytes, KeyringError> {
    let file = File::open(path).map_err(io_error("opening", path))?;
    private(path, &file.metadata().map_err(io_error("reading", path))?)?;
    let mut text = Zeroizing::new(Vec::with_capacity(256));
    file.take(FILE_BYTES_MAX).read_to_end(&mut text).map_err(io_error("reading", path))?;
    parse(&text, kind, version).map_err(|why| KeyringError::Damaged { path: path.to_owned(), why })
}

fn parse(text: &[u8], kind: Kind, version: u32) -> Result<KeyBytes, &'static str> {
    match parse_any(text)? {
        (k, v, key) if (k, v) == (kind, version) => Ok(key),
        _ => Err("another key's contents"),
    }
}

/// One key by its line, whatever its kind.
pub(crate) fn parse_any(text: &[u8]) -> Result<(Kind, u32, KeyBytes), &'static str> {
    let line = std::str::from_utf8(text).map_err(|_| "not text")?;
    let line = line.strip_suffix('\n').ok_or("no line end")?;
    let (said, check) = line.rsplit_once(' ').ok_or("no check")?;
    if check != check_of(said) {
        return Err("the check does not match");
    }
    let mut words = said.strip_prefix("redress-key ").ok_or("no key")?.splitn(3, ' ');
    let (word, number) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (kind, version) =
        parse_name(&format!("{word}-{number}.key")).ok_or("a key of a newer program")?;
    let encoded = words.next().ok_or("no key")?;
    let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
    let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| "not Base64")?);
    if decoded.len() != KEY_BYTES {
        return Err("not 32 bytes");
    }
    bytes.copy_from_slice(&decoded);
    Ok((kind, version, bytes))
}

fn check_of(said: &str) -> String {
    let mut check = digest::hex(&digest::sha256(said.as_bytes()));
    check.truncate(CHECK_DIGITS);
    check
}

fn fresh(dice: &mut dyn Dice) -> KeyBytes {
    let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
    dice.fill(&mut *bytes);
    bytes
}

/// What stands in a key's file.
pub(crate) fn line(kind: Kind, version: u32, key: &KeyBytes) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(**key));
    let said = Zeroizing::new(format!("redress-key {} {version} {}", kind.word(), *encoded));
    Zeroizing::new(format!("{} {}\n", *said, check_of(&said)))
}

/// Writes one key: to a name nobody reads, to the disk, then to its own name, then the directory
/// to the disk. A file that stands there already is never replaced.
fn write(dir: &Path, kind: Kind, version: u32, key: &KeyBytes) -> Result<(), KeyringError> {
    let line = line(kind, version, key);
    let path = dir.join(name(kind, version));
    let unfinished = dir.join(format!("{}.unfinished", name(kind, version)));
    // A crash may have left one; nobody can have used what is in it.
    match fs::remove_file(&unfinished) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("removing", &unfinished)(source));
        }
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(&unfinished)
        .map_err(io_error("creating", &unfinished))?;
    file.write_all(line.as_bytes()).map_err(io_error("writing", &unfinished))?;
    file.sync_all().map_err(io_error("syncing", &unfinished))?;
    // A link, not a rename: it fails where a rename would replace.
    fs::hard_link(&unfinished, &path).map_err(io_error("creating", &path))?;
    fs::remove_file(&unfinished).map_err(io_error("removing", &unfinished))?;
    sync(dir)
}

fn sync(dir: &Path) -> Result<(), KeyringError> {
    File::open(dir).and_then(|open| open.sync_all()).map_err(io_error("syncing", dir))
}

fn private(path: &Path, about: &fs::Metadata) -> Result<(), KeyringError> {
    let mode = about.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(KeyringError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

fn holds_something(dir: &Path) -> Result<bool, KeyringError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(io_error("reading", dir)(source)),
    }
}

fn parent(dir: &Path) -> &Path {
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyringError {
    let path: PathBuf = path.to_owned();
    move |source| KeyringError::Io { doing, path, source }
}
