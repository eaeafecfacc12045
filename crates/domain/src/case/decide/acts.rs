//! What an act does to one case: the table of `docs/case.md`, and who may.

use super::{Decision, Hand, event, note, pairs};
use crate::actor::Actor;
use crate::admin::Kind;
use crate::case::INTAKE;
use crate::case::{
    Act, ActOrder, Ask, Case, CloseReason, Known, Outcome as Verdict, Party, Proposal, Remedy,
    Stage, StageName,
};
use crate::changes::{Change, Changes, Outcome};
use crate::message::EventKind;
use crate::names;
use crate::refusal::Refusal;

/// The word in the history for a proposal that nobody answered before the case ended.
pub(crate) const LAPSE: &str = "lapse";

pub(super) fn act(
    known: &Known,
    order: &ActOrder,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let act = order.ask.act();
    let case = known.case.clone().ok_or(Refusal::CaseUnknown)?;
    if let Some(seen) = order.version
        && seen != case.version
    {
        return Err(Refusal::Stale { version: case.version });
    }
    let before = case.stage.name();
    let stage =
        next_stage(case.stage, &order.ask).ok_or(Refusal::WrongStage { now: before, act })?;
    closing_needs_an_outcome(before, &order.ask)?;
    if let (Ask::Reopen, Some(other)) = (&order.ask, &known.other_open) {
        return Err(Refusal::AlreadyReported { refid: case.refid, case: other.clone() });
    }
    if matches!(act, Act::Link | Act::Unlink | Act::Merge | Act::Split) {
        return pairs::act(known, order, moved(case, stage, hand), hand);
    }
    if let (Ask::Assign { .. }, Some(kind)) = (&order.ask, known.closed_to) {
        return Err(Refusal::ThingUnknown { kind });
    }
    let order = &as_called_here(known, order);
    let mut case = case;
    second_person(&mut case, &order.ask, hand.by)?;
    settle(&mut case, &order.ask, hand.by);
    changes_something(known, &case, stage, act)?;
    let case = moved(case, stage, hand);
    Ok(decision(known, case, before, order, hand))
}

/// The order with the names of queue and person as they are written here, however they were typed.
fn as_called_here(known: &Known, order: &ActOrder) -> ActOrder {
    let mut order = order.clone();
    if let (Ask::Assign { person: Some(person), .. }, Some(name)) = (&mut order.ask, &known.person)
        && !person.is_empty()
    {
        name.clone_into(person);
    }
    if let (Ask::Assign { queue: Some(queue), .. }, Some(name)) = (&mut order.ask, &known.queue)
        && !queue.is_empty()
    {
        name.clone_into(queue);
    }
    order
}

/// Takes the next case of a queue, which is the one that is known.
pub(super) fn take_next(known: &Known, hand: &mut Hand<'_>) -> Result<Decision, Refusal> {
    if let (None, Some(kind)) = (&known.case, known.closed_to) {
        return Err(Refusal::ThingUnknown { kind });
    }
    let case = known.case.as_ref().ok_or(Refusal::QueueEmpty)?;
    let (ask, says) = (Ask::Take, String::new());
    let order = ActOrder { case: case.id.clone(), ask, says, version: Some(case.version) };
    act(known, &order, hand)
}

/// The case at its next stage and version.
fn moved(mut case: Case, stage: Stage, hand: &Hand<'_>) -> Case {
    if stage != case.stage {
        (case.stage, case.stage_at) = (stage, hand.at);
    }
    case.version += 1;
    case
}

fn decision(
    known: &Known,
    mut case: Case,
    before: StageName,
    order: &ActOrder,
    hand: &mut Hand<'_>,
) -> Decision {
    let act = order.ask.act();
    let mut changes = Changes::none(hand.by.scope, hand.at);
    let noted = note(&mut case, act.word(), &order.ask.fact(), &order.says, hand);
    let lapsed = lapsed(&mut case, act, hand);
    if let Some(kind) = event_of(before, case.stage.name(), act) {
        let trxid = known.payment.as_ref().map_or("", |payment| payment.trxid.as_str());
        changes.list.push(event(&case, kind, trxid, hand));
    }
    let (version, stage) = (case.version, case.stage);
    let outcome = Outcome::Acted { case: case.id.clone(), version, stage };
    changes.list.insert(0, Change::CaseMoved(Box::new(case)));
    changes.list.insert(1, noted);
    changes.list.extend(lapsed);
    Decision { changes, outcome }
}

/// A second person's answer is no longer possible when a case ends: what was proposed lapses, and
/// the history says so. One that an older program left behind lapses when the case is reopened.
pub(super) fn lapsed(case: &mut Case, act: Act, hand: &mut Hand<'_>) -> Option<Change> {
    let ends = matches!(case.stage.name(), StageName::Resolved | StageName::Closed);
    if !ends && act != Act::Reopen {
        return None;
    }
    let proposal = case.proposal.take()?;
    Some(note(case, LAPSE, proposal.remedy.word(), "", hand))
}

/// To give a case to whom it belongs, or to let it wait for whom it waits, is no change: neither
/// its version nor its history grows.
fn changes_something(known: &Known, is: &Case, stage: Stage, act: Act) -> Result<(), Refusal> {
    let same = known.case.as_ref().is_some_and(|was| {
        was.queue == is.queue && was.assignee == is.assignee && was.stage == stage
    });
    if same && matches!(act, Act::Assign | Act::Take | Act::Wait) {
        return Err(Refusal::AlreadySo { kind: Kind::Case });
    }
    Ok(())
}

