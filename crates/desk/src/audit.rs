//! Seals the histories, and walks them as an examiner would. What was written since the last seal
//! (the sealing period, a minute by default) is chained but not yet signed: within that window
//! whoever holds the database could still write a history anew.

use std::collections::BTreeMap;

use domain::audit::{Heads, Seal, SignedSeal};
use domain::case::retell;
use domain::chain::{Content, Digest, Flaw, Head, StoredNote, verify};
use domain::changes::{Change, KeptContent};
use domain::ids::CaseId;
use store::read::audit as read;
use store::read::cases::KeptNote;
use vault::audit_seal::{Checked, Signature};

mod rows;

use crate::execute::note_purpose;
use crate::nonces::NOBODY;
use crate::{Desk, Failure};
use rows::Told;

/// Notes one seal covers. Small, so that sealing a backlog never holds the writer long.
const NOTES_PER_SEAL_MAX: i64 = 500;

/// Flaws listed by name; beyond it they are only counted.
const FLAWS_LISTED_MAX: usize = 100;

/// What an examiner's walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Histories walked.
    pub cases: u64,
    /// Notes walked.
    pub notes: u64,
    /// Seals walked.
    pub seals: u64,
    /// Notes that no seal covers yet.
    pub unsealed: u64,
    /// Notes whose content is gone. Erasing on request does that and leaves the chain whole; more
    /// of them than requests is something to look into.
    pub erased: u64,
    /// How many flaws there are.
    pub flaws: u64,
    /// The first hundred, in words.
    pub listed: Vec<String>,
    /// The last seal that was read.
    pub last: Option<SignedSeal>,
}

impl Findings {
    fn flaw(&mut self, words: String) {
        self.flaws += 1;
        if self.listed.len() < FLAWS_LISTED_MAX {
            self.listed.push(words);
        }
    }

    /// Whether nothing is wrong.
    pub const fn clean(&self) -> bool {
        self.flaws == 0
    }
}

/// A seal that was kept outside the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The seal's number.
    pub seq: i64,
    /// Its digest.
    pub digest: Digest,
}

impl Desk {
    /// Seals the heads of histories that grew; the seal when there was something to seal. Two nodes
    /// may try at once: one of them gets the number, the other finds less to do.
    ///
    /// # Errors
    /// A fault.
    pub async fn seal_once(&self) -> Result<Option<SignedSeal>, Failure> {
        let mut heads = read::unsealed_heads(self.db(), NOTES_PER_SEAL_MAX).await?;
        if heads.count() == 0 {
            return Ok(None);
        }
        heads.cases.sort_by(|a, b| a.case.cmp(&b.case));
        let last = read::last_seal(self.db()).await?;
        let now = self.now();
        let seal = Seal::over(&heads, last.as_ref().map(|last| &last.seal), now);
        let signature = self.keyring().audit_sign(&seal.digest());
        let signed = SignedSeal {
            seal,
            signer: format!("audit-{}", signature.key_version),
            signature: signature.bytes.to_vec(),
        };
        let made = self.write(NOBODY, Change::Sealed { seal: signed.clone(), heads }).await?;
        Ok(made.then_some(signed))
    }

    /// The last seal.
    ///
    /// # Errors
    /// A fault.
    pub async fn last_seal(&self) -> Result<Option<SignedSeal>, Failure> {
        Ok(read::last_seal(self.db()).await?)
    }

    /// Whether a seal that was kept outside stands in the database as it was.
    ///
    /// # Errors
    /// A fault.
    pub async fn holds_seal(&self, outside: &SignedSeal) -> Result<bool, Failure> {
        let there = read::seals(self.db(), outside.seal.seq - 1).await?.into_iter().next();
        Ok(there.is_some_and(|inside| inside.seal.digest() == outside.seal.digest()))
    }

