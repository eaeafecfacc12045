//! A backup as one file: a tar archive that any tar can list, whose last two members say what the
//! others must be and who says so. Written and read as a stream; memory does not grow with it. It
//! knows nothing of directories and databases; `commands/backup` and `commands/restore` do.
//!
//! | member | what it holds |
//! | --- | --- |
//! | `settings.toml`, `last-seal.json`, `demo.json` | those files, where there are such |
//! | `tables/NAME/000001.jsonl` … | rows, a JSON array a line, columns as in the manifest |
//! | `keys.open` or `keys.locked` | the keys, see `vault::parcel` |
//! | `files/…` | the folder of attachments |
//! | `manifest.json` | every member before it with length and SHA-256; tables, columns, counts |
//! | `manifest.seal` | the manifest's digest, signed with the audit key |

pub mod read;
pub mod rows;
pub mod tar;
pub mod write;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use vault::digest::Sum;

/// The word that says what the file is.
pub const FORMAT: &str = "redress-backup";

/// The version of the format that is written. Older ones keep their reader.
pub const VERSION: u32 = 1;

/// Bytes after which a part of a table is full. Parts are held in memory, one at a time.
pub const PART_BYTES_ENOUGH: usize = 4 << 20;

/// Bytes of a member that is held in memory at most: a part with one last very long row.
pub const HELD_BYTES_MAX: u64 = 64 << 20;

/// Names of members with a meaning of their own.
pub const SETTINGS: &str = "settings.toml";
/// The last seal outside the database.
pub const LAST_SEAL: &str = "last-seal.json";
/// A demo's credentials.
pub const DEMO: &str = "demo.json";
/// The keys as they are.
pub const KEYS_OPEN: &str = "keys.open";
/// The keys under a passphrase.
pub const KEYS_LOCKED: &str = "keys.locked";
/// Where trees of files begin.
pub const FILES: &str = "files/";
/// What is in the archive.
pub const MANIFEST: &str = "manifest.json";
/// Who says so.
pub const SEAL: &str = "manifest.seal";

/// What is in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// When it was begun, in milliseconds since 1970.
    pub made_at_millis: i64,
    /// The engine the rows come from; they go into either.
    pub engine: String,
    /// What the directory was for.
    pub kind: String,
    /// When the directory was made, in milliseconds since 1970.
    pub kind_made_at_millis: i64,
    /// The steps of the schema.
    pub schema: Vec<Step>,
    /// The tables, in the order in which they are filled.
    pub tables: Vec<TableOf>,
    /// Every member before this one, in order.
    pub members: Vec<Member>,
}

/// One step of the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The digest of its text.
    pub digest: String,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableOf {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the values.
    pub columns: Vec<String>,
    /// How many rows there are.
    pub rows: u64,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// Who says what the manifest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// [`signed`] of the manifest, hexadecimal.
    pub digest: String,
    /// The version of the audit key.
    pub key_version: u32,
    /// The Ed25519 signature over the digest's bytes, hexadecimal.
    pub signature: String,
}

/// What is signed of a manifest: a digest that is one of nothing else.
pub fn signed(manifest: &[u8]) -> [u8; 32] {
    let mut sum = Sum::default();
    sum.add(b"redress-backup-1\0");
    sum.add(manifest);
    sum.finish()
}

/// The name of a part of a table.
pub fn part_name(table: &str, part: u64) -> String {
    format!("tables/{table}/{part:06}.jsonl")
}

/// Why an archive cannot be written or used. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A backup is never written over.
    #[error(
        "cannot replace {path}: a backup is never written over something; give another name, or a \
         folder to put one with a new name into"
    )]
    AlreadyThere {
        /// What is there.
        path: PathBuf,
    },
    /// A member is not what the manifest says.
    #[error("{path}: the member {member} {why}; use another copy of the backup")]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// The member's name.
        member: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file ends too early.
    #[error("{path} is cut off {place}; use another copy of the backup")]
    CutOff {
        /// The archive.
        path: PathBuf,
        /// Where.
        place: String,
    },
    /// It is something else.
    #[error("{path} is no backup of ours: {why}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why it cannot be.
        why: String,
    },
    /// A newer program wrote it.
    #[error("{path} was written by a newer program ({by}): restore it with that one")]
    Newer {
        /// The archive.
        path: PathBuf,
        /// Its version.
        by: String,
    },
    /// A name that tar cannot hold.
    #[error("{name:?} cannot be in a backup: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// The machine refused.
    #[error("cannot {act} {path}")]
    Io {
        /// What was tried.
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        why: io::Error,
    },
}
