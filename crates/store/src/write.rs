//! The one door for writing: every change becomes statements here and nowhere else. The match has
//! no wildcard, so a new kind of change does not compile until it is said how it lasts. Rows are
//! touched in one order (payments, cases, notes, outbox, keys), so that two batches never wait for
//! each other.

mod accounts;
mod admin;
mod audit;
mod cases;
mod evidence;
mod feed;
mod jobs;
mod outbox;

use domain::changes::{Change, Changes, Nonce};
use domain::payment::Payment;
use domain::{Instant, Scope};

use crate::codec;
use crate::engine::{Expect, Load, Stmt, Value};

/// What missed, when a guard did.
pub mod tag {
    /// The payment has an open case, or the case's id is taken.
    pub const CASE: &str = "case";
    /// The file is known already, belongs to a case, or was looked at.
    pub const EVIDENCE: &str = "evidence";
    /// The nonce was spent before.
    pub const NONCE: &str = "nonce";
    /// The idempotency key is in use.
    pub const KEY: &str = "key";
    /// The payment was written or moved by another.
    pub const PAYMENT: &str = "payment";
    /// The lease is another's by now.
    pub const LEASE: &str = "lease";
    /// The window is used up.
    pub const QUOTA: &str = "quota";
    /// The job has ended, or its id is taken.
    pub const JOB: &str = "job";
    /// Another seal took the number.
    pub const SEAL: &str = "seal";
    /// Another sweep gave the numbers.
    pub const FEED: &str = "feed";
    /// An account record with that name exists, or is gone.
    pub const ACCOUNT: &str = "account";
}

const INSERT_NONCE: &str =
    "INSERT INTO nonces (minute, digest) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

const INSERT_SAVED_KEY: &str = "INSERT INTO saved_keys (scope, key, digest, shape, outcome, at)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";

const DROP_NONCES: &str = "DELETE FROM nonces WHERE minute < ?1";

const DROP_SAVED_KEYS: &str = "DELETE FROM saved_keys WHERE at < ?1";

const DROP_QUOTAS: &str = "DELETE FROM quotas WHERE ends_at < ?1";

/// What is dropped together: outcomes of keys, and quota windows.
const OLD_MEMORY: [&str; 2] = [DROP_SAVED_KEYS, DROP_QUOTAS];

// On SQLite the tokens go with the row, by a trigger.
const FORGET_SEARCHED: &str = "DELETE FROM search_docs WHERE case_id = ?1";

/// A statement that must touch one row.
pub(crate) fn one(sql: &'static str, tag: &'static str, values: Vec<Value>) -> Stmt {
    Stmt { sql, values, expect: Expect::OneRow, tag }
}

/// A statement that may touch any number of rows.
pub(crate) fn any(sql: &'static str, values: Vec<Value>) -> Stmt {
    Stmt { sql, values, expect: Expect::Any, tag: "" }
}

/// The statements of `changes`, in the order in which they are carried out.
pub fn statements(changes: &Changes) -> Vec<Stmt> {
    let mut list = Vec::with_capacity(changes.list.len() + 2);
    if let Some(nonce) = &changes.nonce {
        list.push(one(INSERT_NONCE, tag::NONCE, nonce_values(nonce)));
    }
    if let Some(saved) = &changes.saved {
        let (shape, outcome) = codec::write_outcome(&saved.outcome);
        let values = vec![
            changes.scope.number().into(),
            saved.key.as_str().into(),
            saved.digest.as_slice().into(),
            shape.into(),
            outcome.into(),
            changes.at.millis().into(),
        ];
        list.push(one(INSERT_SAVED_KEY, tag::KEY, values));
    }
    for change in &changes.list {
        put(changes, change, &mut list);
    }
    list.extend(feed::payments(changes));
    list
}

/// What leaves by export of these changes, for a road that writes payments by itself.
pub(crate) fn leaves(changes: &Changes) -> Option<Stmt> {
    feed::payments(changes)
}

/// New payments in one go, instead of a statement for each.
pub(crate) fn load(scope: Scope, payments: impl ExactSizeIterator<Item = Payment>) -> Load {
    cases::load(scope, payments)
}

