//! The data directory: what lies where, which kind it is, and who runs on it. It never looks into
//! the database; it only keeps a demo and a real installation from meeting in one place, and two
//! servers from opening one SQLite file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use domain::Instant;
use rustix::fs::{FlockOperation, flock};

/// Mode of files that hold secrets or personal data: for their owner only.
const PRIVATE_FILE_MODE: u32 = 0o600;
/// Mode of the directories around them.
const PRIVATE_DIR_MODE: u32 = 0o700;
/// The file that stands in a directory while a restore fills it.
const RESTORING: &str = "restoring";
/// The marker's bytes; it is two short lines, so anything longer is not ours.
const MARKER_BYTES_MAX: usize = 200;

/// What a directory is for. A demo knows passwords that stand in a file; it must not become real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Made by `redress demo`.
    Demo,
    /// Made by any other command, for real use.
    Serve,
}

impl Kind {
    /// The word in the marker file; also the command that runs a server on such a directory.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Serve => "serve",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Demo, Self::Serve].into_iter().find(|kind| kind.word() == word)
    }
}

/// An opened data directory.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    kind: Kind,
    made_at: Instant,
}

/// Why a directory cannot be used. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The directory is of the other kind.
    #[error(
        "{root} was made by `redress {is}`, so `redress {wanted}` does not run on it; choose \
         another directory with --dir"
    )]
    OtherKind {
        /// The directory.
        root: PathBuf,
        /// What it is.
        is: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The directory holds things, but no marker: it is something else.
    #[error(
        "{root} is not empty and has no file `kind`, so it is not a directory of ours; choose \
         an empty or a new one with --dir"
    )]
    Foreign {
        /// The directory.
        root: PathBuf,
    },
    /// A restore that was stopped left its half there.
    #[error(
        "a restore into {root} was stopped before its end: take away what it made, which is not \
         whole ({made}), leave what you put there yourself, and run `redress restore` again"
    )]
    HalfRestored {
        /// The directory.
        root: PathBuf,
        /// What the restore said it would make.
        made: String,
    },
    /// Nothing was made there yet.
    #[error(
        "there is no data in {root}; run `redress demo` or `redress tenant add` first, or \
             choose another directory with --dir"
    )]
    Missing {
        /// The directory.
        root: PathBuf,
    },
    /// The marker cannot be understood.
    #[error(
        "{path} is damaged: it must hold the line `demo` or `serve` and a time; restore it \
             from a backup"
    )]
    BadMarker {
        /// The marker.
        path: PathBuf,
    },
    /// Another server runs on the directory.
    #[error(
        "another redress server runs on {root}{by}; stop it first, or choose another \
             directory with --dir"
    )]
    Locked {
        /// The directory.
        root: PathBuf,
        /// " (process N)" when it is known.
        by: String,
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

impl Directory {
    /// Opens `root` as `kind`, and makes it when it is missing or empty.
    ///
    /// # Errors
    /// It is of the other kind, something else, damaged, or not writable.
    pub fn open_or_make(root: &Path, kind: Kind, at: Instant) -> Result<Self, DirectoryError> {
        let opened = match Self::open(root) {
            Ok(opened) => opened,
            Err(DirectoryError::Missing { .. }) => Self::make(root, kind, at)?,
            Err(why) => return Err(why),
        };
        if opened.kind == kind {
            return Ok(opened);
        }
        let (is, wanted) = (opened.kind.word(), kind.word());
        Err(DirectoryError::OtherKind { root: root.to_owned(), is, wanted })
    }

    /// Opens `root` whatever its kind; makes a real one (not a demo) when there is none. For the
    /// commands that set up an installation, which the demo also uses.
    ///
    /// # Errors
    /// As [`Directory::open_or_make`], without the kinds.
    pub fn open_any(root: &Path, at: Instant) -> Result<Self, DirectoryError> {
        match Self::open(root) {
            Err(DirectoryError::Missing { .. }) => Self::make(root, Kind::Serve, at),
            other => other,
        }
    }

    /// Opens what is there, and makes nothing.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] when the directory is absent or empty.
    pub fn open(root: &Path) -> Result<Self, DirectoryError> {
        let path = root.join("kind");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                let (vacant, root) = (is_vacant(root)?, root.to_owned());
                let half = fs::read_to_string(root.join(RESTORING)).ok();
                return Err(match (vacant, half) {
                    (true, _) => DirectoryError::Missing { root },
                    (false, Some(made)) => {
                        DirectoryError::HalfRestored { root, made: made.trim_end().to_owned() }
                    }
                    (false, None) => DirectoryError::Foreign { root },
                });
            }
            Err(why) if why.kind() == io::ErrorKind::InvalidData => {
                return Err(DirectoryError::BadMarker { path });
            }
            Err(why) => return Err(DirectoryError::Io { act: "read", path, why }),
        };
        let (kind, made_at) =
            read_marker(&text).ok_or_else(|| DirectoryError::BadMarker { path: path.clone() })?;
        Ok(Self { root: root.to_owned(), kind, made_at })
    }

    /// Makes the folders of a directory and no marker yet: it is nobody's until [`Self::finish`].
    ///
    /// # Errors
    /// The machine refuses.
    pub fn begin(root: &Path) -> Result<(), DirectoryError> {
        make_private_dir(root)
    }

    /// Marks what [`Self::begin`] made as being filled by a restore, which makes these things: a
    /// kill leaves the mark, and with it whoever comes next is told what the half is.
    ///
    /// # Errors
    /// The machine refuses.
    pub fn fill(root: &Path, made: &str) -> Result<(), DirectoryError> {
        write_private(&root.join(RESTORING), format!("{made}\n").as_bytes())
    }

    /// Makes a directory of what was put into `root`.
    ///
    /// # Errors
    /// The machine refuses.
    pub fn finish(root: &Path, kind: Kind, made_at: Instant) -> Result<Self, DirectoryError> {
        let made = Self::make(root, kind, made_at)?;
        let path = root.join(RESTORING);
        match fs::remove_file(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(DirectoryError::Io { act: "remove", path, why })
            }
            _ => Ok(made),
        }
    }

    fn make(root: &Path, kind: Kind, at: Instant) -> Result<Self, DirectoryError> {
        let made = Self { root: root.to_owned(), kind, made_at: at };
        make_private_dir(root)?;
        for inner in [made.keys(), made.files(), made.mail()] {
            make_private_dir(&inner)?;
        }
        // Last, so that a directory with a marker is whole.
        let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
        write_private(&root.join("kind"), format!("{}\n{time}\n", kind.word()).as_bytes())?;
        Ok(made)
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it is for.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// When it was made. The demo's payments lie before it.
    pub const fn made_at(&self) -> Instant {
        self.made_at
    }

    /// The SQLite database.
    pub fn database(&self) -> PathBuf {
        self.root.join("redress.db")
    }

    /// The keys, unless a setting puts them elsewhere.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Attachments.
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// What the file transport writes instead of sending mail.
    pub fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// What a client of the demo needs to know.
    pub fn demo_json(&self) -> PathBuf {
        self.root.join("demo.json")
    }

    /// The demo's credentials while they are being made; it goes when `demo.json` comes.
    pub fn demo_draft(&self) -> PathBuf {
        self.root.join("demo.unfinished.json")
    }

    /// The last seal, kept outside the database.
    pub fn last_seal(&self) -> PathBuf {
        self.root.join("last-seal.json")
    }

    /// Where the running server is, for scripts.
    pub fn address(&self) -> PathBuf {
        self.root.join("address")
    }

    /// Takes the directory for one server until the returned lock is dropped or the process ends,
    /// however it ends.
    ///
    /// # Errors
    /// [`DirectoryError::Locked`] when another process holds it.
    pub fn lock(&self) -> Result<DirectoryLock, DirectoryError> {
        let path = self.root.join("lock");
        let fault = |act| move |why| DirectoryError::Io { act, path: self.root.join("lock"), why };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(PRIVATE_FILE_MODE)
            .open(&path)
            .map_err(fault("open"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                let by = match holder.trim().parse::<u32>() {
                    Ok(process) => format!(" (process {process})"),
                    Err(_) => String::new(),
                };
                return Err(DirectoryError::Locked { root: self.root.clone(), by });
            }
            Err(why) => return Err(fault("lock")(why.into())),
        }
        file.set_len(0).map_err(fault("write"))?;
        writeln!(file, "{}", std::process::id()).map_err(fault("write"))?;
        Ok(DirectoryLock { _file: file })
    }
}

