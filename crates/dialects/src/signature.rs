//! The signed request of the IIMMPACT dialect (contract, section 2.1): four headers, a string to
//! sign, an HMAC. Pure functions; the time is an argument. It neither looks keys up nor spends
//! nonces: the caller spends the nonce only after [`Claim::verify`] said yes.
//!
//! The string to sign is `v1:<timestamp>:<nonce>:<METHOD>:<sorted query>:<body hash>`. Quirks of
//! the original, kept: the path is not signed, so a nonce must be spent for all paths at once; the
//! query is signed decoded, so `a=1&b=2` and `a=1%26b%3D2` sign alike. Only TLS guards against
//! someone on the wire who makes use of the second.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::time::{CLOCK_SKEW_MAX, Instant, Millis};
use http::{HeaderMap, HeaderValue, Method};
use vault::{digest, hmac};

/// How far the caller's clock may be from ours, either way, both in whole seconds. A nonce must be
/// remembered for twice this.
pub const WINDOW: Millis = CLOCK_SKEW_MAX;

/// Characters in a nonce (contract, section 2.1).
pub const NONCE_CHARS_MIN: usize = 16;
/// Characters in a nonce (contract, section 2.1).
pub const NONCE_CHARS_MAX: usize = 128;

/// Characters in a key id looked at. Ours have 34.
pub const KEY_ID_CHARS_MAX: usize = 128;

/// Digits in a timestamp: seconds have ten until the year 2286; 13 are milliseconds, a mistake
/// worth its own answer.
const TIMESTAMP_DIGITS_MAX: usize = 11;

/// The headers, in the order in which they are asked for.
pub const API_KEY: &str = "x-api-key";
/// Unix time in whole seconds.
pub const TIMESTAMP: &str = "x-timestamp";
/// Unique per request.
pub const NONCE: &str = "x-nonce";
/// `v1=` and the tag.
pub const SIGNATURE: &str = "x-signature";

/// Why a signed request is not taken. The order is the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// A header is missing or empty.
    MissingHeader {
        /// Which.
        name: &'static str,
    },
    /// A header came twice, and nobody can say which was meant.
    RepeatedHeader {
        /// Which.
        name: &'static str,
    },
    /// The key id is not 1 to [`KEY_ID_CHARS_MAX`] visible ASCII characters.
    InvalidApiKey,
    /// The timestamp is not a whole number of seconds in decimal digits.
    InvalidTimestamp,
    /// The timestamp is further from our clock than the window.
    TimestampOutOfWindow,
    /// The nonce is not 16 to 128 visible ASCII characters, or has a colon.
    InvalidNonce,
    /// The signature is not `v1=` and the padded standard Base64 of 32 bytes.
    InvalidSignatureFormat,
    /// The signature is another's, or over something else.
    InvalidSignature,
}

impl Unsigned {
    /// The code in the answer's `error`. `invalid_signature` is the original's; the others are
    /// ours, in its style.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingHeader { .. } => "missing_header",
            Self::RepeatedHeader { .. } => "repeated_header",
            Self::InvalidApiKey => "invalid_api_key",
            Self::InvalidTimestamp => "invalid_timestamp",
            Self::TimestampOutOfWindow => "timestamp_out_of_window",
            Self::InvalidNonce => "invalid_nonce",
            Self::InvalidSignatureFormat => "invalid_signature_format",
            Self::InvalidSignature => "invalid_signature",
        }
    }
}

/// What the four headers claim; nothing of it is proven before [`Claim::verify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The key's id.
    pub key_id: &'a str,
    /// The request's own mark, to be spent once per key.
    pub nonce: &'a str,
    /// When the caller says it signed.
    pub signed_at: Instant,
    timestamp: &'a str,
    tag: [u8; hmac::TAG_BYTES],
}

/// Whether a request carries any of the four headers, and so means to be signed.
pub fn is_attempted(headers: &HeaderMap) -> bool {
    [API_KEY, TIMESTAMP, NONCE, SIGNATURE].into_iter().any(|name| headers.contains_key(name))
}

