//! Rows as lines of JSON: numbers, texts, nulls, and bytes as `{"b64":"…"}`. Exact in both
//! directions, and readable without this program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use store::engine::Value;

/// The key of a value that is bytes.
const BYTES: &str = "b64";

struct Line<'r>(&'r [Value]);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut line = to.serialize_seq(Some(self.0.len()))?;
        for value in self.0 {
            line.serialize_element(&Cell(value))?;
        }
        line.end()
    }
}

struct Cell<'v>(&'v Value);

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Int(int) => to.serialize_i64(*int),
            Value::Text(text) => to.serialize_str(text),
            Value::Bytes(bytes) => {
                let mut map = to.serialize_map(Some(1))?;
                map.serialize_entry(BYTES, &STANDARD.encode(bytes))?;
                map.end()
            }
            Value::Null => to.serialize_none(),
        }
    }
}

/// Adds a row to a part.
///
/// # Errors
/// Never for what a database holds.
pub fn add(part: &mut Vec<u8>, row: &[Value]) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *part, &Line(row))?;
    part.push(b'\n');
    Ok(())
}

/// Reads a row of so many values.
///
/// # Errors
/// What is wrong with it.
pub fn parse(line: &[u8], width: usize) -> Result<Vec<Value>, &'static str> {
    let cells: Vec<serde_json::Value> =
        serde_json::from_slice(line).map_err(|_| "has a line that is no row")?;
    if cells.len() != width {
        return Err("has a row of another width");
    }
    cells.into_iter().map(cell).collect::<Option<_>>().ok_or("has a value of no known kind")
}

fn cell(cell: serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    Some(match cell {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Int(number.as_i64()?),
        Json::String(text) => Value::Text(text),
        Json::Object(map) if map.len() == 1 => {
            Value::Bytes(STANDARD.decode(map.get(BYTES)?.as_str()?).ok()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Int),
            any::<String>().prop_map(Value::Text),
            any::<Vec<u8>>().prop_map(Value::Bytes),
            Just(Value::Null),
        ]
    }

    proptest! {
        #[test]
        fn rows_read_back(row in proptest::collection::vec(value(), 0..6)) {
            let mut part = Vec::new();
            add(&mut part, &row).expect("written");
            let line = part.strip_suffix(b"\n").expect("one line");
            prop_assert!(!line.contains(&b'\n'));
            prop_assert_eq!(parse(line, row.len()), Ok(row));
        }
    }

    #[test]
    fn what_is_no_row_is_refused() {
        for line in ["", "{}", "[1", "[1.5]", "[9223372036854775808]", "[true]", "[[]]"] {
            assert!(parse(line.as_bytes(), 1).is_err(), "{line}");
        }
        for line in [r#"[{"b64":"!"}]"#, r#"[{"x":""}]"#, r#"[{"b64":"","x":1}]"#, "[1,2]"] {
            assert!(parse(line.as_bytes(), 1).is_err(), "{line}");
        }
    }
}
