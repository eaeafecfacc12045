//! What opens a case: a report by an app, or a person by hand. A payment has at most one case that
//! is not closed, however it came.

use super::{Decision, Hand, event, note, queued};
use crate::case::INTAKE;
use crate::case::{ByHand, Case, Channel, Known, Opening, RECEIVED_BACK_MAX, Report, Stage};
use crate::chain::Head;
use crate::changes::{Change, Changes, Outcome};
use crate::ids::CaseId;
use crate::message::{EventKind, Telling};
use crate::payment::{Payment, PaymentStatus};
use crate::refusal::Refusal;
use crate::scope::Env;
use crate::time::{Instant, Millis};

pub(super) fn report(
    known: &Known,
    report: &Report,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let payment = reportable(known)?;
    let mut case = new_case(known, Some(payment), hand);
    case.addresses.clone_from(&report.addresses);
    let noted = note(&mut case, "report", "", &report.content(), hand);
    let opened = Opened { case, noted, acknowledge: true };
    Ok(opened.decision(&payment.trxid, hand))
}

/// The payment, when a report about it would open a case: the part of the decision that does not
/// ask who reports. It also tells an app when to offer the button.
///
/// # Errors
/// Why a report would be refused.
pub fn reportable(known: &Known) -> Result<&Payment, Refusal> {
    let payment = known.payment.as_ref().ok_or(Refusal::PaymentUnknown)?;
    let open = known.case.as_ref().map(|case| &case.id);
    hindrance(payment, open).map_or(Ok(payment), Err)
}

/// Why an app could not report this payment, whose case `open` is not closed; nothing when it
/// could.
pub fn hindrance(payment: &Payment, open: Option<&CaseId>) -> Option<Refusal> {
    let refid = payment.refid.clone();
    if let Some(case) = open {
        return Some(Refusal::AlreadyReported { refid, case: case.clone() });
    }
    match payment.status {
        PaymentStatus::Successful => None,
        PaymentStatus::Accepted | PaymentStatus::Processing => {
            Some(Refusal::PaymentPending { refid })
        }
        PaymentStatus::Failed => Some(Refusal::PaymentFailed { refid }),
        PaymentStatus::Refunded => Some(Refusal::PaymentRefunded { refid }),
    }
}

fn none_open(known: &Known, payment: &Payment) -> Result<(), Refusal> {
    let refid = payment.refid.clone();
    match &known.case {
        Some(open) => Err(Refusal::AlreadyReported { refid, case: open.id.clone() }),
        None => Ok(()),
    }
}

/// People may open a case about any payment, also a failed one, or about none: whoever stands at
/// the counter is heard.
pub(super) fn by_hand(
    known: &Known,
    by_hand: &ByHand,
    hand: &mut Hand<'_>,
) -> Result<Decision, Refusal> {
    let payment = match &by_hand.payment {
        Some(_) => Some(known.payment.as_ref().ok_or(Refusal::PaymentUnknown)?),
        None => None,
    };
    payment.map_or(Ok(()), |payment| none_open(known, payment))?;
    let mut case = new_case(known, payment, hand);
    case.channel = by_hand.channel;
    case.received_at = receipt(by_hand.received_at, hand.at)?;
    if by_hand.is_empty() {
        return Err(Refusal::CaseEmpty);
    }
    let taken_by = Some(&by_hand.taken_by).filter(|name| !name.is_empty());
    case.taken_by = taken_by.unwrap_or(&hand.by.name).clone();
    case.customer.clone_from(&by_hand.customer);
    case.language.clone_from(&by_hand.language);
    case.addresses.clone_from(&by_hand.addresses);
    let noted = first_note(&mut case, &by_hand.content(), hand);
    let acknowledge = by_hand.acknowledge && !by_hand.addresses.is_empty();
    let opened = Opened { case, noted, acknowledge };
    Ok(opened.decision(payment.map_or("", |payment| &payment.trxid), hand))
}

/// When it was received. The clock of who says it may run ahead of ours a little: then it is now.
fn receipt(said: Option<Instant>, now: Instant) -> Result<Instant, Refusal> {
    let at = said.unwrap_or(now);
    let earliest = now.plus(Millis(-RECEIVED_BACK_MAX.0));
    if at.is_to_come(now) || at < earliest { Err(Refusal::ReceiptTime) } else { Ok(at.min(now)) }
}

/// The first note of a case that no app reported.
pub(super) fn first_note(case: &mut Case, content: &str, hand: &mut Hand<'_>) -> Change {
    let opening = Opening {
        channel: case.channel,
        received_at: case.received_at,
        language: case.language.clone(),
    };
    note(case, Opening::ACT, &opening.fact(), content, hand)
}

/// A case as an app's report opens it, without a note.
pub(super) fn new_case(known: &Known, payment: Option<&Payment>, hand: &mut Hand<'_>) -> Case {
    Case {
        id: CaseId::new(hand.at, hand.dice),
        scope: hand.by.scope,
        version: 1,
        stage: Stage::Received,
        stage_at: hand.at,
        opened_at: hand.at,
        channel: Channel::App,
        received_at: hand.at,
        taken_by: String::new(),
        customer: String::new(),
        language: String::new(),
        outcome: None,
        refid: payment.map_or_else(String::new, |payment| payment.refid.clone()),
        earlier: payment.and_then(|_| known.earlier.clone()),
        addresses: Vec::new(),
        through: hand.by.name.clone(),
        queue: INTAKE.to_owned(),
        assignee: String::new(),
        proposal: None,
        head: Head::START,
    }
}

/// A new case with its first note.
struct Opened {
    case: Case,
    noted: Change,
    acknowledge: bool,
}

impl Opened {
    fn decision(self, trxid: &str, hand: &mut Hand<'_>) -> Decision {
        let Self { case, noted, acknowledge } = self;
        let mut changes = Changes::none(hand.by.scope, hand.at);
        if acknowledge && hand.by.scope.env() == Env::Production {
            changes.list.push(queued(&case, Telling::Acknowledge, hand));
        }
        changes.list.push(event(&case, EventKind::CaseOpened, trxid, hand));
        let outcome = Outcome::Reported { case: case.id.clone(), refid: case.refid.clone() };
        changes.list.insert(0, Change::CaseOpened(Box::new(case)));
        changes.list.insert(1, noted);
        Decision { changes, outcome }
    }
}
