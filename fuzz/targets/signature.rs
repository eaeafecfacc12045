//! The signature: what a client signs opens the door, and the same with one byte changed does not;
//! headers of any content are read or refused, never a panic.

#![no_main]

use dialects::signature::{self, Claim};
use domain::{Instant, Millis};
use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;

const SECRET: &[u8] = b"a secret of thirty-two bytes....";
const NOW: i64 = 1_772_359_200;
const WINDOW: Millis = Millis(300_000);

fuzz_target!(|input: &[u8]| {
    let at = Instant::from_seconds(NOW);
    raw(input, at);
    let (query, body) = fuzz::cut(input);
    let Ok(query) = std::str::from_utf8(query) else { return };
    let tag = signature::sign(SECRET, NOW, "nonce-0123456789", &Method::POST, query, body);
    let Some(headers) =
        headers([b"key", NOW.to_string().as_bytes(), b"nonce-0123456789", tag.as_bytes()])
    else {
        return;
    };
    let claim = Claim::read(&headers, at, WINDOW).expect("headers as a client writes them");
    claim.verify(SECRET, &Method::POST, query, body).expect("what was signed is good");
    let mut other = body.to_vec();
    other.push(b'x');
    claim.verify(SECRET, &Method::POST, query, &other).expect_err("another body");
    claim.verify(SECRET, &Method::GET, query, body).expect_err("another method");
    claim.verify(b"another secret", &Method::POST, query, body).expect_err("another secret");
});

/// The four headers with the input's first four lines for values.
fn raw(input: &[u8], at: Instant) {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let Some(headers) = headers([next(), next(), next(), next()]) else { return };
    if let Ok(claim) = Claim::read(&headers, at, WINDOW) {
        assert!(claim.signed_at.seconds().abs_diff(NOW) <= 300, "outside the window");
        assert!(!claim.nonce.contains(':') && claim.nonce.is_ascii(), "a nonce to replay with");
        // Whoever guesses the tag of a secret he does not have has broken more than this.
        claim.verify(SECRET, &Method::POST, "", b"").expect_err("a guess");
    }
}

fn headers(values: [&[u8]; 4]) -> Option<HeaderMap> {
    let names = [signature::API_KEY, signature::TIMESTAMP, signature::NONCE, signature::SIGNATURE];
    let mut headers = HeaderMap::new();
    for (name, value) in names.into_iter().zip(values) {
        headers.insert(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(headers)
}
