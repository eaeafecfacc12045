//! Writes requests as an app sends them: each freshly signed, with a nonce of its own and the time
//! of this second. It never makes one twice.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use http::Method;

/// An app with its key.
#[derive(Debug)]
pub struct Caller {
    /// The API key.
    pub key: String,
    /// Its secret.
    pub secret: Vec<u8>,
    /// A token of the native API.
    pub token: String,
    /// Makes nonces of this run unlike those of others.
    mark: u64,
    count: AtomicU64,
}

impl Caller {
    /// One with these credentials.
    pub fn new(key: String, secret: Vec<u8>, token: String) -> Self {
        let mark = u64::try_from(millis_now()).unwrap_or(0);
        Self { key, secret, token, mark, count: AtomicU64::new(0) }
    }

    /// Writes a report on payment `number`.
    pub fn report(&self, number: u32, into: &mut Vec<u8>) {
        let refid = reference(number);
        let body = format!(
            "{{\"refid\":\"{refid}\",\"user_email\":[\"buyer{number}@example.test\"],\
             \"description\":\"The bill {refid} is paid and still shows as unpaid.\"}}"
        );
        let time = millis_now() / 1_000;
        let nonce =
            format!("{:016x}{:012x}", self.mark, self.count.fetch_add(1, Ordering::Relaxed));
        let signature = dialects::signature::sign(
            &self.secret,
            time,
            &nonce,
            &Method::POST,
            "",
            body.as_bytes(),
        );
        into.clear();
        let (key, length) = (&self.key, body.len());
        // Writing into memory does not fail.
        let _ = write!(
            into,
            "POST /v2/transactions/check HTTP/1.1\r\nhost: measure.test\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\nx-api-key: {key}\r\n\
             x-timestamp: {time}\r\nx-nonce: {nonce}\r\nx-signature: {signature}\r\n\r\n{body}"
        );
    }

    /// Writes a question to the native API.
    pub fn question(&self, path: &str, into: &mut Vec<u8>) {
        into.clear();
        let token = &self.token;
        let _ = write!(
            into,
            "GET {path} HTTP/1.1\r\nhost: measure.test\r\nauthorization: Bearer {token}\r\n\r\n"
        );
    }
}

/// The reference of payment `number`.
pub fn reference(number: u32) -> String {
    format!("R-{number:09}")
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "an outside client asks its own machine")]
pub fn millis_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
