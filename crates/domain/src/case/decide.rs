//! The one place where it is decided what a command does. Pure: what is known goes in with the
//! time and the dice, what shall change comes out.

use super::{
    Act, ActOrder, Ask, Case, CloseReason, Known, PaymentRef, Proposal, Report, Stage, StageName,
};
use crate::actor::{Actor, Right};
use crate::chain::{Content, Digest, Head, Note, digest_of};
use crate::changes::{Change, Changes, KeptContent, Outcome};
use crate::dice::Dice;
use crate::ids::{CaseId, MessageId};
use crate::message::{Event, EventKind, Message, Telling};
use crate::payment::{Payment, PaymentStatus};
use crate::refusal::Refusal;
use crate::scope::Env;
use crate::time::Instant;

/// The queue a new case stands in.
pub const INTAKE: &str = "intake";

/// What a decision gives.
#[derive(Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to write.
    pub changes: Changes,
    /// What to answer.
    pub outcome: Outcome,
}

/// Who decides, when, with which dice.
pub struct Hand<'a> {
    /// Who asks.
    pub by: &'a Actor,
    /// When.
    pub at: Instant,
    /// Ids and salts come from here.
    pub dice: &'a mut dyn Dice,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open a case about a payment.
    Report(Report),
    /// Act on a case.
    Act(ActOrder),
}

impl Command {
    /// Names the command with all it says, for telling whether a repeated key repeats it. Kept in
    /// storage: the order of the parts never changes, a new part is added at the end.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Report(report) => {
                let (kind, reference) = match &report.payment {
                    PaymentRef::Refid(refid) => ("refid", refid),
                    PaymentRef::Trxid(trxid) => ("trxid", trxid),
                };
                let content = report.content();
                digest_of(&[b"report-1", kind.as_bytes(), reference.as_bytes(), content.as_bytes()])
            }
            Self::Act(order) => {
                let version = order.version.map_or([0; 8], i64::to_be_bytes);
                let person = match &order.ask {
                    Ask::Assign { person, .. } => person.as_str(),
                    _ => "",
                };
                digest_of(&[
                    b"act-1",
                    order.case.as_str().as_bytes(),
                    order.ask.act().word().as_bytes(),
                    order.ask.fact().as_bytes(),
                    person.as_bytes(),
                    order.says.as_bytes(),
                    &version,
                ])
            }
        }
    }
}

/// Decides a command.
pub fn decide(known: &Known, command: &Command, hand: &mut Hand<'_>) -> Result<Decision, Refusal> {
    match command {
        Command::Report(report) => decide_report(known, report, hand),
        Command::Act(order) => decide_act(known, order, hand),
    }
}

fn decide_report(known: &Known, report: &Report, hand: &mut Hand<'_>) -> Result<Decision, Refusal> {
    if !hand.by.may(Right::Report) {
        return Err(Refusal::NotAllowed);
    }
    let payment = reportable(known)?;
    let refid = payment.refid.clone();
    let mut case = new_case(known, report, payment, hand);
    let mut changes = Changes::none(hand.by.scope, hand.at);
    let noted = note(&mut case, "report", "", &report.content(), hand);
    if hand.by.scope.env() == Env::Production {
        changes.list.push(queued(&case, Telling::Acknowledge, hand));
    }
    changes.list.push(event(&case, EventKind::CaseOpened, &payment.trxid, hand));
    let outcome = Outcome::Reported { case: case.id.clone(), refid };
    changes.list.insert(0, Change::CaseOpened(Box::new(case)));
    changes.list.insert(1, noted);
    Ok(Decision { changes, outcome })
}

/// The payment, when a report about it would open a case: the part of the decision that does not
/// ask who reports. It also tells an app when to offer the button.
///
/// # Errors
/// Why a report would be refused.
pub fn reportable(known: &Known) -> Result<&Payment, Refusal> {
    let payment = known.payment.as_ref().ok_or(Refusal::PaymentUnknown)?;
    let refid = payment.refid.clone();
    if let Some(open) = &known.case {
        return Err(Refusal::AlreadyReported { refid, case: open.id.clone() });
    }
    match payment.status {
        PaymentStatus::Successful => Ok(payment),
        PaymentStatus::Accepted | PaymentStatus::Processing => {
            Err(Refusal::PaymentPending { refid })
        }
        PaymentStatus::Failed => Err(Refusal::PaymentFailed { refid }),
        PaymentStatus::Refunded => Err(Refusal::PaymentRefunded { refid }),
    }
}

