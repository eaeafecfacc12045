//! A case told again from its history alone: what its row must say, or somebody changed the row
//! behind the rules.

use super::decide::{ABSORB, CARRIED, LAPSE};
use super::{
    Archived, Ask, Channel, INTAKE, Opening, Outcome, Proposal, ReportContent, Stage, Tie,
    next_stage,
};
use crate::chain::StoredNote;
use crate::evidence::{KEPT_WORD, READ_WORD};
use crate::ids::CaseId;
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

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
    /// The queue it stands in; nothing for a part of another case that was never given to one: it
    /// began in the queue of that case.
    pub queue: Option<String>,
    /// Who works it; nothing when it was given to a queue and nobody was named: by an older program
    /// somebody may have been all the same.
    pub assignee: Option<String>,
    /// The credential it came through.
    pub through: String,
    /// Whether an app reported it: then it is about a payment, nobody took it, and the customer is
    /// known by that payment alone.
    pub by_app: bool,
    /// Who took it from the customer; nothing when the history does not say so.
    pub taken_by: Option<String>,
    /// The versions that it can have. Files that came together count as one, and those that came
    /// apart within a millisecond look like them.
    pub versions: RangeInclusive<i64>,
    /// The files that came to it, by id.
    pub files: BTreeMap<String, FileTold>,
    /// What waits for a second person.
    pub proposal: Option<Proposal>,
    /// What other cases are to it.
    pub ties: BTreeSet<(Tie, CaseId)>,
}

/// What a history says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTold {
    /// Who brought it.
    pub by: String,
    /// Its name, kind, size and digest, as [`content_of`](crate::evidence::content_of) writes them;
    /// nothing when that was erased.
    pub content: Option<String>,
    /// Whether somebody was given it: nobody is while a scanner has not looked or found something.
    pub given: bool,
}

/// Tells a history again. Nothing when it does not begin with a report or an opening, or holds an
/// act that was impossible where it stands.
pub fn retell<'a>(notes: impl IntoIterator<Item = &'a StoredNote>) -> Option<Retold> {
    let mut notes = notes.into_iter();
    let mut before = notes.next()?;
    let mut retold = begun(before)?;
    for stored in notes {
        count(&mut retold, before, stored);
        before = stored;
        if file_told(&mut retold, stored) {
            continue;
        }
        if stored.note.act == ABSORB {
            absorb(&mut retold, stored)?;
            continue;
        }
        if stored.note.act == Archived::ACT {
            // Whoever takes a case over took it.
            retold.taken_by = Some(retold.through.clone());
            continue;
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
    let by_app = first.note.act != Opening::ACT;
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
        queue: Some(INTAKE.to_owned()),
        assignee: Some(String::new()),
        through: first.note.actor.clone(),
        by_app,
        taken_by: by_app.then(String::new),
        versions: 1..=1,
        files: BTreeMap::new(),
        proposal: None,
        ties: BTreeSet::new(),
    })
}

/// How a note counts among the versions of its case.
fn count(retold: &mut Retold, before: &StoredNote, stored: &StoredNote) {
    let (before, note) = (&before.note, &stored.note);
    let together = before.at == note.at && before.actor == note.actor;
    let begins_as_part =
        note.seq == 2 && together && note.act == "link" && is_split_from(&note.fact);
    if begins_as_part {
        retold.queue = None;
    }
    let same_files = note.act == KEPT_WORD && before.act == KEPT_WORD && together;
    let (least, most) = match note.act.as_str() {
        READ_WORD | Archived::ACT | LAPSE => (0, 0),
        _ if begins_as_part || same_files => (0, 1),
        _ => (1, 1),
    };
    retold.versions = retold.versions.start() + least..=retold.versions.end() + most;
}

fn is_split_from(fact: &str) -> bool {
    fact.split_once(' ').is_some_and(|(tie, _)| tie == Tie::SplitFrom.word())
}

/// Whether a note is of a file; then it is told, and the case stands as it stood.
fn file_told(retold: &mut Retold, stored: &StoredNote) -> bool {
    match stored.note.act.as_str() {
        KEPT_WORD => {
            let content = stored.content.as_ref().map(|content| content.text.clone());
            let file = FileTold { by: stored.note.actor.clone(), content, given: false };
            retold.files.insert(stored.note.fact.clone(), file);
            true
        }
        READ_WORD => {
            let id = stored.note.fact.split(' ').next().unwrap_or_default();
            if let Some(file) = retold.files.get_mut(id) {
                file.given = true;
            }
            true
        }
        _ => false,
    }
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
