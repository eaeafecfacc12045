//! Bodies of the native API: JSON objects, read strictly into the type a route names, with the
//! wrong field named. Unlike the imitated dialects it forgives nothing.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer};

use super::problem::Problem;
use super::values;
use crate::body::{self, BodyError};

/// What some editors put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body. An empty one is an object without fields: acts that need nothing are asked for
/// with nothing.
pub(super) fn read<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Problem> {
    body::refuse_encoded(headers)?;
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    if bytes.len() > 2 || headers.contains_key(CONTENT_TYPE) {
        must_be_json(headers)?;
    }
    std::str::from_utf8(bytes).map_err(|_| BodyError::NotUtf8)?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        let why = "the body begins with a byte order mark (U+FEFF); send it without";
        return Err(Problem::from(BodyError::BadJson { line: 1, column: 1 }).saying(why));
    }
    match bytes.trim_ascii_start().first() {
        Some(b'{') => {}
        Some(b'[') => return Err(BodyError::ArrayBody.into()),
        // What is no object may be broken JSON too; both mean the same to the caller.
        _ => return Err(BodyError::NotAnObject.into()),
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        wrong(&field, error.inner())
    })?;
    json.end().map_err(|error| wrong(".", &error))?;
    Ok(value)
}

/// Reads one field of a body that was read before.
pub(super) fn field<T: DeserializeOwned>(
    name: &str,
    value: serde_json::Value,
) -> Result<T, Problem> {
    if !value.is_object() {
        return Err(Problem::field(name, "it must be an object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().to_string();
        wrong(&field, error.inner()).within(name)
    })
}

/// A field that may be left out, and then is what its type is by itself; `null` is left out too.
pub(super) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// [`whole`] where the field may be left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole(pub(super) i64);

impl<'de> serde::Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        whole(from).map(Self)
    }
}

/// A whole number, also where JSON writes it as `5376.0`: that is the same number, and some
/// languages know no other.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    /// Up to here every whole number is exactly itself as a float: 2 to the 53rd.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let number = serde_json::Number::deserialize(from)?;
    if let Some(whole) = number.as_i64() {
        return Ok(whole);
    }
    match number.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() <= EXACT_MAX => {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within what is exact")]
            let whole = float as i64;
            Ok(whole)
        }
        _ => Err(D::Error::custom(format!("{number} is no whole number that can be kept"))),
    }
}

fn wrong(field: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return BodyError::BadJson { line: error.line(), column: error.column() }.into();
    }
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or("it does not read");
    let field = if field == "." { "" } else { field };
    let field = match (field, inner_name(said)) {
        ("", None) => "body".to_owned(),
        (field, None) => field.to_owned(),
        ("", Some(name)) => name.to_owned(),
        (field, Some(name)) => format!("{field}.{name}"),
    };
    let words = inner_name(said).filter(|_| said.starts_with("missing")).and_then(values::words_of);
    match words {
        Some(words) => Problem::field(field, format!("{said}: it must be one of {words}")),
        None => Problem::field(field, said),
    }
}

/// The name that the reader's own sentence blames, where the path ends one step before it.
fn inner_name(said: &str) -> Option<&str> {
    let starts = ["missing field `", "duplicate field `"];
    let rest = starts.iter().find_map(|start| said.strip_prefix(start))?;
    rest.strip_suffix('`')
}

fn must_be_json(headers: &HeaderMap) -> Result<(), BodyError> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(said), None) = (types.next(), types.next()) else {
        return Err(BodyError::UnsupportedType);
    };
    let said = said.to_str().map_err(|_| BodyError::UnsupportedType)?;
    let essence = said.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(BodyError::UnsupportedType);
    }
    body::utf8_only(said)
}
