//! Mail into files, for the demo and for tests: `msg_….eml` with its envelope beside it. A mail
//! that is sent again takes the place of itself, so a repetition is no second mail. A file that
//! can be seen is whole and lasts.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use domain::address::Address;
use serde::Serialize;

use super::Composed;

/// Tells temporary files of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Envelope beside a mail, as JSON.
#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    from: &'a str,
    to: Vec<&'a str>,
}

/// A folder of mails.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder, making it when it is missing; only its owner may look into it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Writes one mail durably. When this is done the mail survives a crash of the machine.
    ///
    /// # Errors
    /// When the disk refuses; then the mail is not there, or the earlier one of this id is.
    pub async fn keep(&self, mail: &Composed) -> io::Result<()> {
        let (path, mail) = (self.path.clone(), mail.clone());
        tokio::task::spawn_blocking(move || keep(&path, &mail)).await.map_err(io::Error::other)?
    }
}

fn keep(folder: &Path, mail: &Composed) -> io::Result<()> {
    // The id is letters and digits after a prefix: nothing that a path could trip over.
    let id = mail.id.as_str();
    let to = mail.to.iter().map(Address::as_str).collect();
    let envelope = Envelope { id, from: mail.from.as_str(), to };
    let envelope = serde_json::to_vec_pretty(&envelope).map_err(io::Error::other)?;
    // The envelope first: who sees the mail finds its envelope there.
    put(folder, &format!("{id}.json"), &envelope)?;
    put(folder, &format!("{id}.eml"), &mail.bytes)?;
    File::open(folder)?.sync_all()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!(".{name}.{}.{number}.tmp", std::process::id()));
    let written = write(&temporary, bytes).and_then(|()| {
        // The rename is atomic: a reader sees the old file or the new one.
        fs::rename(&temporary, folder.join(name))
    });
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
