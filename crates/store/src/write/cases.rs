//! How payments, cases and their histories are written.

use domain::case::{Case, Link, Stage};
use domain::chain::{Head, Note};
use domain::changes::KeptContent;
use domain::ids::CaseId;
use domain::payment::Payment;
use domain::{Instant, Scope};

use super::{one, tag};
use crate::bulk;
use crate::codec;
use crate::engine::{Load, Stmt, Value};

const INSERT_CASE: &str = "INSERT INTO cases (id, scope, version, stage, stage_fact, stage_at,
 opened_at, refid, slot, earlier, addresses, through, queue, assignee, proposal, proposed_by,
 head_seq, head_digest, channel, received_at, taken_by, customer, language, outcome)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
 ?21, ?22, ?23, ?24)
 ON CONFLICT DO NOTHING";

// A reopened case takes the open slot of its payment again: it is refused when another one has it.
const MOVE_CASE: &str = "UPDATE cases SET version = ?3, stage = ?4, stage_fact = ?5, stage_at = ?6,
 slot = ?7, queue = ?8, assignee = ?9, proposal = ?10, proposed_by = ?11, head_seq = ?12,
 head_digest = ?13, addresses = ?15, outcome = ?16
 WHERE id = ?1 AND scope = ?2 AND version = ?14
 AND NOT EXISTS (SELECT 1 FROM cases other WHERE other.scope = ?2 AND other.refid = cases.refid
  AND other.refid <> '' AND other.slot = ?7 AND other.id <> ?1)";

// Changes nothing, and locks the row until the commit: whoever moves the case meets this one.
const HOLD_CASE: &str = "UPDATE cases SET version = version
 WHERE id = ?1 AND scope = ?2 AND version = ?3";

const INSERT_LINK: &str = "INSERT INTO case_links (scope, case_id, other_id, kind, at)
 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

const DELETE_LINK: &str = "DELETE FROM case_links
 WHERE scope = ?1 AND case_id = ?2 AND other_id = ?3 AND kind = ?4";

const INSERT_IMPORTED: &str = "INSERT INTO imported_cases (scope, source, external_id, case_id, at)
 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

// The version stays: a note that changes nothing else takes nobody's act away. Who moves the case
// at the same time meets this note's number.
const NOTE_CASE: &str = "UPDATE cases SET head_seq = ?3, head_digest = ?4
 WHERE id = ?1 AND scope = ?2 AND head_seq = ?5 AND head_digest = ?6";

const INSERT_NOTE: &str = "INSERT INTO notes (case_id, seq, at, actor, act, fact, content_digest,
 previous, digest, salt, content, sealed, seal)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0) ON CONFLICT DO NOTHING";

const INSERT_PAYMENT: &str = "INSERT INTO payments (scope, refid, trxid, product, account,
 amount_minor, currency, status, status_at, created_at, provider, payer_ref)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";

/// Places of the statement above.
const INSERT_PAYMENT_PLACES: usize = 12;

const MOVE_PAYMENT: &str = "UPDATE payments SET status = ?4, status_at = ?5
 WHERE scope = ?1 AND refid = ?2 AND status_at = ?3";

/// Which of its payment's slots a case takes: 0 while it is not closed.
fn slot(case: &Case) -> i64 {
    match case.stage {
        Stage::Closed { .. } => case.stage_at.millis().max(1),
        _ => 0,
    }
}

fn proposal(case: &Case) -> [Value; 2] {
    let proposal = case.proposal.as_ref();
    [proposal.map(|one| one.remedy.word()).into(), proposal.map(|one| one.by.as_str()).into()]
}

fn outcome(case: &Case) -> &'static str {
    case.outcome.map_or("", domain::case::Outcome::word)
}

pub(super) fn link(scope: Scope, link: &Link) -> Stmt {
    let mut values = link_values(scope, link);
    values.push(link.at.millis().into());
    one(INSERT_LINK, tag::CASE, values)
}

pub(super) fn held(scope: Scope, case: &CaseId, version: i64) -> Stmt {
    let values = vec![case.as_str().into(), scope.number().into(), version.into()];
    one(HOLD_CASE, tag::CASE, values)
}

pub(super) fn unlink(scope: Scope, link: &Link) -> Stmt {
    one(DELETE_LINK, tag::CASE, link_values(scope, link))
}

fn link_values(scope: Scope, link: &Link) -> Vec<Value> {
    vec![
        scope.number().into(),
        link.case.as_str().into(),
        link.other.as_str().into(),
        link.kind.word().into(),
    ]
}