/// What can be asked of a case at this stage, in the order of the table.
pub fn possible_acts(now: StageName) -> impl Iterator<Item = Act> {
    let stage = match now {
        StageName::Received => Stage::Received,
        StageName::Open => Stage::Open,
        StageName::Waiting => Stage::Waiting { on: Party::Customer },
        StageName::Resolved => Stage::Resolved { outcome: Verdict::Upheld },
        StageName::Closed => Stage::Closed { reason: CloseReason::Settled },
    };
    Act::ALL.iter().copied().filter(move |act| possible(stage, *act))
}

/// Whether the act has its place at this stage, whatever it says.
fn possible(stage: Stage, act: Act) -> bool {
    let ask = match act {
        Act::Comment | Act::Link | Act::Unlink => return true,
        Act::Merge => return !matches!(stage, Stage::Closed { .. }),
        Act::Split => Ask::Split { payment: None, category: String::new() },
        Act::Assign => Ask::Assign { queue: None, person: None },
        Act::Wait => Ask::Wait { on: Party::Customer },
        Act::Resolve => Ask::Resolve { outcome: Verdict::Upheld },
        Act::Close => Ask::Close { reason: CloseReason::Withdrawn },
        Act::Propose => Ask::Propose { remedy: Remedy::Refund },
        Act::Start => Ask::Start,
        Act::Resume => Ask::Resume,
        Act::Reopen => Ask::Reopen,
        Act::Approve => Ask::Approve,
        Act::Decline => Ask::Decline,
        Act::Take => Ask::Take,
    };
    next_stage(stage, &ask).is_some()
}

/// The stage an act leads to, or nothing when it is impossible there. This is the table of
/// `docs/case.md`.
pub const fn next_stage(stage: Stage, ask: &Ask) -> Option<Stage> {
    match (stage, ask) {
        (_, Ask::Comment { .. } | Ask::Link { .. } | Ask::Unlink { .. }) => Some(stage),
        (Stage::Closed { .. }, Ask::Merge { .. }) => None,
        (_, Ask::Merge { .. }) => Some(Stage::Closed { reason: CloseReason::Duplicate }),
        (Stage::Received | Stage::Open, Ask::Take) => Some(Stage::Open),
        (Stage::Received, Ask::Start) | (Stage::Waiting { .. }, Ask::Resume) => Some(Stage::Open),
        (Stage::Received | Stage::Open | Stage::Waiting { .. }, ask) => unresolved(stage, ask),
        (Stage::Resolved { .. } | Stage::Closed { .. }, Ask::Reopen) => Some(Stage::Open),
        (Stage::Resolved { .. }, Ask::Close { reason }) => Some(Stage::Closed { reason: *reason }),
        (Stage::Resolved { .. } | Stage::Closed { .. }, _) => None,
    }
}

const fn unresolved(stage: Stage, ask: &Ask) -> Option<Stage> {
    match ask {
        Ask::Wait { on } => Some(Stage::Waiting { on: *on }),
        Ask::Resolve { outcome } => Some(Stage::Resolved { outcome: *outcome }),
        Ask::Close { reason } => Some(Stage::Closed { reason: *reason }),
        Ask::Assign { .. } | Ask::Propose { .. } | Ask::Approve | Ask::Decline => Some(stage),
        Ask::Comment { .. } | Ask::Link { .. } | Ask::Unlink { .. } | Ask::Split { .. } => {
            Some(stage)
        }
        Ask::Start | Ask::Resume | Ask::Reopen | Ask::Take | Ask::Merge { .. } => None,
    }
}

/// A case without an outcome may end only because there is nothing to decide: nobody closes it as
/// settled.
pub(super) fn closing_needs_an_outcome(before: StageName, ask: &Ask) -> Result<(), Refusal> {
    match ask {
        Ask::Close { reason: CloseReason::Settled } if before != StageName::Resolved => {
            Err(Refusal::NotResolved)
        }
        _ => Ok(()),
    }
}

fn second_person(case: &mut Case, ask: &Ask, by: &Actor) -> Result<(), Refusal> {
    match ask {
        Ask::Propose { .. } if case.proposal.is_some() => Err(Refusal::AlreadyProposed),
        Ask::Propose { remedy } => {
            case.proposal = Some(Proposal { remedy: *remedy, by: by.name.clone() });
            Ok(())
        }
        Ask::Approve | Ask::Decline => match case.proposal.take() {
            None => Err(Refusal::NothingProposed),
            Some(proposal) if names::same(&proposal.by, &by.name) => Err(Refusal::SamePerson),
            Some(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What an act changes beside the stage.
pub(super) fn settle(case: &mut Case, ask: &Ask, by: &Actor) {
    match ask {
        Ask::Assign { queue, person } => {
            if let Some(queue) = queue {
                let queue = if queue.is_empty() { INTAKE } else { queue };
                queue.clone_into(&mut case.queue);
            }
            if let Some(person) = person {
                person.clone_into(&mut case.assignee);
            }
        }
        Ask::Take => by.name.clone_into(&mut case.assignee),
        Ask::Resolve { outcome } => case.outcome = Some(*outcome),
        Ask::Reopen => case.outcome = None,
        _ => {}
    }
}

fn event_of(before: StageName, after: StageName, act: Act) -> Option<EventKind> {
    match (act, after) {
        (Act::Reopen, _) => Some(EventKind::CaseReopened),
        (_, StageName::Closed) if before != after => Some(EventKind::CaseClosed),
        (_, StageName::Resolved) if before != after => Some(EventKind::CaseResolved),
        (Act::Wait, _) => Some(EventKind::CaseMoved),
        _ if before != after => Some(EventKind::CaseMoved),
        _ => None,
    }
}