impl<'a> Claim<'a> {
    /// Reads the headers; the timestamp may be `window` off `at`, either way. Whole seconds are
    /// compared, since the caller has no finer ones: both ends of the window are inside.
    ///
    /// # Errors
    /// Any [`Unsigned`] but `InvalidSignature`.
    pub fn read(headers: &'a HeaderMap, at: Instant, window: Millis) -> Result<Self, Unsigned> {
        let key_id = header(headers, API_KEY)?;
        let timestamp = header(headers, TIMESTAMP)?;
        let nonce = header(headers, NONCE)?;
        let signature = header(headers, SIGNATURE)?;
        let key_id = visible(key_id, 1, KEY_ID_CHARS_MAX).ok_or(Unsigned::InvalidApiKey)?;
        let timestamp = visible(timestamp, 1, TIMESTAMP_DIGITS_MAX)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .ok_or(Unsigned::InvalidTimestamp)?;
        let seconds = timestamp.parse().map_err(|_| Unsigned::InvalidTimestamp)?;
        let signed_at = Instant::from_seconds(seconds);
        if at.seconds().abs_diff(seconds) > window.0.unsigned_abs() / 1_000 {
            return Err(Unsigned::TimestampOutOfWindow);
        }
        // With a colon, the end of the nonce could be taken for the method and query of another
        // request of the same signature: a spent nonce would live again under another name.
        let nonce = visible(nonce, NONCE_CHARS_MIN, NONCE_CHARS_MAX)
            .filter(|nonce| !nonce.contains(':'))
            .ok_or(Unsigned::InvalidNonce)?;
        let tag = tag(signature).ok_or(Unsigned::InvalidSignatureFormat)?;
        Ok(Self { key_id, nonce, signed_at, timestamp, tag })
    }

    /// Checks the signature with the key's secret (decoded from Base64). `query` is the raw query
    /// without its question mark, empty when there is none; `body` the exact bytes received.
    ///
    /// # Errors
    /// [`Unsigned::InvalidSignature`].
    pub fn verify(
        &self,
        secret: &[u8],
        method: &Method,
        query: &str,
        body: &[u8],
    ) -> Result<(), Unsigned> {
        let hash = body_hash(body);
        let good = sorted_queries(query).any(|sorted| {
            let parts = self.parts(method.as_str(), &sorted, &hash);
            hmac::verify(secret, &parts.map(str::as_bytes), &self.tag)
        });
        if good { Ok(()) } else { Err(Unsigned::InvalidSignature) }
    }

    fn parts<'p>(&'p self, method: &'p str, query: &'p str, hash: &'p str) -> [&'p str; 10] {
        ["v1:", self.timestamp, ":", self.nonce, ":", method, ":", query, ":", hash]
    }
}

/// What a client puts into the four headers: used by our own client and by tests. `timestamp` is
/// in whole seconds.
pub fn sign(
    secret: &[u8],
    timestamp: i64,
    nonce: &str,
    method: &Method,
    query: &str,
    body: &[u8],
) -> String {
    let query = sorted_queries(query).next().unwrap_or_default();
    let text = format!("v1:{timestamp}:{nonce}:{}:{query}:{}", method.as_str(), body_hash(body));
    format!("v1={}", STANDARD.encode(hmac::sign(secret, &[text.as_bytes()])))
}

/// Standard Base64 of the SHA-256 of `body`; of nothing, it is the hash of nothing.
pub fn body_hash(body: &[u8]) -> String {
    STANDARD.encode(digest::sha256(body))
}

/// The decoded query sorted by key. Where a key is repeated the contract is silent and two known
/// clients differ, so there are two forms: the values in order of arrival, and sorted.
fn sorted_queries(query: &str) -> impl Iterator<Item = String> {
    // Decodes `%20` and `+` to a space, and bad UTF-8 to U+FFFD, as browsers do.
    let mut pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let arrived = joined(&pairs);
    let repeated = pairs.windows(2).any(|two| two[0].0 == two[1].0);
    let by_value = repeated.then(|| {
        pairs.sort();
        joined(&pairs)
    });
    std::iter::once(arrived).chain(by_value)
}

fn joined<K: AsRef<str>>(pairs: &[(K, K)]) -> String {
    let mut text = String::new();
    for (key, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(key.as_ref());
        text.push('=');
        text.push_str(value.as_ref());
    }
    text
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a HeaderValue, Unsigned> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|v| !v.is_empty()).ok_or(Unsigned::MissingHeader { name })?;
    if values.next().is_some() {
        return Err(Unsigned::RepeatedHeader { name });
    }
    Ok(value)
}

fn visible(value: &HeaderValue, min: usize, max: usize) -> Option<&str> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?;
    let sound = (min..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    sound.then_some(text)
}

fn tag(value: &HeaderValue) -> Option<[u8; hmac::TAG_BYTES]> {
    let encoded = value.as_bytes().strip_prefix(b"v1=")?;
    STANDARD.decode(encoded).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
