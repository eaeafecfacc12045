//! Request bodies: taken whole under a cap, then read into named fields, whichever of three
//! encodings and however many spellings a client uses. Every bad body has its own error; none
//! panics. It knows no field's meaning.
//!
//! What is accepted, where the imitated services are lenient or silent:
//! - The content type decides. Where it is missing, `text/plain` or `application/octet-stream`, a
//!   body that begins with `{` or `[` is JSON and any other a form. A form that is a JSON object
//!   from its first to its last character is JSON too: `curl -d '{…}'` says form and means JSON.
//! - An empty body has no fields, whatever its type.
//! - `name`, `name[]` and `name[0]` are one name, percent-encoded brackets too, mixed at will; if
//!   all values have a number, the numbers give the order, otherwise arrival does.
//! - Spaces around a value are dropped, and an empty value is none: the original does both.
//! - A part of a multipart body that is a file is refused. Ignoring it would leave a caller to
//!   believe that evidence had arrived. Routes that take files read their body by `parts` and
//!   `files`, which never hold it whole.

mod error;
mod fields;
pub mod files;
mod form;
mod json;
mod multipart;
pub mod parts;
mod take;
#[cfg(test)]
mod tests;

pub use error::BodyError;
pub use fields::{FieldError, FieldFault, Fields};
pub(crate) use take::discard;
pub use take::{BodyLimits, take};

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// Values in a body at most, also those of names nobody asks for. Ours need about twenty.
const VALUES_MAX: usize = 256;

/// Bytes in a field's name at most.
const NAME_BYTES_MAX: usize = 128;

/// The first character of many files written on Windows; no part of what they say.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Json,
    UrlEncoded,
    Multipart { boundary: String },
    Unsaid,
}

/// Reads the fields of a body that was taken whole.
///
/// # Errors
/// Every [`BodyError`] but `TooLarge`, `TooSlow` and `BrokenOff`.
pub fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Fields, BodyError> {
    refuse_encoded(headers)?;
    let form = form_of(headers)?;
    if let Form::Multipart { boundary } = &form {
        return if bytes.is_empty() {
            Ok(Fields::default())
        } else {
            multipart::read(bytes, boundary)
        };
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let inner = bytes.trim_ascii();
    if inner.is_empty() {
        return Ok(Fields::default());
    }
    match form {
        Form::Json => json::read(bytes),
        Form::UrlEncoded if inner.starts_with(b"{") && inner.ends_with(b"}") => {
            match json::read(bytes) {
                Err(BodyError::BadJson { .. }) => form::read(bytes),
                read => read,
            }
        }
        Form::Unsaid if matches!(inner[0], b'{' | b'[') => json::read(bytes),
        Form::UrlEncoded | Form::Unsaid | Form::Multipart { .. } => form::read(bytes),
    }
}

/// Compressed bodies are refused: 64 KiB of them can unfold to more than the program's memory.
pub(crate) fn refuse_encoded(headers: &HeaderMap) -> Result<(), BodyError> {
    let plain = headers.get_all(CONTENT_ENCODING).iter().all(|value| {
        let value = value.as_bytes().trim_ascii();
        value.is_empty() || value.eq_ignore_ascii_case(b"identity")
    });
    if plain { Ok(()) } else { Err(BodyError::Encoded) }
}

fn form_of(headers: &HeaderMap) -> Result<Form, BodyError> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let said = types.next();
    if types.next().is_some() {
        return Err(BodyError::UnsupportedType);
    }
    let Some(said) = said else { return Ok(Form::Unsaid) };
    let said = said.to_str().map_err(|_| BodyError::UnsupportedType)?.trim();
    let essence = said.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if essence.is_empty() {
        return Ok(Form::Unsaid);
    }
    utf8_only(said)?;
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Ok(Form::UrlEncoded),
        "multipart/form-data" => multipart::boundary(said).map(|b| Form::Multipart { boundary: b }),
        "text/plain" | "application/octet-stream" => Ok(Form::Unsaid),
        "application/json" | "text/json" => Ok(Form::Json),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(Form::Json),
        _ => Err(BodyError::UnsupportedType),
    }
}

/// Refuses any `charset` but UTF-8 and its subset ASCII.
pub(crate) fn utf8_only(content_type: &str) -> Result<(), BodyError> {
    for parameter in content_type.split(';').skip(1) {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        if !name.trim().eq_ignore_ascii_case("charset") {
            continue;
        }
        let value = value.trim().trim_matches('"');
        let known = ["utf-8", "utf8", "us-ascii", "ascii", ""];
        if !known.iter().any(|name| value.eq_ignore_ascii_case(name)) {
            return Err(BodyError::UnsupportedCharset);
        }
    }
    Ok(())
}
