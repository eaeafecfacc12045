//! Taking over a case of another system. It walks the same table of stages as any case, with the
//! other system's times, and ends with a note of today that says where it came from.

use super::opening::{first_note, new_case};
use super::{Decision, Hand, acts, event, next_stage, note, queued};
use crate::actor::Right;
use crate::case::{Archived, Ask, Case, Known, Stage};
use crate::changes::{Change, Changes, Outcome};
use crate::message::{EventKind, Telling};
use crate::refusal::Refusal;
use crate::scope::Env;
use crate::time::Instant;

/// Decides taking over `archived`, which is not known here yet.
///
/// # Errors
/// [`Refusal::NotAllowed`]; [`Refusal::PaymentUnknown`]; [`Refusal::AlreadyReported`] when it is
/// not closed and its payment has such a case; [`Refusal::ReceiptTime`] for times to come;
/// [`Refusal::ThingUnknown`] when its queue takes no cases here; [`Refusal::WrongStage`] when there
/// is no road to where it stands.
pub fn take_over(
    known: &Known,
    archived: &Archived,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    hand.by.must(Right::WorkCases)?;
    hand.by.must(Right::ImportPayments)?;
    if let Some(kind) = known.closed_to {
        return Err(Refusal::ThingUnknown { kind });
    }
    let payment = match &archived.payment {
        Some(_) => Some(known.payment.as_ref().ok_or(Refusal::PaymentUnknown)?),
        None => None,
    };
    let ended = matches!(archived.standing.stage, Stage::Closed { .. });
    if let (Some(payment), Some(open), false) = (payment, &known.case, ended) {
        let (refid, case) = (payment.refid.clone(), open.id.clone());
        return Err(Refusal::AlreadyReported { refid, case });
    }
    if archived.latest() > hand.at {
        return Err(Refusal::ReceiptTime);
    }
    let now = hand.at;
    let mut then = Hand { by: hand.by, at: archived.received_at, dice: &mut *hand.dice };
    let mut case = Case {
        channel: archived.channel,
        customer: archived.customer.clone(),
        language: archived.language.clone(),
        addresses: archived.addresses.clone(),
        taken_by: hand.by.name.clone(),
        // An archive comes in no order: which case was the earlier one is not known.
        earlier: None,
        ..new_case(known, payment, &mut then)
    };
    let mut notes = vec![first_note(&mut case, &content(archived), &mut then)];
    for (at, ask, says) in script(archived, known.person.clone()) {
        then.at = at;
        notes.push(walk(&mut case, &ask, &says, &mut then)?);
    }
    then.at = now;
    let from = format!("{} {}", archived.source, archived.external_id);
    // A name that nobody has here stays in the text, where it can be erased.
    let there = match &known.person {
        None if !archived.assignee.is_empty() => format!("assignee: {}", archived.assignee),
        _ => String::new(),
    };
    notes.push(note(&mut case, Archived::ACT, &from, &there, &mut then));
    Ok(decision(archived, case, notes, payment.map_or("", |one| &one.trxid), hand))
}

fn content(archived: &Archived) -> String {
    let (addresses, says) = (archived.addresses.clone(), archived.says.clone());
    let category = archived.category.clone();
    crate::case::ByHand { addresses, says, category, ..crate::case::ByHand::empty() }.content()
}

/// What happened to it, by time: whose it became, what was said, how it went. Nobody works it who
/// is not known here.
fn script(archived: &Archived, person: Option<String>) -> Vec<(Instant, Ask, String)> {
    let begun = archived.received_at;
    let queue = Some(archived.queue.clone()).filter(|name| !name.is_empty());
    let mut script = Vec::with_capacity(archived.history.len() + 3);
    if queue.is_some() || person.is_some() {
        script.push((begun, Ask::Assign { queue, person }, String::new()));
    }
    for entry in &archived.history {
        let ask = Ask::Comment { to_customer: entry.public };
        script.push((entry.at.max(begun), ask, entry.text.clone()));
    }
    let moved_at = archived.moved_at.unwrap_or_else(|| archived.latest()).max(begun);
    let road = archived.standing.road();
    script.extend(road.into_iter().map(|ask| (moved_at, ask, String::new())));
    script.sort_by_key(|(at, ..)| *at); // stable: at one instant, in the order above
    script
}

fn walk(case: &mut Case, ask: &Ask, says: &str, then: &mut Hand<'_>) -> Result<Change, Refusal> {
    let act = ask.act();
    let now = case.stage.name();
    let stage = next_stage(case.stage, ask).ok_or(Refusal::WrongStage { now, act })?;
    acts::closing_needs_an_outcome(now, ask)?;
    acts::settle(case, ask, then.by);
    if stage != case.stage {
        (case.stage, case.stage_at) = (stage, then.at);
    }
    case.version += 1;
    Ok(note(case, act.word(), &ask.fact(), says, then))
}

fn decision(
    archived: &Archived,
    case: Case,
    notes: Vec<Change>,
    trxid: &str,
    hand: &mut Hand<'_>,
) -> Decision {
    let mut changes = Changes::none(hand.by.scope, hand.at);
    let outcome = Outcome::Reported { case: case.id.clone(), refid: case.refid.clone() };
    let told = if archived.tell { tidings(&case, trxid, hand) } else { Vec::new() };
    changes.list.push(Change::CaseImported {
        source: archived.source.clone(),
        external_id: archived.external_id.clone(),
        case: case.id.clone(),
    });
    changes.list.push(Change::CaseOpened(Box::new(case)));
    changes.list.extend(notes);
    changes.list.extend(told);
    Decision { changes, outcome }
}

/// What is told of a case that goes on here: as of a new one.
fn tidings(case: &Case, trxid: &str, hand: &mut Hand<'_>) -> Vec<Change> {
    let acknowledge = !case.addresses.is_empty()
        && hand.by.scope.env() == Env::Production
        && !matches!(case.stage, Stage::Closed { .. });
    let mut told = vec![event(case, EventKind::CaseOpened, trxid, hand)];
    if acknowledge {
        told.push(queued(case, Telling::Acknowledge, hand));
    }
    told
}
