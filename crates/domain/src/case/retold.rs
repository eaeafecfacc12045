//! A case told again from its history alone: what its row must say, or somebody changed the row
//! behind the rules.

use super::decide::{ABSORB, CARRIED, LAPSE};
use super::{
    Archived, Ask, Channel, Opening, Outcome, Proposal, ReportContent, Stage, Tie, next_stage,
};
use crate::chain::StoredNote;
use crate::evidence;
use crate::ids::CaseId;
use crate::time::Instant;
use std::collections::BTreeSet;

/// What a history says of its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retold {
    /// Where the case stands.
    pub stage: Stage,
    /// Since when.
    pub stage_at: Instant,
    /// When it was opened.
    pub opened_at: Instant,
    /// How it came.
    pub channel: Channel,
    /// When it was received.
    pub received_at: Instant,
    /// The customer's language, empty when unknown.
    pub language: String,
    /// What came out, from resolving until reopening.
    pub outcome: Option<Outcome>,
    /// The addresses of the report, comma-separated; nothing when its content was erased or when
    /// it gave none.
    pub addresses: Option<String>,
    /// The queue it was last given to; nothing when it was never given to one.
    pub queue: Option<String>,
    /// Who works it; nothing when nobody was named, or by an older program only.
    pub assignee: Option<String>,
    /// What waits for a second person.
    pub proposal: Option<Proposal>,
    /// What other cases are to it.
    pub ties: BTreeSet<(Tie, CaseId)>,
}

/// Tells a history again. Nothing when it does not begin with a report or an opening, or holds an
/// act that was impossible where it stands.
pub fn retell<'a>(notes: impl IntoIterator<Item = &'a StoredNote>) -> Option<Retold> {
    let mut notes = notes.into_iter();
    let mut retold = begun(notes.next()?)?;
    for stored in notes.filter(|stored| !evidence::is_of_evidence(&stored.note.act)) {
        if stored.note.act == ABSORB {
            absorb(&mut retold, stored)?;
            continue;
        }
        if stored.note.act == Archived::ACT {
            continue; // where it came from
        }
        if stored.note.act == LAPSE {
            retold.proposal = None;
            continue;
        }
        let ask = Ask::read(&stored.note.act, &stored.note.fact)?;
        let stage = next_stage(retold.stage, &ask)?;
        if stage != retold.stage {
            (retold.stage, retold.stage_at) = (stage, stored.note.at);
        }
        match ask {
            Ask::Assign { queue, person } => {
                // Without a person, an older program may have named one all the same.
                retold.assignee = person;
                retold.queue = queue.or(retold.queue);
            }
            Ask::Take => retold.assignee = Some(stored.note.actor.clone()),
            Ask::Resolve { outcome } => retold.outcome = Some(outcome),
            Ask::Reopen => retold.outcome = None,
            Ask::Propose { remedy } => {
                retold.proposal = Some(Proposal { remedy, by: stored.note.actor.clone() });
            }
            Ask::Approve | Ask::Decline => retold.proposal = None,
            Ask::Link { tie, other } => drop(retold.ties.insert((tie, other))),
            Ask::Unlink { tie, other } => drop(retold.ties.remove(&(tie, other))),
            Ask::Merge { into, .. } => drop(retold.ties.insert((Tie::DuplicateOf, into))),
            Ask::Split { .. } => {
                let part = CaseId::parse(&stored.note.fact)?;
                retold.ties.insert((Tie::SplitInto, part));
            }
            _ => {}
        }
    }
    Some(retold)
}

fn begun(first: &StoredNote) -> Option<Retold> {
    let at = first.note.at;
    let opening = match first.note.act.as_str() {
        "report" => Opening { channel: Channel::App, received_at: at, language: String::new() },
        Opening::ACT => Opening::read(&first.note.fact)?,
        _ => return None,
    };
    let report = first.content.as_ref().and_then(|content| ReportContent::read(&content.text));
    Some(Retold {
        stage: Stage::Received,
        stage_at: at,
        opened_at: at,
        channel: opening.channel,
        received_at: opening.received_at,
        language: opening.language,
        outcome: None,
        addresses: report.map(|report| report.addresses.to_owned()),
        queue: None,
        assignee: None,
        proposal: None,
        ties: BTreeSet::new(),
    })
}

/// Another case was merged into this one, perhaps with its addresses. When they were erased, it is
/// not known any more whom to tell.
fn absorb(retold: &mut Retold, stored: &StoredNote) -> Option<()> {
    let carried = stored.note.fact.strip_suffix(CARRIED);
    let case = CaseId::parse(carried.unwrap_or(&stored.note.fact))?;
    retold.ties.insert((Tie::HasDuplicate, case));
    if carried.is_none() {
        return Some(());
    }
    let content = stored.content.as_ref().and_then(|content| ReportContent::read(&content.text));
    retold.addresses = match (&retold.addresses, content) {
        (Some(before), Some(more)) => {
            let comma = if before.is_empty() { "" } else { "," };
            Some(format!("{before}{comma}{}", more.addresses))
        }
        _ => None,
    };
    Some(())
}