fn new_case(known: &Known, report: &Report, payment: &Payment, hand: &mut Hand<'_>) -> Case {
    Case {
        id: CaseId::new(hand.at, hand.dice),
        scope: hand.by.scope,
        version: 1,
        stage: Stage::Received,
        stage_at: hand.at,
        opened_at: hand.at,
        refid: payment.refid.clone(),
        earlier: known.earlier.clone(),
        addresses: report.addresses.clone(),
        through: hand.by.name.clone(),
        queue: INTAKE.to_owned(),
        assignee: String::new(),
        proposal: None,
        head: Head::START,
    }
}

fn decide_act(known: &Known, order: &ActOrder, hand: &mut Hand<'_>) -> Result<Decision, Refusal> {
    let act = order.ask.act();
    let right = match act {
        Act::Approve | Act::Decline => Right::ApproveActs,
        _ => Right::WorkCases,
    };
    if !hand.by.may(right) {
        return Err(Refusal::NotAllowed);
    }
    let mut case = known.case.clone().ok_or(Refusal::CaseUnknown)?;
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
    second_person(&mut case, &order.ask, hand.by)?;
    if let Ask::Assign { queue, person } = &order.ask {
        assign(&mut case, queue, person);
    }
    if stage != case.stage {
        (case.stage, case.stage_at) = (stage, hand.at);
    }
    case.version += 1;
    let mut changes = Changes::none(hand.by.scope, hand.at);
    let noted = note(&mut case, act.word(), &order.ask.fact(), &order.says, hand);
    if let Some(kind) = event_of(before, stage.name(), act) {
        let trxid = known.payment.as_ref().map_or("", |payment| payment.trxid.as_str());
        changes.list.push(event(&case, kind, trxid, hand));
    }
    let outcome = Outcome::Acted { case: case.id.clone(), version: case.version, stage };
    changes.list.insert(0, Change::CaseMoved(Box::new(case)));
    changes.list.insert(1, noted);
    Ok(Decision { changes, outcome })
}

/// The stage an act leads to, or nothing when it is impossible there. This is the table of
/// `docs/case.md`.
pub const fn next_stage(stage: Stage, ask: &Ask) -> Option<Stage> {
    match (stage, ask) {
        (_, Ask::Comment { .. }) => Some(stage),
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
        Ask::Comment { .. } => Some(stage),
        Ask::Start | Ask::Resume | Ask::Reopen => None,
    }
}

/// A case without an outcome may end only because there is nothing to decide: nobody closes it as
/// settled.
fn closing_needs_an_outcome(before: StageName, ask: &Ask) -> Result<(), Refusal> {
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
            Some(proposal) if proposal.by == by.name => Err(Refusal::SamePerson),
            Some(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

fn assign(case: &mut Case, queue: &str, person: &str) {
    if !queue.is_empty() {
        queue.clone_into(&mut case.queue);
    }
    if !person.is_empty() {
        person.clone_into(&mut case.assignee);
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

fn note(case: &mut Case, act: &str, fact: &str, says: &str, hand: &mut Hand<'_>) -> Change {
    let content = (!says.is_empty()).then(|| Content::new(says.to_owned(), hand.dice));
    let note = Note {
        case: case.id.clone(),
        seq: case.head.seq + 1,
        at: hand.at,
        actor: hand.by.name.clone(),
        act: act.to_owned(),
        fact: fact.to_owned(),
        content: content.as_ref().map_or([0; 32], Content::digest),
        previous: case.head.digest,
    };
    case.head = note.head();
    Change::Noted { note, content: content.map(KeptContent::Plain) }
}

fn event(case: &Case, kind: EventKind, trxid: &str, hand: &mut Hand<'_>) -> Change {
    let event = Event {
        kind,
        refid: case.refid.clone(),
        trxid: trxid.to_owned(),
        stage: case.stage,
        version: case.version,
    };
    queued(case, Telling::Event(event), hand)
}

fn queued(case: &Case, telling: Telling, hand: &mut Hand<'_>) -> Change {
    Change::Queued(Message {
        id: MessageId::new(hand.at, hand.dice),
        scope: case.scope,
        case: case.id.clone(),
        at: hand.at,
        telling,
    })
}
