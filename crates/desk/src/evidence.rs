//! Files of cases: in, to whom they may be given, and the sweeps behind them. The road in is
//! [`Desk::intake`], the bytes, [`Desk::keep_files`], and then a command that names what was kept;
//! what no command names is swept. It must never give bytes away without a note in the history.

use std::time::Duration;

use ::evidence::cabinet::SHARDS;
use ::evidence::place::Plain;
use ::evidence::{Batch, Cabinet, NotKept, Refused, Rules, Said, Ticket, Upload};
use domain::actor::{Actor, Right};
use domain::admin::ReadView;
use domain::case::Command;
use domain::changes::{Change, Changes};
use domain::evidence::{AttachOrder, Evidence, Look, ReadOrder, ScanState, readable};
use domain::ids::{CaseId, EvidenceId};
use domain::{Millis, Refusal};
use store::Fault;
use store::read::evidence as read;
use tokio::time::sleep;

use crate::execute::Order;
use crate::views::{inside, may};
use crate::{Desk, Failure};

/// Held files looked at in one sweep; the next goes on with the others.
const RESCANS_PER_SWEEP: i64 = 100;

/// Files looked for in the storage between two questions to the database.
const FILES_PER_PAGE: i64 = 500;

/// The files of one request on their way in. Dropping it leaves nothing behind.
pub struct Intake {
    desk: Desk,
    batch: Batch,
}

/// Why files were not kept.
#[derive(Debug)]
pub enum FilesFailure {
    /// One of them may not be.
    Refused {
        /// Which, and why.
        refused: Refused,
        /// Those in which the scanner found something: they are written down, belong to no case
        /// and are given to nobody.
        infected: Vec<EvidenceId>,
    },
    /// The rules say no, or something of ours is broken.
    Failed(Failure),
}

impl<T: Into<Failure>> From<T> for FilesFailure {
    fn from(failure: T) -> Self {
        Self::Failed(failure.into())
    }
}

impl From<::evidence::Fault> for Failure {
    fn from(fault: ::evidence::Fault) -> Self {
        Self::Broken(Fault::later("working on files").because(fault))
    }
}

/// What giving files to a case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The files, with their ids.
    pub files: Vec<Evidence>,
    /// The case's version now.
    pub version: i64,
    /// Whether it was remembered from an earlier request with the same key.
    pub repeated: bool,
}

/// What a sweep of the storage did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files in the storage that no row named.
    pub orphans: u64,
    /// Files that a killed program left in the spool.
    pub spooled: u64,
}

impl Intake {
    /// A file begins.
    ///
    /// # Errors
    /// A fault: the spool cannot be written.
    pub async fn begin(&mut self, said: Said) -> Result<Upload, Failure> {
        let (cabinet, at) = (self.desk.cabinet()?.clone(), self.desk.now());
        let ticket = self.desk.with_dice(|dice| Ticket::draw(&cabinet, at, dice));
        Ok(self.batch.begin(ticket, said).await?)
    }

    /// A file came to its end.
    ///
    /// # Errors
    /// A fault: the spool cannot be written.
    pub async fn end(&mut self, upload: Upload) -> Result<(), Failure> {
        let spooled = upload.end().await?;
        self.batch.add(spooled);
        Ok(())
    }

    /// What came so far, and what was seen of it.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }
}

impl Desk {
    /// Gives the desk its cabinet, once; false when it has one.
    pub fn furnish(&self, cabinet: Cabinet) -> bool {
        self.inner.cabinet.set(cabinet).is_ok()
    }

    /// The cabinet.
    ///
    /// # Errors
    /// A fault: there is none.
    pub fn cabinet(&self) -> Result<&Cabinet, Failure> {
        let missing = || Fault::new("this desk was given no storage for files").into();
        self.inner.cabinet.get().ok_or_else(missing)
    }

    /// For the files of one request. `rules` are the cabinet's own, or less.
    ///
    /// # Errors
    /// A fault: there is no cabinet.
    pub fn intake(&self, scope: domain::Scope, rules: Rules) -> Result<Intake, Failure> {
        Ok(Intake { desk: self.clone(), batch: self.cabinet()?.batch(scope, rules) })
    }

    /// Whether files for this case would be taken: asked before the first of fifty megabytes.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::CaseUnknown`], or a fault.
    pub async fn may_attach(&self, by: &Actor, case: &CaseId) -> Result<(), Failure> {
        may(by, Right::WorkCases)?;
        let found = store::read::cases::find(self.db(), by.scope, case).await?;
        found.map(|_| ()).ok_or_else(|| Refusal::CaseUnknown.into())
    }