/// One server's hold on a directory. The kernel lets go when the process ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Writes a file that only its owner may read, wholly or not at all: beside it first, then moved.
///
/// # Errors
/// The machine refuses; then the old file still stands.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DirectoryError> {
    let parent = parent(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = parent.join(format!(".{name}.{}.new", std::process::id()));
    let wrote = write_synced(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| File::open(parent)?.sync_all());
    wrote.map_err(|why| {
        // Nothing more can be done about a left-over than try.
        let _ = fs::remove_file(&beside);
        DirectoryError::Io { act: "write", path: path.to_owned(), why }
    })
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(PRIVATE_FILE_MODE)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a directory for its owner only, and those above it; one that is there stays as it is. The
/// names of new ones are on the disk afterwards: syncing what is in a directory does not keep the
/// directory's own name, and a power cut would take everything in it.
fn make_private_dir(path: &Path) -> Result<(), DirectoryError> {
    let new = path.ancestors().take_while(|one| !one.as_os_str().is_empty() && !one.exists());
    let new: Vec<&Path> = new.collect();
    let made = DirBuilder::new().recursive(true).mode(PRIVATE_DIR_MODE).create(path);
    let kept = made
        .and_then(|()| new.iter().rev().try_for_each(|one| File::open(parent(one))?.sync_all()));
    kept.map_err(|why| DirectoryError::Io { act: "make the directory", path: path.to_owned(), why })
}

/// The directory that holds a path's last name.
fn parent(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new("."))
}

/// Whether a directory may become ours: absent, empty, or holding no more than what an operator
/// may prepare (the settings file) and what a start that was cut short leaves behind.
fn is_vacant(root: &Path) -> Result<bool, DirectoryError> {
    const MAY_BE_THERE: [&str; 6] = ["redress.toml", "keys", "files", "mail", "lock", "lost+found"];
    let fault = |why| DirectoryError::Io { act: "read the directory", path: root.to_owned(), why };
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(why) => return Err(fault(why)),
    };
    for entry in entries {
        let name = entry.map_err(fault)?.file_name();
        let left_over = |name: &str| name.starts_with(".kind.") && name.ends_with(".new");
        if !name.to_str().is_some_and(|name| MAY_BE_THERE.contains(&name) || left_over(name)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_marker(text: &str) -> Option<(Kind, Instant)> {
    if text.len() > MARKER_BYTES_MAX {
        return None;
    }
    let mut lines = text.lines();
    let kind = Kind::parse(lines.next()?.trim())?;
    let time: jiff::Timestamp = lines.next()?.trim().parse().ok()?;
    Some((kind, Instant::from_millis(time.as_millisecond())))
}

#[cfg(test)]
mod tests;
