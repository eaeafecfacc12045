//! How messages to the outside are written, claimed by lease, and ended.

use domain::Instant;
use domain::chain::Digest;
use domain::changes::{Delivery, Try, TryEnd};
use domain::ids::MessageId;
use domain::message::{Message, Telling};

use super::{one, tag};
use crate::codec;
use crate::engine::Stmt;

/// Longest piece of a receiver's answer that is kept, in characters.
const DETAIL_CHARS_MAX: usize = 500;

const INSERT_MESSAGE: &str = "INSERT INTO outbox (id, scope, case_id, at, channel, shape, body,
 state, due, leased_until, attempts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?4, 0, ?9)";

const INSERT_DELIVERY: &str = "INSERT INTO outbox (id, scope, case_id, at, channel, shape, body,
 endpoint, parent, state, due, leased_until, attempts)
 VALUES (?1, ?2, ?3, ?4, 'webhook', 'webhook-1', ?5, ?6, ?7, 0, ?4, 0, 0)";

const END_MESSAGE: &str = "UPDATE outbox SET state = ?3, attempts = ?4, leased_until = 0
 WHERE id = ?1 AND leased_until = ?2 AND state = 0";

const PUT_OFF_MESSAGE: &str = "UPDATE outbox SET due = ?3, attempts = ?4, leased_until = 0
 WHERE id = ?1 AND leased_until = ?2 AND state = 0";

const RELEASE_MESSAGE: &str = "UPDATE outbox SET due = ?3, leased_until = 0
 WHERE id = ?1 AND leased_until = ?2 AND state = 0";

const INSERT_ATTEMPT: &str = "INSERT INTO attempts (message_id, number, at, result, detail)
 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

const USE_QUOTA: &str = "INSERT INTO quotas (subject, ends_at, used) VALUES (?1, ?2, 1)
 ON CONFLICT (ends_at, subject) DO UPDATE SET used = quotas.used + 1 WHERE quotas.used < ?3";

/// State of a message that is to be sent.
const WAITS: i64 = 0;
/// State of a message that was sent.
const DONE: i64 = 1;
/// State of a message that nobody tries any more.
const GIVEN_UP: i64 = 2;

pub(super) fn queue(message: &Message) -> Stmt {
    insert(message, WAITS, 0)
}

/// As it stands after the try that found out that it calls nobody.
pub(super) fn queue_ended(message: &Message, why: Option<&'static str>) -> Vec<Stmt> {
    let Some(why) = why else { return vec![insert(message, DONE, 1)] };
    let values = vec![
        message.id.as_str().into(),
        1.into(),
        message.at.millis().into(),
        "given-up".into(),
        why.into(),
    ];
    vec![insert(message, GIVEN_UP, 1), one(INSERT_ATTEMPT, tag::CASE, values)]
}

fn insert(message: &Message, state: i64, attempts: i64) -> Stmt {
    let channel = match &message.telling {
        Telling::Acknowledge => "mail",
        Telling::Event(_) | Telling::Ping(_) => "event",
    };
    let values = vec![
        message.id.as_str().into(),
        message.scope.number().into(),
        message.case.as_str().into(),
        message.at.millis().into(),
        channel.into(),
        message.telling.shape().into(),
        codec::write_telling(&message.telling).into(),
        state.into(),
        attempts.into(),
    ];
    one(INSERT_MESSAGE, tag::CASE, values)
}

pub(super) fn tried(end: &Try, at: Instant) -> [Stmt; 2] {
    let message = end.message.as_str();
    let lease = end.leased_until.millis();
    let (record, result) = match end.end {
        TryEnd::Done => (ended(message, lease, DONE, end.number), "done"),
        TryEnd::GivenUp => (ended(message, lease, GIVEN_UP, end.number), "given-up"),
        TryEnd::Again { due } => {
            let values = vec![message.into(), lease.into(), due.millis().into(), end.number.into()];
            (one(PUT_OFF_MESSAGE, tag::LEASE, values), "again")
        }
    };
    let detail: String = end.detail.chars().take(DETAIL_CHARS_MAX).collect();
    let values =
        vec![message.into(), end.number.into(), at.millis().into(), result.into(), detail.into()];
    [record, one(INSERT_ATTEMPT, tag::LEASE, values)]
}

fn ended(message: &str, lease: i64, state: i64, number: i64) -> Stmt {
    let values = vec![message.into(), lease.into(), state.into(), number.into()];
    one(END_MESSAGE, tag::LEASE, values)
}

pub(super) fn released(message: &MessageId, leased_until: Instant, due: Instant) -> Stmt {
    let values = vec![message.as_str().into(), leased_until.millis().into(), due.millis().into()];
    one(RELEASE_MESSAGE, tag::LEASE, values)
}

pub(super) fn spread(
    parent: &MessageId,
    leased_until: Instant,
    deliveries: &[Delivery],
    at: Instant,
) -> Vec<Stmt> {
    let mut list = vec![ended(parent.as_str(), leased_until.millis(), DONE, 1)];
    for delivery in deliveries {
        let values = vec![
            delivery.id.as_str().into(),
            delivery.scope.number().into(),
            delivery.case.as_str().into(),
            at.millis().into(),
            delivery.body.as_str().into(),
            delivery.endpoint.as_str().into(),
            parent.as_str().into(),
        ];
        list.push(one(INSERT_DELIVERY, tag::LEASE, values));
    }
    list
}

pub(super) fn quota(subject: &Digest, ends_at: Instant, most: i64) -> Stmt {
    let values = vec![subject.as_slice().into(), ends_at.millis().into(), most.into()];
    one(USE_QUOTA, tag::QUOTA, values)
}