    /// Walks every history and every seal. `witness` is a seal kept elsewhere: a database that does
    /// not hold it is an old copy or another one. `progress` is told how many notes were walked.
    ///
    /// # Errors
    /// A fault; flaws are not errors but findings.
    pub async fn verify_audit(
        &self,
        witness: Option<Witness>,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Findings, Failure> {
        let mut findings = Findings::default();
        self.walk_notes(&mut findings, progress).await?;
        self.walk_seals(&mut findings, witness).await?;
        for flaw in read::mismatches(self.db()).await? {
            findings.flaw(flaw);
        }
        self.judge_administration(&mut |flaw| findings.flaw(flaw)).await?;
        Ok(findings)
    }

    async fn walk_notes(
        &self,
        findings: &mut Findings,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), Failure> {
        let (mut case, mut seq) = (String::new(), 0);
        let mut chain: Vec<StoredNote> = Vec::new();
        let mut retold = BTreeMap::new();
        loop {
            let page = read::all_notes(self.db(), &case, seq).await?;
            if page.is_empty() {
                break;
            }
            for kept in page {
                kept.note.case.as_str().clone_into(&mut case);
                seq = kept.note.seq;
                findings.notes += 1;
                findings.unsealed += u64::from(kept.seal == 0);
                let another = chain.last().is_some_and(|last| last.note.case != kept.note.case);
                if another {
                    judge_chain(findings, &chain, &mut retold);
                    chain.clear();
                }
                chain.push(self.stored_note(kept, findings));
            }
            self.judge_rows(findings, &mut retold).await?;
            progress(findings.notes);
        }
        if !chain.is_empty() {
            judge_chain(findings, &chain, &mut retold);
        }
        self.judge_rows(findings, &mut retold).await
    }

    /// Opens sealed content; what cannot be opened is a flaw of its own.
    fn stored_note(&self, kept: KeptNote, findings: &mut Findings) -> StoredNote {
        let content = match kept.content {
            None => None,
            Some(KeptContent::Plain(content)) => Some(content),
            Some(KeptContent::Sealed { salt, bytes }) => {
                let purpose = note_purpose(kept.note.case.as_str(), kept.note.seq);
                match self.keyring().unseal(&purpose, &bytes) {
                    Ok(plain) => {
                        let text = String::from_utf8_lossy(&plain).into_owned();
                        Some(Content { salt, text })
                    }
                    Err(why) => {
                        let (case, seq) = (&kept.note.case, kept.note.seq);
                        findings.flaw(format!("{case} note {seq}: content does not open: {why}"));
                        None
                    }
                }
            }
        };
        StoredNote { note: kept.note, digest: kept.digest, content }
    }

    async fn walk_seals(
        &self,
        findings: &mut Findings,
        witness: Option<Witness>,
    ) -> Result<(), Failure> {
        let mut last: Option<Seal> = None;
        let mut met = witness.is_none();
        loop {
            let after = last.as_ref().map_or(0, |seal| seal.seq);
            let page = read::seals(self.db(), after).await?;
            if page.is_empty() {
                break;
            }
            for signed in page {
                findings.seals += 1;
                let mut heads = read::heads_of(self.db(), signed.seal.seq).await?;
                heads.cases.sort_by(|a, b| a.case.cmp(&b.case));
                self.judge_seal(findings, &signed, &heads, last.as_ref());
                met |= witness.is_some_and(|one| {
                    one.seq == signed.seal.seq && one.digest == signed.seal.digest()
                });
                last = Some(signed.seal.clone());
                findings.last = Some(signed);
            }
        }
        if let (false, Some(witness)) = (met, witness) {
            findings.flaw(format!(
                "seal {}, kept outside, is not in this database: it is an old copy or was \
                 written anew",
                witness.seq
            ));
        }
        Ok(())
    }

    fn judge_seal(
        &self,
        findings: &mut Findings,
        signed: &SignedSeal,
        heads: &Heads,
        last: Option<&Seal>,
    ) {
        let seal = &signed.seal;
        let seq = seal.seq;
        if seq != last.map_or(0, |last| last.seq) + 1 {
            findings.flaw(format!("seal {seq}: the one before it is missing"));
        } else if seal.previous != last.map_or([0; 32], Seal::digest) {
            findings.flaw(format!("seal {seq}: does not continue the one before it"));
        }
        if heads.root() != seal.root || heads.count() != seal.heads {
            findings.flaw(format!("seal {seq}: its heads are not the ones that were sealed"));
        }
        match self.check_signature(signed) {
            Checked::Good => {}
            Checked::Forged => findings.flaw(format!("seal {seq}: the signature is not ours")),
            Checked::UnknownKey => {
                findings.flaw(format!("seal {seq}: signed by {}, not held here", signed.signer));
            }
        }
    }

    fn check_signature(&self, signed: &SignedSeal) -> Checked {
        let version = signed.signer.strip_prefix("audit-").and_then(|text| text.parse().ok());
        let bytes = signed.signature.as_slice().try_into().ok();
        match (version, bytes) {
            (Some(key_version), Some(bytes)) => self
                .keyring()
                .audit_verify(&signed.seal.digest(), &Signature { key_version, bytes }),
            _ => Checked::Forged,
        }
    }
}

fn judge_chain(findings: &mut Findings, chain: &[StoredNote], retold: &mut BTreeMap<CaseId, Told>) {
    findings.cases += 1;
    let Some((first, last)) = chain.first().zip(chain.last()) else { return };
    let case = &first.note.case;
    let erased = |note: &&StoredNote| note.content.is_none() && note.note.content != [0; 32];
    findings.erased += u64::try_from(chain.iter().filter(erased).count()).unwrap_or(u64::MAX);
    match retell(chain) {
        Some(told) => {
            let told = Told { retold: told, notes: last.note.seq };
            retold.insert(case.clone(), told);
        }
        None => findings.flaw(format!("{case}: its history holds an act that was impossible")),
    }
    let walked: Result<Head, Flaw> = verify(chain.iter());
    if let Err(flaw) = walked {
        findings.flaw(match flaw {
            Flaw::Gap { expected } => format!("{case}: note {expected} is missing"),
            Flaw::Broken { seq } => format!("{case}: note {seq} does not continue the one before"),
            Flaw::Altered { seq } => format!("{case}: note {seq} was altered"),
            Flaw::ContentAltered { seq } => {
                format!("{case}: the content of note {seq} was altered")
            }
        });
    }
}
