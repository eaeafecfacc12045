//! What stays inside: who of the staff did what, and what colleagues write to each other. Whoever
//! may not read it sees the case as it was told outward: its stages, the report, what was said to
//! the customer. And what is personal: whoever may not read that sees that something was said and
//! done, never by which customer or in which words.

use domain::actor::{Actor, Right, Role};
use domain::case::{Act, Case, Channel, Opening};
use domain::chain::Note;
use domain::evidence::Evidence;
use domain::payment::Payment;

use super::{Happening, Timeline};

/// The name shown for anybody of the staff.
const STAFF: &str = "staff";

/// Notes whose content has the form of a report.
pub(crate) const FORMED: [&str; 3] = [REPORT, Opening::ACT, "absorb"];

const REPORT: &str = "report";

/// Whether the actor may see whose data they are. A client sees what it sent.
pub(crate) fn sees_persons(by: &Actor) -> bool {
    by.role == Role::Client || by.may(Right::ReadPersonal)
}

/// The payment without what the actor may not see: the account and the payer are then empty.
pub(crate) fn payment_seen_by(by: &Actor, mut payment: Payment) -> Payment {
    if !sees_persons(by) {
        payment.account.clear();
        payment.payer_ref.clear();
    }
    payment
}

/// What is known of a file without who brought it, where that stays inside. Its name goes with the
/// right to the file itself.
pub(crate) fn file_seen_by(by: &Actor, mut file: Evidence) -> Evidence {
    if !by.may(Right::ReadInternal) {
        file.uploaded_by.clear();
    }
    file
}

/// The case without what the actor may not see.
pub(crate) fn seen_by(by: &Actor, mut case: Case) -> Case {
    if !sees_persons(by) {
        case.addresses.clear();
        case.customer.clear();
    }
    if by.may(Right::ReadInternal) {
        return case;
    }
    if case.channel != Channel::App {
        STAFF.clone_into(&mut case.through);
    }
    case.assignee.clear();
    case.taken_by.clear();
    case.proposal = None;
    case
}

/// The timeline without what the actor may not see.
pub(super) fn timeline_seen_by(by: &Actor, mut timeline: Timeline) -> Timeline {
    if !sees_persons(by) {
        for one in &mut timeline.happenings {
            (one.says, one.category) = (None, None);
        }
        quieten(&mut timeline);
    }
    if by.may(Right::ReadInternal) {
        return timeline;
    }
    quieten(&mut timeline);
    let happenings = timeline.happenings.into_iter().filter_map(outward).collect();
    Timeline { happenings, told: timeline.told }
}

/// A receiver's answer may name a mailbox or a machine.
fn quieten(timeline: &mut Timeline) {
    let tries = timeline.told.iter_mut().flat_map(|one| &mut one.tries);
    tries.for_each(|one| one.detail.clear());
}

/// The note without what the actor may not see; nothing when it stays inside.
pub(crate) fn note_seen_by(by: &Actor, mut note: Note) -> Option<Note> {
    if by.may(Right::ReadInternal) || note.act == REPORT {
        return Some(note);
    }
    STAFF.clone_into(&mut note.actor);
    is_outward(&note.act, &note.fact).then_some(note)
}

fn outward(mut one: Happening) -> Option<Happening> {
    if one.act == REPORT {
        return Some(one);
    }
    if !is_outward(&one.act, &one.facts.word) {
        return None;
    }
    STAFF.clone_into(&mut one.actor);
    if Act::parse(&one.act) != Some(Act::Comment) {
        (one.says, one.category) = (None, None);
    }
    Some(one)
}

/// Whether an act of the staff is told outward.
fn is_outward(act: &str, fact: &str) -> bool {
    match Act::parse(act) {
        Some(Act::Comment) => fact == "to-customer",
        Some(
            Act::Start
            | Act::Wait
            | Act::Resume
            | Act::Resolve
            | Act::Close
            | Act::Reopen
            | Act::Take
            | Act::Merge,
        ) => true,
        Some(
            Act::Assign
            | Act::Propose
            | Act::Approve
            | Act::Decline
            | Act::Link
            | Act::Unlink
            | Act::Split,
        ) => false,
        None => act == Opening::ACT,
    }
}
