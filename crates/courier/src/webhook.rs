//! Webhooks by the Standard Webhooks scheme: an id that stays through every try, a time and
//! signatures that are fresh with each. What is posted is what was committed, byte for byte. It
//! must never send an event unsigned, nor take any answer but 2xx for "taken".

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ids::MessageId;
use domain::time::{Instant, Millis};
use zeroize::Zeroizing;

use crate::guard::{Answer, Call, CallError, Guard, HeaderMap, HeaderValue, Method};

/// How long one delivery may take unless the settings say otherwise, from the name to the end of
/// the answer. Receivers are told to answer first and work afterwards; Standard Webhooks suggests
/// 15 to 30 seconds.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(15);
/// So much of an answer is read, in bytes: its status is what counts, the rest is for the record.
pub const ANSWER_BYTES_MAX: usize = 1_024;
/// Key lengths in bytes that Standard Webhooks allows.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A signing key; wiped when dropped, never printed.
pub struct SigningKey(Zeroizing<Vec<u8>>);

impl SigningKey {
    /// Reads `whsec_` and standard Base64; the prefix may be missing, as the scheme allows.
    ///
    /// # Errors
    /// When it is not Base64 or its length is not one the scheme allows.
    pub fn parse(secret: &str) -> Result<Self, KeyUnread> {
        let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
        let bytes = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| KeyUnread)?;
        if KEY_BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(KeyUnread) }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// A webhook secret that cannot sign. It does not say what the secret was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and the Base64 of 24 to 64 bytes")]
pub struct KeyUnread;

/// One event on its way to one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The endpoint.
    pub url: &'a str,
    /// The message: the same in every try, so that a receiver can tell a repetition.
    pub id: &'a MessageId,
    /// The endpoint's live secrets; more than one while they are being changed.
    pub keys: &'a [SigningKey],
    /// The committed body, JSON.
    pub body: &'a [u8],
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has it.
    Taken {
        /// 200 to 299.
        status: u16,
    },
    /// It does not have it, or did not say so in time.
    NotTaken {
        /// One line for the record; nothing of the URL or the body.
        why: String,
        /// The status, when there was an answer.
        status: Option<u16>,
        /// How long it asks us to wait.
        wait: Option<Millis>,
    },
    /// It says that it wants no more of them (410): trying again is no use.
    Gone,
}

/// Posts one event, signed now, within so much time.
pub async fn deliver(guard: &Guard, event: &Event<'_>, now: Instant, within: Duration) -> Delivery {
    if event.keys.is_empty() {
        let why = "the endpoint has no live secret to sign with".to_owned();
        return Delivery::NotTaken { why, status: None, wait: None };
    }
    let call = Call {
        method: Method::POST,
        url: event.url,
        headers: headers(event, now),
        body: event.body.to_vec(),
        within,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    match guard.call(call).await {
        Ok(answer) => weigh(&answer),
        Err(why @ (CallError::Refused(_) | CallError::Failed(_))) => {
            Delivery::NotTaken { why: why.to_string(), status: None, wait: None }
        }
    }
}

fn headers(event: &Event<'_>, now: Instant) -> HeaderMap {
    let signatures = signatures(event.keys, event.id.as_str(), now.seconds(), event.body);
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("webhook-timestamp", HeaderValue::from(now.seconds()));
    for (name, value) in [("webhook-id", event.id.as_str()), ("webhook-signature", &signatures)] {
        // Ids and Base64 are visible ASCII, which every header can carry.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The `webhook-signature` header: for each key `v1,` and the Base64 of the HMAC-SHA-256 of
/// `id.seconds.body`, parted by spaces.
#[must_use]
pub fn signatures(keys: &[SigningKey], id: &str, seconds: i64, body: &[u8]) -> String {
    let head = format!("{id}.{seconds}.");
    let sign = |key: &SigningKey| {
        let tag = vault::hmac::sign(&key.0, &[head.as_bytes(), body]);
        format!("v1,{}", STANDARD.encode(tag))
    };
    keys.iter().map(sign).collect::<Vec<_>>().join(" ")
}

fn weigh(answer: &Answer) -> Delivery {
    match answer.status {
        200..=299 => Delivery::Taken { status: answer.status },
        410 => Delivery::Gone,
        status => {
            let moved =
                if (300..400).contains(&status) { "; redirects are not followed" } else { "" };
            let why = format!("the receiver answered {status}{moved}");
            Delivery::NotTaken { why, status: Some(status), wait: asked_wait(answer) }
        }
    }
}

/// `Retry-After` in seconds; its date form is rare and the table of waits is good enough then.
fn asked_wait(answer: &Answer) -> Option<Millis> {
    let value = answer.headers.get("retry-after")?.to_str().ok()?;
    let seconds: u32 = value.trim().parse().ok()?;
    Some(Millis::seconds(i64::from(seconds)))
}

#[cfg(test)]
mod tests;
