//! Bodies of `name=value&name=value`. Decoding is strict where a browser would put a replacement
//! character: a name that was not UTF-8 is refused, not mended.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::fields::{Fields, Item};
use super::{BodyError, VALUES_MAX};

pub(super) fn read(bytes: &[u8]) -> Result<Fields, BodyError> {
    let mut fields = Fields::default();
    let pairs = bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty());
    for (count, pair) in pairs.enumerate() {
        if count == VALUES_MAX {
            return Err(BodyError::TooManyFields);
        }
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let (name, value) = (halves.next().unwrap_or(b""), halves.next().unwrap_or(b""));
        fields.push(&decoded(name)?, false, Item::Text(decoded(value)?))?;
    }
    Ok(fields)
}

/// `+` and `%20` are a space; a `%` without two hexadecimal digits stands for itself.
fn decoded(raw: &[u8]) -> Result<String, BodyError> {
    let spaced: Cow<'_, [u8]> = if raw.contains(&b'+') {
        raw.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect()
    } else {
        raw.into()
    };
    percent_decode(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| BodyError::NotUtf8)
}
