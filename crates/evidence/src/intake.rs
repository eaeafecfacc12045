//! How files come: piece by piece, each piece looked at, hashed and sealed before it reaches the
//! spool. What cannot be kept is still read to its end, and not written. A spool file goes with the
//! value that owns it: a request that is given up leaves nothing.

use std::path::{Path, PathBuf};

use domain::ids::EvidenceId;
use domain::{Dice, Instant, Scope};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use vault::stream::{Hasher, Sealer};

use crate::cabinet::Cabinet;
use crate::fault::Fault;
use crate::judge::{FileFault, Refused, Rules, Said, Seen, Watch, judge};

/// Sealed bytes gathered before they are written: a few frames, so that a slow sender does not
/// cause a write for every packet.
const WRITE_BYTES: usize = 128 * 1024;

/// A file in the spool, which goes when this does.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    path: PathBuf,
    placed: bool,
}

impl SpoolFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It was renamed into the storage: nothing is left to remove.
    pub(crate) fn moved(&mut self) {
        self.placed = true;
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        // One that stays behind is found by the sweep of the spool.
        if !self.placed {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// What a new file needs from the dice: made where they are, used where it waits.
pub struct Ticket {
    id: EvidenceId,
    sealer: Sealer,
    header: Vec<u8>,
}

/// The files of one request.
pub struct Batch {
    cabinet: Cabinet,
    scope: Scope,
    rules: Rules,
    files: Vec<Spooled>,
    begun: usize,
}

/// One file on its way in.
pub struct Upload {
    id: EvidenceId,
    watch: Watch,
    hasher: Hasher,
    rules: Rules,
    sink: Option<Sink>,
}

struct Sink {
    spool: SpoolFile,
    file: File,
    sealer: Sealer,
    sealed: Vec<u8>,
}

/// One file that came to its end.
#[derive(Debug)]
pub struct Spooled {
    pub(crate) id: EvidenceId,
    /// What was seen of it.
    pub seen: Seen,
    /// SHA-256 of its bytes; of those that were kept, when it was too large.
    pub sha256: [u8; 32],
    /// Where its sealed bytes are; nothing when it was given up on the way.
    pub(crate) spool: Option<SpoolFile>,
}

/// What a file is sealed for: it does not open under another file's id.
pub(crate) fn purpose(id: &EvidenceId) -> String {
    format!("evidence {id}")
}

impl Ticket {
    /// For one file. Nothing waits while the dice are held.
    pub fn draw(cabinet: &Cabinet, at: Instant, dice: &mut dyn Dice) -> Self {
        let id = EvidenceId::new(at, dice);
        let (sealer, header) = cabinet.keys().seal_stream(dice, &purpose(&id));
        Self { id, sealer, header }
    }
}

impl Batch {
    pub(crate) fn new(cabinet: Cabinet, scope: Scope, rules: Rules) -> Self {
        Self { cabinet, scope, rules, files: Vec::new(), begun: 0 }
    }

    /// What the request may bring.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whose files they are.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// A file begins.
    ///
    /// # Errors
    /// The spool cannot be written.
    pub async fn begin(&mut self, ticket: Ticket, said: Said) -> Result<Upload, Fault> {
        let Ticket { id, sealer, header } = ticket;
        self.begun += 1;
        // What is one too many is counted, looked at and thrown away.
        let sink = if self.begun > self.rules.files_max {
            None
        } else {
            let (spool, file) = self.cabinet.spool_file(&id).await?;
            Some(Sink { spool, file, sealer, sealed: header })
        };
        let (watch, hasher) = (Watch::new(said), Hasher::default());
        Ok(Upload { id, watch, hasher, rules: self.rules.clone(), sink })
    }

    /// A file ended.
    pub fn add(&mut self, file: Spooled) {
        self.files.push(file);
    }

    /// What came, in order.
    pub fn files(&self) -> &[Spooled] {
        &self.files
    }

    /// Judges what came; asks no scanner yet.
    ///
    /// # Errors
    /// The first fault of the first file that may not be kept.
    pub fn judge(&self) -> Result<(), Refused> {
        judge(self.files.iter().map(|file| &file.seen), &self.rules).map(|_| ())
    }

    pub(crate) fn into_parts(self) -> (Cabinet, Scope, Rules, Vec<Spooled>) {
        (self.cabinet, self.scope, self.rules, self.files)
    }
}

impl Upload {
    /// The next bytes. What is wrong with them is told by [`Batch::judge`], not here.
    ///
    /// # Errors
    /// The spool cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let room = self.rules.file_bytes_max.saturating_sub(self.watch.size());
        if bytes.len() as u64 > room {
            self.watch.pass(bytes.len());
            self.sink = None;
            return Ok(());
        }
        self.watch.see(bytes);
        if self.sink.is_some() && !self.watch.hopeful(&self.rules.kinds) {
            self.sink = None;
        }
        let Some(sink) = &mut self.sink else { return Ok(()) };
        self.hasher.update(bytes);
        sink.sealer.write(bytes, &mut sink.sealed);
        if sink.sealed.len() >= WRITE_BYTES { sink.flush().await } else { Ok(()) }
    }

    /// After the last byte.
    ///
    /// # Errors
    /// The spool cannot be written.
    pub async fn end(self) -> Result<Spooled, Fault> {
        let (seen, sha256) = (self.watch.end(), self.hasher.finish());
        let spool = match self.sink {
            Some(sink) => Some(sink.end().await?),
            None => None,
        };
        Ok(Spooled { id: self.id, seen, sha256, spool })
    }
}

impl Sink {
    async fn flush(&mut self) -> Result<(), Fault> {
        let written = self.file.write_all(&self.sealed).await;
        self.sealed.clear();
        written.map_err(|why| Fault::io("writing", self.spool.path(), why))
    }

    async fn end(self) -> Result<SpoolFile, Fault> {
        let Self { spool, mut file, sealer, mut sealed } = self;
        sealer.finish(&mut sealed);
        let written = async {
            file.write_all(&sealed).await?;
            file.flush().await
        };
        written.await.map_err(|why| Fault::io("writing", spool.path(), why))?;
        Ok(spool)
    }
}

impl SpoolFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, placed: false }
    }
}

impl Spooled {
    /// A file that passed [`Batch::judge`] and yet was given up on the way.
    pub(crate) fn given_up(&self, place: usize) -> Refused {
        let name = self.seen.name.as_ref().map_or("", |name| name.as_str()).to_owned();
        Refused { place, name, fault: FileFault::TooLarge }
    }
}
