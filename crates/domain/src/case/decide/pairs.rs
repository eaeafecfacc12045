//! Acts that touch two cases: tying, merging, splitting. Both histories are written in one commit,
//! and each case is guarded by its own version, so neither can say what the other does not.

use super::opening::{first_note, new_case};
use super::{Decision, Hand, acts, event, note};
use crate::case::{
    ABOVE_MAX, Act, ActOrder, Ask, ByHand, Case, Known, Link, LinkKind, PaymentRef, Stage, Tie,
};
use crate::changes::{Change, Changes, Outcome};
use crate::ids::CaseId;
use crate::message::EventKind;
use crate::refusal::Refusal;

/// The word in the history of the case that another one was merged into.
pub(crate) const ABSORB: &str = "absorb";

/// What stands behind the other case's id when its addresses came along.
pub(crate) const CARRIED: &str = " carried";

/// Decides an act on `case`, which has its next stage and version, and on the other one it names.
pub(super) fn act(
    known: &Known,
    order: &ActOrder,
    case: Case,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let other = || match &known.other {
        Some(other) if other.id == case.id => Err(Refusal::SameCase),
        Some(other) => Ok(Case { version: other.version + 1, ..other.clone() }),
        None => Err(Refusal::OtherCaseUnknown),
    };
    match &order.ask {
        Ask::Link { tie, .. } => link(known, order, (case.clone(), other()?), *tie, hand),
        Ask::Unlink { tie, .. } => link(known, order, (case.clone(), other()?), *tie, hand),
        Ask::Merge { carry_addresses, .. } => {
            merge(known, order, (case.clone(), other()?), *carry_addresses, hand)
        }
        Ask::Split { payment, category } => {
            split(known, order, case, payment.as_ref(), category, hand)
        }
        _ => Err(Refusal::WrongStage { now: case.stage.name(), act: order.ask.act() }),
    }
}

fn link(
    known: &Known,
    order: &ActOrder,
    (mut case, mut other): (Case, Case),
    tie: Tie,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let act = order.ask.act();
    let link = Link::between(&case.id, tie, &other.id, hand.at);
    let there = known.links.iter().any(|one| one.same(&link));
    merge_stands(known, act, &link)?;
    if act == Act::Link && !there {
        not_turned(known, &case, &other, tie)?;
        leads_nowhere_round(known, &link, tie)?;
    }
    let change = match (act, there) {
        (Act::Link, true) => return Err(Refusal::AlreadyLinked),
        (Act::Link, _) => Change::Linked(link),
        (_, false) => return Err(Refusal::NotLinked),
        (_, true) => Change::Unlinked(link),
    };
    let noted = note(&mut case, act.word(), &order.ask.fact(), &order.says, hand);
    let fact = format!("{} {}", tie.turned().word(), case.id);
    let other_noted = note(&mut other, act.word(), &fact, "", hand);
    let held = if act == Act::Link { known.above.as_slice() } else { &[] };
    let notes = vec![noted, other_noted, change];
    Ok(decision([case, other], held, notes, hand))
}

/// No case stands above itself, over however many others. What was looked at to say so is held at
/// its version in the same commit: of two links that would close a circle together, one is refused.
fn leads_nowhere_round(known: &Known, link: &Link, tie: Tie) -> Result<(), Refusal> {
    if known.above.iter().any(|(above, _)| *above == link.case) {
        return Err(Refusal::LinkedOtherwise { tie: tie.turned() });
    }
    if known.above.len() > ABOVE_MAX {
        return Err(Refusal::TooManyAbove);
    }
    Ok(())
}

/// No case is its parent's parent, nor the duplicate of its duplicate.
fn not_turned(known: &Known, case: &Case, other: &Case, tie: Tie) -> Result<(), Refusal> {
    let turned = Link::between(&case.id, tie.turned(), &other.id, case.stage_at);
    if tie.turned() != tie && known.links.iter().any(|one| one.same(&turned)) {
        return Err(Refusal::LinkedOtherwise { tie: tie.turned() });
    }
    Ok(())
}

/// As long as a case is closed by a merge, it is the duplicate of the case it was merged into and
/// of no other: neither is that link cut, nor a second one made.
fn merge_stands(known: &Known, act: Act, link: &Link) -> Result<(), Refusal> {
    let ends = [known.case.as_ref(), known.other.as_ref()];
    let merged = ends.into_iter().zip(&known.merged).find_map(|(case, into)| {
        case.filter(|case| case.id == link.case && link.kind == LinkKind::Duplicate)?;
        into.clone()
    });
    match merged {
        Some(into) if (act == Act::Link) != (into == link.other) => {
            Err(Refusal::Merged { case: link.case.clone(), into })
        }
        _ => Ok(()),
    }
}