pub(super) fn open(case: &Case) -> Stmt {
    let [remedy, by] = proposal(case);
    let values = vec![
        case.id.as_str().into(),
        case.scope.number().into(),
        case.version.into(),
        case.stage.name().word().into(),
        case.stage.fact().into(),
        case.stage_at.millis().into(),
        case.opened_at.millis().into(),
        case.refid.as_str().into(),
        slot(case).into(),
        case.earlier.as_ref().map(|id| id.as_str()).into(),
        codec::write_addresses(&case.addresses).into(),
        case.through.as_str().into(),
        case.queue.as_str().into(),
        case.assignee.as_str().into(),
        remedy,
        by,
        case.head.seq.into(),
        case.head.digest.as_slice().into(),
        case.channel.word().into(),
        case.received_at.millis().into(),
        case.taken_by.as_str().into(),
        case.customer.as_str().into(),
        case.language.as_str().into(),
        outcome(case).into(),
    ];
    one(INSERT_CASE, tag::CASE, values)
}

pub(super) fn imported(
    scope: Scope,
    source: &str,
    external_id: &str,
    case: &CaseId,
    at: Instant,
) -> Stmt {
    let values = vec![
        scope.number().into(),
        source.into(),
        external_id.into(),
        case.as_str().into(),
        at.millis().into(),
    ];
    one(INSERT_IMPORTED, tag::CASE, values)
}

pub(super) fn shift(case: &Case) -> Stmt {
    let [remedy, by] = proposal(case);
    let values = vec![
        case.id.as_str().into(),
        case.scope.number().into(),
        case.version.into(),
        case.stage.name().word().into(),
        case.stage.fact().into(),
        case.stage_at.millis().into(),
        slot(case).into(),
        case.queue.as_str().into(),
        case.assignee.as_str().into(),
        remedy,
        by,
        case.head.seq.into(),
        case.head.digest.as_slice().into(),
        (case.version - 1).into(),
        codec::write_addresses(&case.addresses).into(),
        outcome(case).into(),
    ];
    one(MOVE_CASE, tag::CASE, values)
}

pub(super) fn noted(scope: Scope, case: &CaseId, was: &Head, is: &Head) -> Stmt {
    let values = vec![
        case.as_str().into(),
        scope.number().into(),
        is.seq.into(),
        is.digest.as_slice().into(),
        was.seq.into(),
        was.digest.as_slice().into(),
    ];
    one(NOTE_CASE, tag::CASE, values)
}

pub(super) fn note(note: &Note, content: Option<&KeptContent>) -> Stmt {
    let (salt, text, sealed): (Value, Value, bool) = match content {
        None => (Value::Null, Value::Null, false),
        Some(KeptContent::Plain(plain)) => {
            (plain.salt.as_slice().into(), plain.text.as_bytes().into(), false)
        }
        Some(KeptContent::Sealed { salt, bytes }) => {
            (salt.as_slice().into(), bytes.as_slice().into(), true)
        }
    };
    let values = vec![
        note.case.as_str().into(),
        note.seq.into(),
        note.at.millis().into(),
        note.actor.as_str().into(),
        note.act.as_str().into(),
        note.fact.as_str().into(),
        note.content.as_slice().into(),
        note.previous.as_slice().into(),
        note.digest().as_slice().into(),
        salt,
        text,
        sealed.into(),
    ];
    one(INSERT_NOTE, tag::CASE, values)
}

pub(super) fn payment(scope: Scope, payment: &Payment) -> Stmt {
    one(INSERT_PAYMENT, tag::PAYMENT, payment_values(scope, payment.clone()).into())
}

/// New payments in one go.
pub(super) fn load(scope: Scope, payments: impl ExactSizeIterator<Item = Payment>) -> Load {
    let width = INSERT_PAYMENT_PLACES;
    let mut values = Vec::with_capacity(payments.len() * width);
    for payment in payments {
        values.extend(payment_values(scope, payment));
    }
    bulk::load(INSERT_PAYMENT, width, values)
}

fn payment_values(scope: Scope, payment: Payment) -> [Value; INSERT_PAYMENT_PLACES] {
    [
        scope.number().into(),
        payment.refid.into(),
        payment.trxid.into(),
        payment.product.into(),
        payment.account.into(),
        payment.amount_minor.into(),
        payment.currency.into(),
        payment.status.number().into(),
        payment.status_at.millis().into(),
        payment.created_at.millis().into(),
        payment.provider.into(),
        payment.payer_ref.into(),
    ]
}

pub(super) fn payment_status(
    scope: Scope,
    refid: &str,
    from_status_at: Instant,
    status: i64,
    status_at: Instant,
) -> Stmt {
    let values = vec![
        scope.number().into(),
        refid.into(),
        from_status_at.millis().into(),
        status.into(),
        status_at.millis().into(),
    ];
    one(MOVE_PAYMENT, tag::PAYMENT, values)
}