    /// Judges what came, asks the scanner, and puts it into the storage, durable. A command must
    /// name it soon; [`Desk::discard_files`] is for when the command was refused.
    ///
    /// # Errors
    /// The first file that may not be kept, or a fault; then nothing is kept but what is infected.
    pub async fn keep_files(
        &self,
        by: &Actor,
        intake: Intake,
    ) -> Result<Vec<Evidence>, FilesFailure> {
        let cabinet = self.cabinet()?;
        match cabinet.keep(intake.batch, &by.name, self.now()).await {
            Ok(files) => Ok(files),
            Err(NotKept::Broken(fault)) => Err(fault.into()),
            Err(NotKept::Refused { refused, infected }) => {
                let ids = infected.iter().map(|file| file.id.clone()).collect();
                self.write_down(by, infected).await?;
                Err(FilesFailure::Refused { refused, infected: ids })
            }
        }
    }

    async fn write_down(&self, by: &Actor, files: Vec<Evidence>) -> Result<(), Failure> {
        if files.is_empty() {
            return Ok(());
        }
        let mut changes = Changes::none(by.scope, self.now());
        changes.list.extend(files.into_iter().map(|file| Change::EvidenceKept(Box::new(file))));
        store::commit(self.db(), &changes).await.map_err(crate::failure::must)?;
        Ok(())
    }

    /// Takes kept files away again that no command named.
    pub async fn discard_files(&self, files: &[Evidence]) {
        if let Ok(cabinet) = self.cabinet() {
            cabinet.discard(files).await;
        }
    }

    /// Gives a case files that were kept just now. When it answers `Ok`, everything is durable.
    ///
    /// # Errors
    /// A refusal of the rules, or a fault. The files are gone then, unless it is not known whether
    /// the case has them.
    pub async fn attach_evidence(
        &self,
        by: &Actor,
        attach: AttachOrder,
        key: Option<String>,
    ) -> Result<Attached, Failure> {
        let (case, files) = (attach.case.clone(), attach.files.clone());
        let order = Order { by: by.clone(), command: Command::Attach(attach), key, nonce: None };
        let done = self.execute(&order).await;
        let done = match done {
            Ok(done) => done,
            Err(failure) => {
                let uncertain = matches!(&failure, Failure::Broken(fault) if fault.uncertain());
                if !uncertain {
                    self.discard_files(&files).await;
                }
                return Err(failure);
            }
        };
        let version = match &done.outcome {
            domain::changes::Outcome::Acted { version, .. } => *version,
            // A key that remembers something else was refused above.
            _ => 0,
        };
        if !done.repeated {
            let of_case = |file: Evidence| Evidence { case: Some(case.clone()), ..file };
            let files = files.into_iter().map(of_case).collect();
            return Ok(Attached { files, version, repeated: false });
        }
        self.discard_files(&files).await;
        let mut before = read::of_case(self.db(), by.scope, &case).await?;
        let same =
            |old: &Evidence, new: &Evidence| (old.sha256, &old.name) == (new.sha256, &new.name);
        before.retain(|old| files.iter().any(|new| same(old, new)));
        Ok(Attached { files: before, version, repeated: true })
    }

    /// The files of a case, oldest first.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::CaseUnknown`], or a fault.
    pub async fn evidence_of(&self, by: &Actor, case: &CaseId) -> Result<Vec<Evidence>, Failure> {
        may(by, Right::ReadEvidence)?;
        let found = store::read::cases::find(self.db(), by.scope, case).await?;
        found.ok_or(Refusal::CaseUnknown)?;
        self.note_read(by, ReadView::Evidence, case.as_str()).await?;
        let files = read::of_case(self.db(), by.scope, case).await?;
        Ok(files.into_iter().map(|file| inside::file_seen_by(by, file)).collect())
    }

    /// What is known of one file.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::EvidenceUnknown`], or a fault.
    pub async fn evidence(&self, by: &Actor, id: &EvidenceId) -> Result<Evidence, Failure> {
        may(by, Right::ReadEvidence)?;
        let found = read::find(self.db(), by.scope, id).await?;
        let file = found.ok_or(Refusal::EvidenceUnknown)?;
        self.note_read(by, ReadView::Evidence, id.as_str()).await?;
        Ok(inside::file_seen_by(by, file))
    }

    /// The bytes of one file as they came. The history says so before the first of them is given.
    ///
    /// # Errors
    /// [`Refusal::EvidenceHeld`], [`Refusal::EvidenceInfected`], those of [`Desk::evidence`], or a
    /// fault.
    pub async fn open_evidence(
        &self,
        by: &Actor,
        id: &EvidenceId,
    ) -> Result<(Evidence, Plain), Failure> {
        let file = self.readable_evidence(by, id).await?;
        let plain = self.cabinet()?.read(&file).await?;
        self.note_reading(by, &file, Look::Original).await?;
        Ok((file, plain))
    }

