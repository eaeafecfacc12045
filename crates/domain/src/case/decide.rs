//! The one place where it is decided what a command does. Pure: what is known goes in with the
//! time and the dice, what shall change comes out. Here are the commands and what all decisions
//! share; the files below hold a kind of command each.

mod acts;
mod opening;
mod pairs;
mod taking_over;

pub(super) use acts::LAPSE;
pub use acts::{next_stage, possible_acts};
pub use opening::{hindrance, reportable};
pub(super) use pairs::{ABSORB, CARRIED};
pub use taking_over::take_over;

use super::{ActOrder, ByHand, Case, Known, PaymentRef, Report};
use crate::actor::{Actor, Right};
use crate::chain::{Content, Digest, Note, digest_of};
use crate::changes::{Change, Changes, KeptContent, Outcome};
use crate::dice::Dice;
use crate::evidence::{AttachOrder, ReadOrder};
use crate::ids::MessageId;
use crate::message::{Event, EventKind, Message, Telling};
use crate::refusal::Refusal;
use crate::time::Instant;

mod attach;
pub use attach::attached;

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
    /// Open a case by hand.
    Open(ByHand),
    /// Act on a case.
    Act(ActOrder),
    /// Take the next case of a queue.
    TakeNext {
        /// The queue's name.
        queue: String,
    },
    /// Give a case files.
    Attach(AttachOrder),
    /// Read a file of a case.
    ReadEvidence(ReadOrder),
}

impl Command {
    /// The right that it asks for.
    pub const fn right(&self) -> Right {
        match self {
            Self::Report(_) => Right::Report,
            Self::Act(order) => order.ask.act().right(),
            Self::Open(_) | Self::TakeNext { .. } | Self::Attach(_) => Right::WorkCases,
            Self::ReadEvidence(_) => Right::ReadEvidence,
        }
    }

    /// Names the command with all it says, for telling whether a repeated key repeats it. Kept in
    /// storage: the order of the parts never changes, a new part is added at the end.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Report(report) => {
                let (kind, reference) = report.payment.parts();
                let content = report.content();
                digest_of(&[b"report-1", kind.as_bytes(), reference.as_bytes(), content.as_bytes()])
            }
            Self::Open(by_hand) => opened_digest(by_hand),
            Self::Act(order) => {
                let version = order.version.map_or([0; 8], i64::to_be_bytes);
                digest_of(&[
                    b"act-1",
                    order.case.as_str().as_bytes(),
                    order.ask.act().word().as_bytes(),
                    order.ask.fact_in_digest().as_bytes(),
                    &order.ask.rest(),
                    order.says.as_bytes(),
                    &version,
                ])
            }
            Self::TakeNext { queue } => digest_of(&[b"take-next-1", queue.as_bytes()]),
            Self::Attach(order) => {
                let version = order.version.map_or([0; 8], i64::to_be_bytes);
                let mut parts: Vec<&[u8]> = vec![b"attach-1", order.case.as_str().as_bytes()];
                for file in &order.files {
                    parts.extend([file.name.as_bytes(), &file.sha256]);
                }
                parts.push(&version);
                digest_of(&parts)
            }
            Self::ReadEvidence(order) => {
                let (case, id) = (order.case.as_str(), order.id.as_str());
                let look = order.look.word();
                digest_of(&[b"read-1", case.as_bytes(), id.as_bytes(), look.as_bytes()])
            }
        }
    }
}

fn opened_digest(by_hand: &ByHand) -> Digest {
    let (kind, reference) = by_hand.payment.as_ref().map_or(("", ""), PaymentRef::parts);
    let received = by_hand.received_at.map_or(i64::MIN, Instant::millis).to_be_bytes();
    digest_of(&[
        b"open-1",
        by_hand.channel.word().as_bytes(),
        &received,
        by_hand.taken_by.as_bytes(),
        by_hand.customer.as_bytes(),
        by_hand.language.as_bytes(),
        kind.as_bytes(),
        reference.as_bytes(),
        by_hand.content().as_bytes(),
        &[u8::from(by_hand.acknowledge)],
    ])
}

/// Decides a command.
pub fn decide(known: &Known, command: &Command, hand: &mut Hand<'_>) -> Result<Decision, Refusal> {
    hand.by.must(command.right())?;
    match command {
        Command::Report(report) => opening::report(known, report, hand),
        Command::Open(by_hand) => opening::by_hand(known, by_hand, hand),
        Command::Act(order) => acts::act(known, order, hand),
        Command::TakeNext { .. } => acts::take_next(known, hand),
        Command::Attach(order) => attach::decide_attach(known, order, hand),
        Command::ReadEvidence(order) => attach::decide_read(known, order, hand),
    }
}

/// Writes the next note of a case's history.
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
