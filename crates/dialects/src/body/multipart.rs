//! Bodies of `multipart/form-data`, framed by `multer`; the policy is ours. No part is a file, each
//! has a name, all are UTF-8 text.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;

use super::fields::{Fields, Item};
use super::{BodyError, VALUES_MAX, utf8_only};

/// Characters in a boundary at most (RFC 2046, section 5.1.1).
const BOUNDARY_CHARS_MAX: usize = 70;

pub(super) fn boundary(content_type: &str) -> Result<String, BodyError> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| BodyError::BadMultipart)?;
    if boundary.is_empty() || boundary.len() > BOUNDARY_CHARS_MAX {
        return Err(BodyError::BadMultipart);
    }
    Ok(boundary)
}

pub(super) fn read(bytes: &[u8], boundary: &str) -> Result<Fields, BodyError> {
    // The whole body is here, so nothing is ever waited for; a parser that wants to wait has been
    // given something unfinished.
    parts(Bytes::copy_from_slice(bytes), boundary)
        .now_or_never()
        .unwrap_or(Err(BodyError::BadMultipart))
}

async fn parts(bytes: Bytes, boundary: &str) -> Result<Fields, BodyError> {
    let whole = stream::iter([Ok::<_, Infallible>(bytes)]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields = Fields::default();
    let mut count = 0;
    while let Some(mut part) = parts.next_field().await.map_err(|_| BodyError::BadMultipart)? {
        count += 1;
        if count > VALUES_MAX {
            return Err(BodyError::TooManyFields);
        }
        let name = part.name().ok_or(BodyError::BadMultipart)?.to_owned();
        if part.file_name().is_some() || has_extended_file_name(part.headers()) {
            return Err(BodyError::FilePart { name });
        }
        plain_text(part.headers())?;
        let mut value = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|_| BodyError::BadMultipart)? {
            value.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(value).map_err(|_| BodyError::NotUtf8)?;
        fields.push(&name, false, Item::Text(text))?;
    }
    Ok(fields)
}

/// `filename*=UTF-8''…`, which the parser does not know.
fn has_extended_file_name(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_DISPOSITION).is_some_and(|value| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.split(|b| *b == b';').any(|part| part.trim_ascii().starts_with(b"filename*"))
    })
}

fn plain_text(headers: &HeaderMap) -> Result<(), BodyError> {
    if let Some(said) = headers.get(http::header::CONTENT_TYPE) {
        utf8_only(said.to_str().map_err(|_| BodyError::UnsupportedType)?)?;
    }
    if is_as_it_is(headers) { Ok(()) } else { Err(BodyError::Encoded) }
}

/// Whether a part is not encoded for mail, which no form has been since RFC 7578.
pub(super) fn is_as_it_is(headers: &HeaderMap) -> bool {
    headers.get("content-transfer-encoding").is_none_or(|value| {
        ["7bit", "8bit", "binary"]
            .iter()
            .any(|name| value.as_bytes().trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    })
}