    /// A small JPEG made of one image. The history says so before it is given.
    ///
    /// # Errors
    /// [`Refusal::NoPreview`], those of [`Desk::open_evidence`], or a fault.
    pub async fn preview_evidence(&self, by: &Actor, id: &EvidenceId) -> Result<Vec<u8>, Failure> {
        let file = self.readable_evidence(by, id).await?;
        let made = self.cabinet()?.preview(&file).await?.ok_or(Refusal::NoPreview)?;
        self.note_reading(by, &file, Look::Preview).await?;
        Ok(made)
    }

    async fn readable_evidence(&self, by: &Actor, id: &EvidenceId) -> Result<Evidence, Failure> {
        let file = self.evidence(by, id).await?;
        readable(by, &file)?;
        Ok(file)
    }

    async fn note_reading(&self, by: &Actor, file: &Evidence, look: Look) -> Result<(), Failure> {
        // Without a case there is no history to say it in.
        let case = file.case.clone().ok_or(Refusal::EvidenceUnknown)?;
        let command = Command::ReadEvidence(ReadOrder { case, id: file.id.clone(), look });
        let order = Order { by: by.clone(), command, key: None, nonce: None };
        self.execute(&order).await.map(|_| ())
    }

    /// Takes away what no row names and what is older than `grace`: files whose command was never
    /// committed, and what a killed program left in the spool.
    ///
    /// # Errors
    /// A fault; the next sweep goes on.
    pub async fn sweep_evidence(&self, grace: Millis) -> Result<Swept, Failure> {
        let cabinet = self.cabinet()?;
        let before = self.now().plus(Millis(-grace.0));
        let mut swept = Swept { spooled: cabinet.sweep_spool(before).await?, orphans: 0 };
        for shard in 0..SHARDS {
            let old = cabinet.older_than(before, shard).await?;
            // Listed first, looked up then: what is committed meanwhile is found named.
            let named = read::known_addresses(self.db(), &old).await?;
            for address in old.iter().filter(|address| !named.contains(*address)) {
                cabinet.remove(address).await?;
                swept.orphans += 1;
            }
        }
        Ok(swept)
    }

    /// Looks again at files that were held while the scanner was down; how many are not any more.
    ///
    /// # Errors
    /// A fault; the next sweep goes on.
    pub async fn rescan_held(&self) -> Result<u64, Failure> {
        let cabinet = self.cabinet()?;
        let (mut after, mut settled) = (String::new(), 0);
        loop {
            let held = read::held(self.db(), &after, RESCANS_PER_SWEEP).await?;
            let Some(last) = held.last() else { return Ok(settled) };
            last.id.as_str().clone_into(&mut after);
            for file in held {
                let (state, finding) = match cabinet.rescan(&file).await {
                    Ok(scanned) => scanned,
                    Err(fault) => {
                        tracing::error!(id = %file.id, fault = fault.chain(), "a held file");
                        continue;
                    }
                };
                if state == ScanState::Held {
                    // The scanner is still down: the others wait for the next sweep.
                    return Ok(settled);
                }
                let change = Change::EvidenceScanned { id: file.id, state, finding };
                settled += u64::from(self.write(file.scope, change).await?);
            }
        }
    }

    /// How many files of cases there are, and how many of them the storage does not have any more,
    /// with the id of one such. Asks the storage for each: it takes a while where that is far away.
    ///
    /// # Errors
    /// A fault of the database or the storage.
    pub async fn find_missing_files(&self) -> Result<(u64, u64, Option<EvidenceId>), Failure> {
        let cabinet = self.cabinet()?;
        let (mut after, mut all, mut missing, mut one) = (String::new(), 0, 0, None);
        loop {
            let page = read::kept_after(self.db(), &after, FILES_PER_PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok((all, missing, one)) };
            last.as_str().clone_into(&mut after);
            for (id, address) in page {
                all += 1;
                if !cabinet.has(&address).await? {
                    missing += 1;
                    one = one.or(Some(id));
                }
            }
        }
    }

    /// How many files there are in each state, for the operator.
    ///
    /// # Errors
    /// A fault.
    pub async fn evidence_counts(&self) -> Result<Vec<(String, i64)>, Failure> {
        Ok(read::counts(self.db()).await?)
    }

    /// Runs both sweeps until the future is dropped.
    pub async fn keep_evidence(&self, every: Duration, grace: Millis) {
        loop {
            match self.sweep_evidence(grace).await {
                Ok(swept) if swept != Swept::default() => {
                    let Swept { orphans, spooled } = swept;
                    tracing::info!(orphans, spooled, "files that nobody names were taken away");
                }
                Ok(_) => {}
                Err(failure) => crate::sweep::log("sweeping the storage of files", &failure),
            }
            if let Err(failure) = self.rescan_held().await {
                crate::sweep::log("looking at held files again", &failure);
            }
            sleep(every).await;
        }
    }
}
