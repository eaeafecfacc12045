//! What leaves by export is noted with the commit that writes payments, in one row for all of
//! them, and numbered by a sweep after it was committed.

use std::fmt::Write as _;

use domain::changes::{Change, Changes, FeedNumbers};
use domain::ids::MessageId;
use domain::{Instant, Scope, hex};
use sha2::{Digest as _, Sha256};

use super::{one, tag};
use crate::engine::{Stmt, Value};

const INSERT_PAYMENTS: &str = "INSERT INTO feed_payments (id, scope, at, n, seq, body)
 SELECT ?1, ?2, ?3, COALESCE(MAX(n), 0) + 1, 0, ?4 FROM feed_payments WHERE seq = 0
 ON CONFLICT DO NOTHING";

const NUMBER_PAYMENTS: &str = "UPDATE feed_payments SET seq = ?2 WHERE id = ?1 AND seq = 0";

const INSERT_EVENT: &str = "INSERT INTO feed_events (seq, scope, message_id) VALUES (?1, ?2, ?3)
 ON CONFLICT DO NOTHING";

const MOVE_STATE: &str = "UPDATE feed_state SET payments = ?4, events = ?5, sealed = ?6
 WHERE id = 1 AND payments = ?1 AND events = ?2 AND sealed = ?3";

/// The row for the payments among these changes, when there are any. Every road that writes
/// payments must write it with them.
pub(super) fn payments(changes: &Changes) -> Option<Stmt> {
    let mut body = String::new();
    for change in &changes.list {
        let (mark, refid, status, at) = match change {
            Change::PaymentNew(new) => ('n', &new.refid, new.status, new.status_at),
            Change::PaymentMoved { refid, status, status_at, .. } => {
                ('m', refid, *status, *status_at)
            }
            _ => continue,
        };
        if !body.is_empty() {
            body.push('\n');
        }
        // Writing into a string cannot fail.
        let _ = write!(body, "{mark} {refid} {} {}", status.number(), at.millis());
    }
    (!body.is_empty()).then(|| payments_row(changes.scope, changes.at, body))
}

/// One row of lines. Its id names what it says: the guards of payments let none of it happen
/// twice at the same time.
fn payments_row(scope: Scope, at: Instant, body: String) -> Stmt {
    let mut hash = Sha256::new();
    hash.update(scope.number().to_be_bytes());
    hash.update(at.millis().to_be_bytes());
    hash.update(body.as_bytes());
    let id = hex(&hash.finalize()[..16]);
    let values: Vec<Value> =
        vec![id.into(), scope.number().into(), at.millis().into(), body.into()];
    one(INSERT_PAYMENTS, tag::PAYMENT, values)
}

pub(super) fn numbered(
    was: &FeedNumbers,
    payments: &[String],
    events: &[(Scope, MessageId)],
    sealed: i64,
) -> Vec<Stmt> {
    let count = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
    let values = vec![
        was.payments.into(),
        was.events.into(),
        was.sealed.into(),
        (was.payments + count(payments.len())).into(),
        (was.events + count(events.len())).into(),
        sealed.into(),
    ];
    let mut list = vec![one(MOVE_STATE, tag::FEED, values)];
    for (id, seq) in payments.iter().zip(was.payments + 1..) {
        list.push(one(NUMBER_PAYMENTS, tag::FEED, vec![id.as_str().into(), seq.into()]));
    }
    for ((scope, id), seq) in events.iter().zip(was.events + 1..) {
        let values = vec![seq.into(), scope.number().into(), id.as_str().into()];
        list.push(one(INSERT_EVENT, tag::FEED, values));
    }
    list
}