/// The case is closed as a duplicate, with what was said in its history; the other one goes on.
fn merge(
    known: &Known,
    order: &ActOrder,
    (mut case, mut into): (Case, Case),
    carry_addresses: bool,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    if let Stage::Closed { .. } = into.stage {
        return Err(Refusal::OtherCaseClosed { case: into.id });
    }
    not_turned(known, &case, &into, Tie::DuplicateOf)?;
    let mut carried: Vec<String> = Vec::new();
    if carry_addresses {
        let missing = |one: &&String| !into.addresses.contains(one);
        carried = case.addresses.iter().filter(missing).cloned().collect();
        into.addresses.extend(carried.iter().cloned());
    }
    let noted = note(&mut case, Act::Merge.word(), &order.ask.fact(), &order.says, hand);
    let lapsed = acts::lapsed(&mut case, Act::Merge, hand);
    let mark = if carried.is_empty() { "" } else { CARRIED };
    let fact = format!("{}{mark}", case.id);
    let content = if carried.is_empty() { String::new() } else { content(carried, "", "") };
    let absorbed = note(&mut into, ABSORB, &fact, &content, hand);
    let trxid = known.payment.as_ref().map_or("", |payment| payment.trxid.as_str());
    let closed = event(&case, EventKind::CaseClosed, trxid, hand);
    let mut rest = vec![noted, absorbed, closed];
    rest.extend(lapsed);
    let link = Link::between(&case.id, Tie::DuplicateOf, &into.id, hand.at);
    if !known.links.iter().any(|one| one.same(&link)) {
        rest.push(Change::Linked(link));
    }
    Ok(decision([case, into], &[], rest, hand))
}

/// A part of the case becomes a case of its own, of the same customer, received at the same time.
fn split(
    known: &Known,
    order: &ActOrder,
    mut case: Case,
    payment: Option<&PaymentRef>,
    category: &str,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let nothing = Known::default();
    let about = known.part.as_deref().unwrap_or(&nothing);
    let payment = match payment {
        Some(_) => Some(about.payment.as_ref().ok_or(Refusal::PaymentUnknown)?),
        None => None,
    };
    if let (Some(payment), Some(open)) = (payment, &about.case) {
        let refid = payment.refid.clone();
        return Err(Refusal::AlreadyReported { refid, case: open.id.clone() });
    }
    let mut part = Case {
        channel: case.channel,
        // The clock may have been set back since.
        received_at: case.received_at.min(hand.at),
        taken_by: case.taken_by.clone(),
        customer: case.customer.clone(),
        language: case.language.clone(),
        addresses: case.addresses.clone(),
        queue: case.queue.clone(),
        ..new_case(about, payment, hand)
    };
    let content = content(part.addresses.clone(), category, &order.says);
    let first = first_note(&mut part, &content, hand);
    let fact = format!("{} {}", Tie::SplitFrom.word(), case.id);
    let second = note(&mut part, Act::Link.word(), &fact, "", hand);
    let noted = note(&mut case, Act::Split.word(), part.id.as_str(), "", hand);
    let trxid = payment.map_or("", |payment| payment.trxid.as_str());
    let opened = event(&part, EventKind::CaseOpened, trxid, hand);
    let link = Link::between(&part.id, Tie::SplitFrom, &case.id, hand.at);
    let (version, stage) = (case.version, case.stage);
    let outcome = Outcome::Split { case: case.id.clone(), version, stage, part: part.id.clone() };
    let mut changes = Changes::none(hand.by.scope, hand.at);
    changes.list = vec![
        Change::CaseOpened(Box::new(part)),
        Change::CaseMoved(Box::new(case)),
        first,
        second,
        noted,
        Change::Linked(link),
        opened,
    ];
    Ok(Decision { changes, outcome })
}

fn content(addresses: Vec<String>, category: &str, says: &str) -> String {
    let (says, category) = (says.to_owned(), category.to_owned());
    ByHand { addresses, says, category, ..ByHand::empty() }.content()
}

/// Two cases that moved, and those that are held as they are. They are written in the order of
/// their ids, so that two such acts never wait for each other.
fn decision(
    [case, other]: [Case; 2],
    held: &[(CaseId, i64)],
    rest: Vec<Change>,
    hand: &Hand<'_>,
) -> Decision {
    let (version, stage) = (case.version, case.stage);
    let outcome = Outcome::Acted { case: case.id.clone(), version, stage };
    let hold = |(case, version): &(CaseId, i64)| {
        (case.clone(), Change::CaseHeld { case: case.clone(), version: *version })
    };
    let mut touched: Vec<(CaseId, Change)> = held.iter().map(hold).collect();
    let moved = [case, other].map(|case| (case.id.clone(), Change::CaseMoved(Box::new(case))));
    touched.extend(moved);
    touched.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut changes = Changes::none(hand.by.scope, hand.at);
    changes.list.extend(touched.into_iter().map(|(_, change)| change));
    changes.list.extend(rest);
    Decision { changes, outcome }
}
