//! Cursors: a place in a list, for whoever was given it. Each is bound to the filter of its list,
//! since a place in one order is none in another; it is no secret and opens nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Instant;
use domain::chain::digest_of;

use super::problem::Problem;

/// What a cursor begins with inside; another form of cursor gets another mark.
const MARK: &str = "2";

/// Bytes of the filter's digest in a cursor: enough that no mistake goes unseen.
const FILTER_BYTES: usize = 6;

/// Names a list: its path, and each filter as it was sent.
pub(super) fn filter(list: &str, values: &[Option<String>]) -> String {
    let mut parts: Vec<&[u8]> = vec![list.as_bytes()];
    for value in values {
        let given: &[u8] = if value.is_some() { b"=" } else { b"" };
        parts.extend([given, value.as_deref().unwrap_or("").as_bytes()]);
    }
    URL_SAFE_NO_PAD.encode(&digest_of(&parts)[..FILTER_BYTES])
}

/// The cursor of a place.
pub(super) fn write(filter: &str, at: Instant, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{MARK}:{filter}:{}:{id}", at.millis()))
}

/// Reads the place back.
pub(super) fn read(filter: &str, text: &str) -> Result<(Instant, String), Problem> {
    let wrong = || Problem::field("cursor", "give what `next` said, as it was");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let inside = String::from_utf8(bytes).map_err(|_| wrong())?;
    let mut parts = inside.splitn(4, ':');
    if parts.next() != Some(MARK) {
        return Err(wrong());
    }
    let of = parts.next().ok_or_else(wrong)?;
    let at = parts.next().and_then(|at| at.parse().ok()).ok_or_else(wrong)?;
    let id = parts.next().filter(|id| !id.is_empty()).ok_or_else(wrong)?;
    if of != filter {
        let rule = "it is of a list with another filter; send the filter as it was, or no cursor";
        return Err(Problem::field("cursor", rule));
    }
    Ok((Instant::from_millis(at), id.to_owned()))
}
