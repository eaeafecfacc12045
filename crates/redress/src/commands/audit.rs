//! `audit verify` and `audit export-seal`: the examiner's walk over every history, and the last
//! seal as a file to be kept elsewhere.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use desk::audit::Findings;

use super::{Outcome, say};
use crate::counting::Counting;
use crate::wiring::{House, Wanted, Way, explained};
use crate::{directory, seal_file};

/// Flaws of administration shown by name.
const FLAWS_SHOWN: usize = 100;

/// `audit verify`
///
/// # Errors
/// The seal cannot be read; a fault. What is wrong with a history is no error but a finding.
pub async fn verify(way: &Way, seal: Option<PathBuf>) -> anyhow::Result<Outcome> {
    let house = way.open(Wanted::Existing).await?;
    // Before the walk: a running server writes newer ones meanwhile, which the walk may not meet.
    let usual = house.last_seal_file();
    let path = seal.or_else(|| usual.is_file().then_some(usual));
    let kept = path.as_deref().map(|path| seal_file::read(&house.desk, path)).transpose()?;
    let witness = kept.as_ref().map(seal_file::witness);
    let mut counting = Counting::start("notes walked");
    let walked = house.desk.verify_audit(witness, &mut |notes| counting.show(notes)).await;
    counting.finish();
    let findings = walked.map_err(explained)?;
    tell(&findings);
    let clean = findings.clean() & tell_of_administration(&house).await?;
    match (&path, kept) {
        (Some(path), Some(kept)) => {
            say(&format!("seal {} of {} was looked for", kept.seal.seq, path.display()));
        }
        _ => say("no seal from outside the database was looked for: give one with --seal, or a \
             database that was set back is not noticed"),
    }
    Ok(if clean { Outcome::Done } else { Outcome::Refused })
}

/// The histories of administration, link by link; the walk above held their heads against the
/// seals. Gives whether all is well.
async fn tell_of_administration(house: &House) -> anyhow::Result<bool> {
    let (entries, flaws) = house.desk.verify_admin_history().await.map_err(explained)?;
    flaws.iter().take(FLAWS_SHOWN).for_each(|flaw| say(&format!("WRONG  {flaw}")));
    let wrong = match flaws.len() {
        0 => "nothing is wrong".to_owned(),
        count => counted(count as u64),
    };
    say(&format!("{entries} acts of administration: {wrong}"));
    Ok(flaws.is_empty())
}

fn tell(findings: &Findings) {
    for flaw in &findings.listed {
        say(&format!("WRONG  {flaw}"));
    }
    let unlisted = findings.flaws - findings.listed.len() as u64;
    if unlisted > 0 {
        say(&format!("WRONG  and {unlisted} more"));
    }
    let Findings { cases, notes, seals, unsealed, erased, flaws, .. } = findings;
    say(&format!(
        "{cases} histories, {notes} notes, {seals} seals; {unsealed} notes not yet sealed, \
         {erased} with erased content"
    ));
    match flaws {
        0 => say("nothing is wrong"),
        _ => {
            let flaws = counted(*flaws);
            say(&format!("{flaws}: keep the database as it is, and compare it with a backup"));
        }
    }
}

fn counted(flaws: u64) -> String {
    if flaws == 1 { "1 flaw".to_owned() } else { format!("{flaws} flaws") }
}

/// `audit export-seal`
///
/// # Errors
/// There is no seal yet, or the file cannot be written.
pub async fn export(way: &Way, file: &Path) -> anyhow::Result<Outcome> {
    let house = way.open(Wanted::Existing).await?;
    let Some(seal) = house.desk.last_seal().await.map_err(explained)? else {
        bail!("nothing was sealed yet; a running server seals by the period `audit.seal_period_s`");
    };
    let text = seal_file::text(&house.desk, &seal)?;
    if file.as_os_str() == "-" {
        say(String::from_utf8_lossy(&text).trim_end());
        return Ok(Outcome::Done);
    }
    directory::write_private(file, &text).context("exporting the last seal")?;
    say(&format!("seal {} written to {}; keep it elsewhere", seal.seal.seq, file.display()));
    Ok(Outcome::Done)
}
