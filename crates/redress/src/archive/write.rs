//! Writes an archive: beside its place, to the disk, then moved into it. What a stopped run leaves
//! has another name, and a file that is there is never replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use vault::digest::{Sum, hex};

use super::{ArchiveError, MANIFEST, Manifest, Member, SEAL, Seal, signed, tar};

/// Only its owner may read an archive: personal data are in it.
const MODE: u32 = 0o600;

/// Bytes of a file that are copied at a time.
const PIECE_BYTES: usize = 256 << 10;

/// Removes what runs that were killed left beside the place of an archive: files under its own name
/// or one that says when, which nobody holds. What cannot be removed stays; it harms nobody.
fn clear_leavings(path: &Path, name: &str) {
    let Some(folder) = path.parent() else { return };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let ours = [format!(".{name}."), ".redress-".to_owned()];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let left = name.ends_with(".part") && ours.iter().any(|ours| name.starts_with(ours));
        let free = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if left && free() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// An archive that is being written.
pub struct Writer {
    out: BufWriter<File>,
    path: PathBuf,
    beside: PathBuf,
    at_seconds: u64,
    members: Vec<Member>,
    bytes: u64,
    done: bool,
}

impl Writer {
    /// Begins one.
    ///
    /// # Errors
    /// `path` is taken, or cannot be written.
    pub fn begin(path: &Path, at_seconds: u64) -> Result<Self, ArchiveError> {
        let io = |act| move |why| ArchiveError::Io { act, path: path.to_owned(), why };
        if path.symlink_metadata().is_ok() {
            return Err(ArchiveError::AlreadyThere { path: path.to_owned() });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        clear_leavings(path, &name);
        let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(MODE)
            .open(&beside)
            .map_err(io("write"))?;
        // Held as long as it is written, so that no other run takes it for a leaving.
        file.try_lock().map_err(|why| io("hold")(why.into()))?;
        let out = BufWriter::with_capacity(PIECE_BYTES, file);
        let path = path.to_owned();
        Ok(Self { out, path, beside, at_seconds, members: Vec::new(), bytes: 0, done: false })
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a member that is held in memory.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let length = bytes.len() as u64;
        self.add_from(name, length, &mut &bytes[..]).map_err(|why| self.io("write", why))?
    }

    /// Adds a file of a tree; one that is gone meanwhile is left out.
    ///
    /// # Errors
    /// It cannot be read or written, or became shorter meanwhile.
    pub fn add_file(&mut self, name: &str, path: &Path) -> Result<bool, ArchiveError> {
        let reading = |why| ArchiveError::Io { act: "read", path: path.to_owned(), why };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(why) => return Err(reading(why)),
        };
        let length = file.metadata().map_err(reading)?.len();
        self.add_from(name, length, &mut file).map_err(reading)??;
        Ok(true)
    }

    /// The outer error is the source's, the inner one the archive's.
    fn add_from(
        &mut self,
        name: &str,
        length: u64,
        from: &mut dyn Read,
    ) -> io::Result<Result<(), ArchiveError>> {
        let head = match tar::head(name, length, self.at_seconds) {
            Ok(head) => head,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = self.out.write_all(&head) {
            return Ok(Err(self.io("write", why)));
        }
        let (mut left, mut sum) = (length, Sum::default());
        let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(length).unwrap_or(PIECE_BYTES))];
        while left > 0 {
            let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = from.read(&mut piece[..most])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            sum.add(&piece[..count]);
            left -= count as u64;
            if let Err(why) = self.out.write_all(&piece[..count]) {
                return Ok(Err(self.io("write", why)));
            }
        }
        if let Err(why) = self.out.write_all(&[0; tar::BLOCK][..tar::padding(length)]) {
            return Ok(Err(self.io("write", why)));
        }
        self.bytes += length;
        let sha256 = hex(&sum.finish());
        self.members.push(Member { name: name.to_owned(), bytes: length, sha256 });
        Ok(Ok(()))
    }

    fn io(&self, act: &'static str, why: io::Error) -> ArchiveError {
        ArchiveError::Io { act, path: self.path.clone(), why }
    }

    /// Adds the manifest and its seal, brings all to the disk, and moves it into its place. Returns
    /// the bytes of all members.
    ///
    /// # Errors
    /// It cannot be written, or somebody took the place meanwhile.
    pub fn finish(
        mut self,
        mut manifest: Manifest,
        sign: impl FnOnce(&[u8; 32]) -> (u32, Vec<u8>),
    ) -> Result<u64, ArchiveError> {
        manifest.members = std::mem::take(&mut self.members);
        let text = self.json(&manifest)?;
        let digest = signed(&text);
        let (key_version, signature) = sign(&digest);
        let seal = Seal { digest: hex(&digest), key_version, signature: hex(&signature) };
        let seal = self.json(&seal)?;
        self.add(MANIFEST, &text)?;
        self.add(SEAL, &seal)?;
        let end = [0; 2 * tar::BLOCK];
        let wrote = self.out.write_all(&end).and_then(|()| self.out.flush());
        wrote.and_then(|()| self.out.get_ref().sync_all()).map_err(|why| self.io("write", why))?;
        // A link, not a rename: it fails where a rename would replace.
        fs::hard_link(&self.beside, &self.path).map_err(|why| self.io("make", why))?;
        self.done = true;
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or_else(|| Path::new("."));
        let tidied = fs::remove_file(&self.beside).and_then(|()| File::open(parent)?.sync_all());
        tidied.map_err(|why| self.io("write", why))?;
        Ok(self.bytes)
    }

    fn json(&self, what: &impl serde::Serialize) -> Result<Vec<u8>, ArchiveError> {
        let text = serde_json::to_vec_pretty(what);
        let mut text = text.map_err(|why| self.io("write", why.into()))?;
        text.push(b'\n');
        Ok(text)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.done {
            // Nothing more can be done about a left-over than try.
            drop(fs::remove_file(&self.beside));
        }
    }
}
