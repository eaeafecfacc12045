//! Taking a body off the wire, whole, within a cap and a time. A handler takes the body before it
//! answers anything: an answer sent while the client is still writing may be lost with the
//! connection. It never waits long for a body that nobody will read.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;

use super::BodyError;
use crate::layers;

/// For a body that is refused whatever it says. Long enough for a client that is writing already;
/// a stranger must not hold a request for longer than that.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// How much of a body is taken, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes kept at most.
    pub bytes_max: usize,
    /// Bytes read and thrown away past the cap, so that the client finishes writing and reads the
    /// answer. Whoever sends more is cut off.
    pub discarded_bytes_max: usize,
    /// From the first look to the last byte. One that is declared too large has a second.
    pub time: Duration,
}

impl Default for BodyLimits {
    /// 64 KiB, which is ten times the longest report seen; a further 1 MiB thrown away; 20 s, as
    /// for a slow telephone.
    fn default() -> Self {
        Self {
            bytes_max: 64 * 1024,
            discarded_bytes_max: 1024 * 1024,
            time: Duration::from_secs(20),
        }
    }
}

/// Takes the whole body, exactly as it came. Where its end was not waited for, the answer closes
/// the connection and says so.
///
/// # Errors
/// [`BodyError::TooLarge`], [`BodyError::TooSlow`], [`BodyError::BrokenOff`].
pub async fn take(
    headers: &HeaderMap,
    body: Body,
    limits: &BodyLimits,
) -> Result<Bytes, BodyError> {
    let declared = declared(headers);
    let too_large = BodyError::TooLarge { max: limits.bytes_max };
    let over = declared.is_some_and(|bytes| bytes > limits.bytes_max as u64);
    let most = limits.bytes_max.saturating_add(limits.discarded_bytes_max) as u64;
    // Who expects to be asked has sent nothing yet and will not, once it reads the answer.
    if over && headers.contains_key(EXPECT) || declared.is_some_and(|bytes| bytes > most) {
        layers::body_left();
        return Err(too_large);
    }
    let time = if over { limits.time.min(DISCARD_TIME) } else { limits.time };
    tokio::time::timeout(time, gather(body, declared, limits)).await.unwrap_or_else(|_| {
        layers::body_left();
        Err(if over { too_large } else { BodyError::TooSlow })
    })
}

/// Lets a client finish writing a body that nobody will read, so that it reads the answer; for a
/// moment only.
pub(crate) async fn discard(headers: &HeaderMap, body: Body) {
    let limits = BodyLimits { bytes_max: 0, time: DISCARD_TIME, ..BodyLimits::default() };
    drop(take(headers, body, &limits).await);
}

pub(super) fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn gather(
    mut body: Body,
    declared: Option<u64>,
    limits: &BodyLimits,
) -> Result<Bytes, BodyError> {
    let max = limits.bytes_max;
    let expected = declared.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0).min(max);
    let mut kept = BytesMut::new();
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::BrokenOff)?.into_data() else { continue };
        total = total.saturating_add(data.len());
        if total > max.saturating_add(limits.discarded_bytes_max) {
            layers::body_left();
            break;
        }
        if total > max {
            continue;
        }
        // Most bodies are one frame: no copy then.
        if kept.is_empty() && data.len() >= expected && body_ended(&body) {
            return Ok(data);
        }
        kept.reserve(expected.saturating_sub(kept.len()).max(data.len()));
        kept.extend_from_slice(&data);
    }
    if total > max { Err(BodyError::TooLarge { max }) } else { Ok(kept.freeze()) }
}

fn body_ended(body: &Body) -> bool {
    use hyper::body::Body as _;
    body.is_end_stream()
}