/// A payment's status moves; `status` is its stored number.
pub(crate) fn payment_status(
    scope: Scope,
    refid: &str,
    from_status_at: Instant,
    status: i64,
    status_at: Instant,
) -> Stmt {
    cases::payment_status(scope, refid, from_status_at, status, status_at)
}

fn put(changes: &Changes, change: &Change, list: &mut Vec<Stmt>) {
    let scope = changes.scope;
    match change {
        Change::CaseOpened(case) => list.push(cases::open(case)),
        Change::CaseImported { source, external_id, case } => {
            list.push(cases::imported(scope, source, external_id, case, changes.at));
        }
        Change::CaseMoved(case) => list.push(cases::shift(case)),
        Change::CaseHeld { case, version } => list.push(cases::held(scope, case, *version)),
        Change::Linked(link) => list.push(cases::link(scope, link)),
        Change::Unlinked(link) => list.push(cases::unlink(scope, link)),
        Change::Noted { note, content } => list.push(cases::note(note, content.as_ref())),
        Change::CaseNoted { case, was, is } => list.push(cases::noted(scope, case, was, is)),
        Change::EvidenceKept(_)
        | Change::EvidenceAttached { .. }
        | Change::EvidenceScanned { .. } => list.extend(evidence::put(changes, change)),
        Change::Queued(message) => list.push(outbox::queue(message)),
        Change::QueuedEnded { message, why } => list.extend(outbox::queue_ended(message, *why)),
        Change::PaymentNew(payment) => list.push(cases::payment(scope, payment)),
        Change::PaymentMoved { refid, from_status_at, status, status_at } => {
            list.push(payment_status(scope, refid, *from_status_at, status.number(), *status_at));
        }
        Change::TenantNew(tenant) => list.push(accounts::tenant(tenant)),
        Change::KeyNew(key) => list.push(accounts::key(key)),
        Change::KeyRevoked { id } => list.push(accounts::revoke_key(scope, id, changes.at)),
        Change::TokenNew(token) => list.push(accounts::token(token)),
        Change::TokenRevoked { digest } => {
            list.push(accounts::revoke_token(scope, digest, changes.at));
        }
        Change::LoginNew(login) => list.push(accounts::login(login)),
        Change::PasswordSet { username, password } => {
            list.extend(accounts::password(scope, username, password, changes.at));
        }
        Change::RefreshNew(token) => list.push(accounts::refresh(token)),
        Change::RefreshUsed { digest } => list.push(accounts::refresh_used(digest)),
        Change::EndpointNew(endpoint) => list.push(accounts::endpoint(endpoint)),
        Change::EndpointDisabled { id } => {
            list.push(accounts::disable_endpoint(scope, id, changes.at));
        }
        Change::Admin(change) => admin::put(changes, change, list),
        Change::Resealed { place, was, is } => list.push(audit::resealed(place, was, is)),
        Change::Job(change) => list.extend(jobs::put(scope, change, changes.at)),
        Change::Tried(end) => list.extend(outbox::tried(end, changes.at)),
        Change::Released { message, leased_until, due } => {
            list.push(outbox::released(message, *leased_until, *due));
        }
        Change::Spread { parent, leased_until, deliveries } => {
            list.extend(outbox::spread(parent, *leased_until, deliveries, changes.at));
        }
        Change::QuotaUsed { subject, ends_at, most } => {
            list.push(outbox::quota(subject, *ends_at, *most));
        }
        Change::Sealed { seal, heads } => list.extend(audit::sealed(seal, heads)),
        Change::FeedNumbered { was, payments, events, sealed } => {
            list.extend(feed::numbered(was, payments, events, *sealed));
        }
        Change::SearchForgotten { case } => {
            list.push(any(FORGET_SEARCHED, vec![case.as_str().into()]));
        }
        Change::NoncesSpent(nonces) => {
            list.extend(nonces.iter().map(|nonce| any(INSERT_NONCE, nonce_values(nonce))));
        }
        Change::NoncesDropped { before_minute } => {
            list.push(any(DROP_NONCES, vec![(*before_minute).into()]));
        }
        Change::MemoryDropped { before } => {
            list.extend(OLD_MEMORY.map(|sql| any(sql, vec![before.millis().into()])));
        }
    }
}

fn nonce_values(nonce: &Nonce) -> Vec<Value> {
    vec![nonce.minute.into(), nonce.digest.as_slice().into()]
}
