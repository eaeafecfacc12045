//! What stays inside: who of the staff did what, and what colleagues write to each other. Whoever
//! may not read it sees the case as it was told outward: its stages, the report, what was said to
//! the customer.

use domain::actor::{Actor, Right};
use domain::case::{Act, Case, Channel, Opening};

use super::{Happening, Timeline};

/// The name shown for anybody of the staff.
const STAFF: &str = "staff";

/// Notes whose content has the form of a report.
pub(super) const FORMED: [&str; 3] = [REPORT, Opening::ACT, "absorb"];

const REPORT: &str = "report";

/// The case without what the actor may not see.
pub(super) fn seen_by(by: &Actor, mut case: Case) -> Case {
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
pub(super) fn timeline_seen_by(by: &Actor, timeline: Timeline) -> Timeline {
    if by.may(Right::ReadInternal) {
        return timeline;
    }
    let happenings = timeline.happenings.into_iter().filter_map(outward).collect();
    let mut told = timeline.told;
    // A receiver's answer may name a mailbox or a machine.
    told.iter_mut().flat_map(|one| &mut one.tries).for_each(|one| one.detail.clear());
    Timeline { happenings, told }
}

fn outward(mut one: Happening) -> Option<Happening> {
    if one.act == REPORT {
        return Some(one);
    }
    STAFF.clone_into(&mut one.actor);
    let to_customer = one.fact == "to-customer";
    match Act::parse(&one.act) {
        Some(Act::Comment) => return to_customer.then_some(one),
        Some(
            Act::Start
            | Act::Wait
            | Act::Resume
            | Act::Resolve
            | Act::Close
            | Act::Reopen
            | Act::Take
            | Act::Merge,
        ) => {}
        None if one.act == Opening::ACT => {}
        Some(
            Act::Assign
            | Act::Propose
            | Act::Approve
            | Act::Decline
            | Act::Link
            | Act::Unlink
            | Act::Split,
        )
        | None => return None,
    }
    (one.says, one.category) = (None, None);
    Some(one)
}
