//! Files of a case: their coming and every reading of them become notes of its history. Neither
//! moves the case; a reading does not even count as a new version, so that looking at a photograph
//! never takes another person's act away.

use super::{Decision, Hand, note};
use crate::case::{Case, Known};
use crate::changes::{Change, Changes, Outcome};
use crate::evidence::{AttachOrder, Evidence, KEPT_WORD, READ_WORD, ReadOrder};
use crate::refusal::Refusal;

/// What giving `files` to a case changes: a row and a note for each, in their order. For every
/// command that opens or moves a case and brings files with it; the case's own change, written
/// before these, must be made of `case` as it is afterwards.
pub fn attached(case: &mut Case, files: &[Evidence], hand: &mut Hand<'_>) -> Vec<Change> {
    let mut changes = Vec::with_capacity(files.len() * 2);
    for file in files {
        changes.push(note(case, KEPT_WORD, file.id.as_str(), &file.content(), hand));
        let kept = Evidence { case: Some(case.id.clone()), scope: case.scope, ..file.clone() };
        changes.push(Change::EvidenceKept(Box::new(kept)));
    }
    changes
}

pub(super) fn decide_attach(
    known: &Known,
    order: &AttachOrder,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let mut case = known.case.clone().ok_or(Refusal::CaseUnknown)?;
    if order.version.is_some_and(|seen| seen != case.version) {
        return Err(Refusal::Stale { version: case.version });
    }
    case.version += 1;
    let mut changes = Changes::none(hand.by.scope, hand.at);
    let files = attached(&mut case, &order.files, hand);
    let (version, stage) = (case.version, case.stage);
    let outcome = Outcome::Acted { case: case.id.clone(), version, stage };
    changes.list.push(Change::CaseMoved(Box::new(case)));
    changes.list.extend(files);
    Ok(Decision { changes, outcome })
}

pub(super) fn decide_read(
    known: &Known,
    order: &ReadOrder,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let mut case = known.case.clone().ok_or(Refusal::CaseUnknown)?;
    let was = case.head;
    let fact = format!("{} {}", order.id, order.look.word());
    let noted = note(&mut case, READ_WORD, &fact, "", hand);
    let mut changes = Changes::none(hand.by.scope, hand.at);
    changes.list.push(Change::CaseNoted { case: case.id.clone(), was, is: case.head });
    changes.list.push(noted);
    let (version, stage) = (case.version, case.stage);
    Ok(Decision { changes, outcome: Outcome::Acted { case: case.id, version, stage } })
}
