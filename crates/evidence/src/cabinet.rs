//! The cabinet: spool, storage and scanner behind one door. A file is in the storage, durable,
//! before anybody may name it; its name there is never used twice, so the sweep of what nobody
//! names can never take away what somebody is about to name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::evidence::{Evidence, FileKind, ScanState};
use domain::ids::EvidenceId;
use domain::{Instant, Scope};
use tokio::fs::File;
use tokio::sync::Semaphore;
use vault::Keyring;
use vault::digest::hex;

use crate::fault::{Fault, blocking};
use crate::intake::{Batch, SpoolFile, Spooled, purpose};
use crate::judge::{FileFault, Refused, Rules, judge};
use crate::place::{Place, Plain, Source};
use crate::preview;
use crate::scan::{Answer, Checked, Scanner};

/// Files that are looked at by the scanner at the same time. clamd has ten threads by default, and
/// is not ours alone.
const SCANS_AT_ONCE: usize = 4;

/// Pictures made at the same time: each may need a hundred megabytes.
const PREVIEWS_AT_ONCE: usize = 1;

/// Parts of the storage that are swept one after another.
pub const SHARDS: u16 = 256;

/// What is done with a file that the scanner could not look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnScannerDown {
    /// It is taken and held: looked at later, given to nobody before.
    Quarantine,
    /// It is refused.
    Reject,
}

/// What a cabinet is made of.
pub struct Settings {
    /// The folder for files on their way in; for a folder as storage on the same file system.
    pub spool: PathBuf,
    /// Where files are kept.
    pub place: Place,
    /// Who looks at them.
    pub scanner: Scanner,
    /// When nobody could.
    pub on_scanner_down: OnScannerDown,
    /// What a request may bring, unless its dialect takes less.
    pub rules: Rules,
}

/// Cheap to clone, one for the whole program.
#[derive(Clone)]
pub struct Cabinet {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Arc<Keyring>,
    settings: Settings,
    scans: Semaphore,
    previews: Arc<Semaphore>,
}

/// Why files were not kept.
#[derive(Debug)]
pub enum NotKept {
    /// One of them may not be. What the scanner found something in is in the storage all the same,
    /// for whoever must look into it; the others are gone.
    Refused {
        /// Which, and why.
        refused: Refused,
        /// Those with something in them, to be written down as held.
        infected: Vec<Evidence>,
    },
    /// Something of ours is broken. Nothing was kept.
    Broken(Fault),
}

