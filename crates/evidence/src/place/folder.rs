//! A folder as storage: 256 folders of sealed files, readable by nobody else. A file is written in
//! the spool beside them, waits for the disk, is renamed, and the folder waits for the disk too:
//! only then is it there for good.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use domain::Instant;

use super::{Source, shard_name};
use crate::cabinet::SHARDS;
use crate::fault::{Fault, blocking};
use crate::intake::SpoolFile;

/// Where in a folder the files themselves are: all that a backup needs of it.
pub const KEPT: &str = "kept";

/// Holds whose folder it is.
const OWNER_FILE: &str = "owner";

/// Bytes of that file at most.
const OWNER_BYTES_MAX: u64 = 1024;

/// A folder.
pub struct Folder {
    root: PathBuf,
}

/// Makes a folder that nobody else may enter, with those above it.
pub(crate) fn make(path: &Path) -> Result<(), Fault> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|why| Fault::io("making the folder", path, why))
}

/// Makes a file that nobody else may read and that was not there.
pub(crate) fn create(path: &Path) -> Result<File, Fault> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|why| Fault::io("making the file", path, why))
}

fn sync_folder(path: &Path) -> Result<(), Fault> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|why| Fault::io("waiting for the disk with", path, why))
}

/// When a file was last written.
fn written_at(about: &fs::Metadata) -> Option<Instant> {
    let since = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Instant::from_millis)
}

/// The files in a folder that were written before an instant; one that goes meanwhile is gone.
fn older(folder: &Path, before: Instant) -> Result<Vec<PathBuf>, Fault> {
    let reading = |why| Fault::io("reading the folder", folder, why);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(reading)? {
        let entry = entry.map_err(reading)?;
        let Ok(about) = entry.metadata() else { continue };
        if about.is_file() && written_at(&about).is_some_and(|at| at < before) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Takes away the files of a folder that were written before an instant.
pub(crate) fn remove_older(folder: &Path, before: Instant) -> Result<u64, Fault> {
    let mut gone = 0;
    for path in older(folder, before)? {
        remove_file(&path)?;
        gone += 1;
    }
    Ok(gone)
}

fn remove_file(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != ErrorKind::NotFound => Err(Fault::io("removing", path, why)),
        _ => Ok(()),
    }
}

impl Folder {
    /// Makes what is missing of the folder.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub fn open(root: &Path) -> Result<Self, Fault> {
        let files = root.join(KEPT);
        make(&files)?;
        for shard in 0..SHARDS {
            make(&files.join(shard_name(shard)))?;
        }
        sync_folder(&files)?;
        sync_folder(root)?;
        Ok(Self { root: root.to_owned() })
    }

    fn path(&self, address: &str) -> PathBuf {
        let shard = address.get(..2).unwrap_or("00");
        self.root.join(KEPT).join(shard).join(address)
    }

    pub(super) fn described(&self) -> String {
        format!("the folder {}", self.root.display())
    }

    pub(super) async fn claim(&self, mark: &str) -> Result<String, Fault> {
        let (path, mark) = (self.root.join(OWNER_FILE), mark.to_owned());
        let root = self.root.clone();
        blocking(move || {
            if !path.exists() {
                let writing = |why| Fault::io("writing", &path, why);
                let half = root.join(format!("{OWNER_FILE}.new"));
                remove_file(&half)?;
                let mut file = create(&half)?;
                file.write_all(mark.as_bytes()).map_err(writing)?;
                file.sync_all().map_err(writing)?;
                fs::rename(&half, &path).map_err(writing)?;
                sync_folder(&root)?;
            }
            let mut found = String::new();
            let file = File::open(&path).map_err(|why| Fault::io("reading", &path, why))?;
            let read = file.take(OWNER_BYTES_MAX).read_to_string(&mut found);
            read.map_err(|why| Fault::io("reading", &path, why))?;
            Ok(found)
        })
        .await
    }

    pub(super) async fn put(&self, address: &str, mut spool: SpoolFile) -> Result<(), Fault> {
        let path = self.path(address);
        blocking(move || {
            let from = spool.path();
            let waiting = |why| Fault::io("waiting for the disk with", from, why);
            File::open(from).and_then(|file| file.sync_all()).map_err(waiting)?;
            let renaming = |why| Fault::io("moving a spooled file to", &path, why);
            fs::rename(from, &path).map_err(renaming)?;
            spool.moved();
            path.parent().map_or(Ok(()), sync_folder)
        })
        .await
    }

    pub(super) async fn get(&self, address: &str) -> Result<Option<Source>, Fault> {
        let path = self.path(address);
        match tokio::fs::File::open(&path).await {
            Ok(file) => Ok(Some(Source::File(file))),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(Fault::io("reading", &path, why)),
        }
    }

    pub(super) async fn has(&self, address: &str) -> Result<bool, Fault> {
        let path = self.path(address);
        blocking(move || path.try_exists().map_err(|why| Fault::io("looking for", &path, why)))
            .await
    }

    pub(super) async fn remove(&self, address: &str) -> Result<(), Fault> {
        let path = self.path(address);
        blocking(move || remove_file(&path)).await
    }

    pub(super) async fn older_than(
        &self,
        before: Instant,
        shard: u16,
    ) -> Result<Vec<String>, Fault> {
        let folder = self.root.join(KEPT).join(shard_name(shard));
        let paths = blocking(move || older(&folder, before)).await?;
        let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        Ok(paths.iter().filter_map(name).collect())
    }

    pub(super) async fn probe(&self, at: Instant) -> Result<(), Fault> {
        let path = self.root.join(format!("probe-{}", at.millis()));
        blocking(move || {
            let mut file = create(&path)?;
            let written = file.write_all(b"probe").and_then(|()| file.sync_all());
            remove_file(&path)?;
            written.map_err(|why| Fault::io("writing", &path, why))
        })
        .await
    }
}