impl From<Fault> for NotKept {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

impl Cabinet {
    /// Makes the folders, and sees that the storage is this installation's own.
    ///
    /// # Errors
    /// The spool or the storage cannot be used, or belongs to another installation.
    pub async fn open(keys: Arc<Keyring>, settings: Settings) -> Result<Self, Fault> {
        let spool = settings.spool.clone();
        blocking(move || crate::place::folder::make(&spool)).await?;
        settings.place.claim(&hex(&keys.lookup_digest("evidence owner", ""))).await?;
        let (scans, previews) = (Semaphore::new(SCANS_AT_ONCE), Semaphore::new(PREVIEWS_AT_ONCE));
        let inner = Inner { keys, settings, scans, previews: Arc::new(previews) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What a request may bring, unless its dialect takes less.
    pub fn rules(&self) -> &Rules {
        &self.inner.settings.rules
    }

    /// Where files are kept.
    pub fn place(&self) -> &Place {
        &self.inner.settings.place
    }

    pub(crate) fn keys(&self) -> &Keyring {
        &self.inner.keys
    }

    /// For the files of one request.
    pub fn batch(&self, scope: Scope, rules: Rules) -> Batch {
        Batch::new(self.clone(), scope, rules)
    }

    pub(crate) async fn spool_file(&self, id: &EvidenceId) -> Result<(SpoolFile, File), Fault> {
        let path = self.inner.settings.spool.join(id.as_str());
        let opening = path.clone();
        let file = blocking(move || crate::place::folder::create(&opening)).await?;
        Ok((SpoolFile::new(path), File::from_std(file)))
    }

    /// The name in the storage. The digest is under a key and the scope is in it, so that the
    /// storage tells nobody what somebody else has; the id makes it a name of its own.
    fn address(&self, scope: Scope, sha256: &[u8; 32], id: &EvidenceId) -> String {
        let text = format!("{} {}", scope.number(), hex(sha256));
        let digest = self.keys().lookup_digest("evidence address", &text);
        format!("{}.{}", hex(&digest), id.as_str())
    }

    /// Judges, asks the scanner, and puts the files down. When it answers, they are durable and no
    /// row names them yet; what is not named in time is swept.
    ///
    /// # Errors
    /// What may not be kept, or what is broken.
    pub async fn keep(
        &self,
        batch: Batch,
        by: &str,
        at: Instant,
    ) -> Result<Vec<Evidence>, NotKept> {
        let (_, scope, rules, spooled) = batch.into_parts();
        let kinds = judge(spooled.iter().map(|file| &file.seen), &rules)
            .map_err(|refused| NotKept::Refused { refused, infected: Vec::new() })?;
        let mut files = Vec::with_capacity(kinds.len());
        let mut refused = None;
        for (place, (file, kind)) in spooled.into_iter().zip(kinds).enumerate() {
            let Some(spool) = &file.spool else {
                let refused = file.given_up(place);
                return Err(NotKept::Refused { refused, infected: Vec::new() });
            };
            let (state, finding) = self.look(&file.id, spool.path()).await?;
            let fault = match state {
                ScanState::Infected => Some(FileFault::Infected),
                ScanState::Held if self.rejects() => Some(FileFault::NotScanned),
                _ => None,
            };
            let evidence = self.described(scope, &file, (kind, state, finding), (by, at));
            if let (Some(fault), None) = (fault, &refused) {
                refused = Some(Refused { place, name: evidence.name.clone(), fault });
            }
            files.push((evidence, file));
        }
        if refused.is_some() {
            files.retain(|(evidence, _)| evidence.state == ScanState::Infected);
        }
        let kept = self.put_all(files).await?;
        match refused {
            Some(refused) => Err(NotKept::Refused { refused, infected: kept }),
            None => Ok(kept),
        }
    }

    fn rejects(&self) -> bool {
        self.inner.settings.on_scanner_down == OnScannerDown::Reject
    }

    fn described(
        &self,
        scope: Scope,
        file: &Spooled,
        (kind, state, finding): (FileKind, ScanState, String),
        (by, at): (&str, Instant),
    ) -> Evidence {
        let id = file.id.clone();
        Evidence {
            scope,
            case: None,
            name: file.seen.name.as_ref().map_or("", |name| name.as_str()).to_owned(),
            kind,
            size: i64::try_from(file.seen.size).unwrap_or(i64::MAX),
            sha256: file.sha256,
            flags: file.seen.flags.iter().copied().collect(),
            state,
            finding,
            address: self.address(scope, &file.sha256, &id),
            uploaded_by: by.to_owned(),
            created_at: at,
            id,
        }
    }

    /// All of them or none: what was put down before one failed is taken away again.
    async fn put_all(&self, files: Vec<(Evidence, Spooled)>) -> Result<Vec<Evidence>, Fault> {
        let mut kept = Vec::with_capacity(files.len());
        for (evidence, file) in files {
            let Some(spool) = file.spool else { continue };
            if let Err(fault) = self.place().put(&evidence.address, spool).await {
                self.discard(&kept).await;
                return Err(fault);
            }
            kept.push(evidence);
        }
        Ok(kept)
    }

    /// Takes away files that no row will name. What fails here is swept later.
    pub async fn discard(&self, files: &[Evidence]) {
        for file in files {
            if let Err(fault) = self.place().remove(&file.address).await {
                tracing::warn!(fault = fault.chain(), "a file that nobody names stays for now");
            }
        }
    }

    async fn look(&self, id: &EvidenceId, path: &Path) -> Result<(ScanState, String), Fault> {
        if matches!(self.inner.settings.scanner, Scanner::Off) {
            return Ok((ScanState::Unscanned, String::new()));
        }
        let file = File::open(path).await.map_err(|why| Fault::io("reading", path, why))?;
        let plain = Plain::begin(self.keys(), &purpose(id), Source::File(file)).await?;
        Ok(self.scanned(plain).await)
    }

    async fn scanned(&self, mut plain: Plain) -> (ScanState, String) {
        let Ok(_permit) = self.inner.scans.acquire().await else {
            return (ScanState::Held, String::new());
        };
        let most = self.rules().file_bytes_max;
        match self.inner.settings.scanner.look(&mut plain, most).await {
            Answer::Clean => (ScanState::Clean, String::new()),
            Answer::Infected(name) => {
                tracing::warn!(found = name, "the scanner found something in a file");
                (ScanState::Infected, name)
            }
            Answer::NotLooked(why) => {
                tracing::error!(why, "the scanner could not look at a file");
                (ScanState::Held, String::new())
            }
        }
    }

    /// Looks at a file that was held; [`ScanState::Held`] when that still cannot be done.
    ///
    /// # Errors
    /// The storage does not give the file.
    pub async fn rescan(&self, file: &Evidence) -> Result<(ScanState, String), Fault> {
        if matches!(self.inner.settings.scanner, Scanner::Off) {
            return Ok((ScanState::Held, String::new()));
        }
        let plain = self.read(file).await?;
        Ok(self.scanned(plain).await)
    }

    /// The plain bytes of a file, in order.
    ///
    /// # Errors
    /// The storage does not have it, does not answer, or its first bytes were altered.
    pub async fn read(&self, file: &Evidence) -> Result<Plain, Fault> {
        let source = self.place().get(&file.address).await?;
        let source = source.ok_or_else(|| {
            Fault::new(format!("{}: its bytes are not in the storage any more", file.id))
        })?;
        Plain::begin(self.keys(), &purpose(&file.id), source).await
    }

    /// A small JPEG made of an image; nothing when there can be none.
    ///
    /// # Errors
    /// The storage does not give the file.
    pub async fn preview(&self, file: &Evidence) -> Result<Option<Vec<u8>>, Fault> {
        let most = i64::try_from(self.rules().file_bytes_max).unwrap_or(i64::MAX);
        if file.kind == FileKind::Pdf || file.size > most {
            return Ok(None);
        }
        // The permit goes with the work: who stops waiting does not make room for more of it.
        let Ok(permit) = Arc::clone(&self.inner.previews).acquire_owned().await else {
            return Ok(None);
        };
        let mut plain = self.read(file).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = plain.next().await? {
            bytes.extend_from_slice(&chunk);
        }
        let kind = file.kind;
        blocking(move || {
            let made = preview::make(kind, &bytes);
            drop(permit);
            Ok(made)
        })
        .await
    }

    /// Names in one part of the storage that were put down before an instant.
    ///
    /// # Errors
    /// The storage does not answer.
    pub async fn older_than(&self, before: Instant, shard: u16) -> Result<Vec<String>, Fault> {
        self.place().older_than(before, shard).await
    }

    /// Whether the storage has a file of this name.
    ///
    /// # Errors
    /// The storage does not answer.
    pub async fn has(&self, address: &str) -> Result<bool, Fault> {
        self.place().has(address).await
    }

    /// Takes one file away, by its name in the storage.
    ///
    /// # Errors
    /// The storage does not answer.
    pub async fn remove(&self, address: &str) -> Result<(), Fault> {
        self.place().remove(address).await
    }

    /// Takes away what a killed program left in the spool; how many there were.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub async fn sweep_spool(&self, before: Instant) -> Result<u64, Fault> {
        let spool = self.inner.settings.spool.clone();
        blocking(move || crate::place::folder::remove_older(&spool, before)).await
    }

    /// Whether the scanner answers and looks at files as large as those that are taken.
    pub async fn check_scanner(&self) -> Checked {
        self.inner.settings.scanner.check(self.rules().file_bytes_max).await
    }
}
