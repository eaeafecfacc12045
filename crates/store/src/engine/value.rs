//! What goes into a statement and what comes out of a row: four kinds of value, the same on both
//! engines. `Debug` must never show a text or bytes: drivers log parameters, and ours are private.

use crate::fault::Fault;
use std::fmt;

/// One value of a statement or a row. Times are milliseconds, money minor units, booleans 0 and 1,
/// identifiers text.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A 64-bit integer.
    Int(i64),
    /// Text without U+0000, which PostgreSQL cannot keep.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing.
    Null,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "Int({int})"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Null => write!(f, "Null"),
        }
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<i32> for Value {
    fn from(int: i32) -> Self {
        Self::Int(int.into())
    }
}

impl From<u32> for Value {
    fn from(int: u32) -> Self {
        Self::Int(int.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(flag.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer. Columns count from 0 in the order the statement names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Box<[Value]>);

impl Row {
    /// A row of these values.
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_boxed_slice())
    }

    /// The values.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.0.into_vec()
    }

    /// How many columns the row has.
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// The value of column `i`.
    ///
    /// # Errors
    /// A fault when the row is narrower than that.
    pub fn value(&self, i: usize) -> Result<&Value, Fault> {
        self.0.get(i).ok_or_else(|| {
            Fault::new(format!("a row of {} columns has no column {i}", self.width()))
        })
    }

    /// The integer in column `i`.
    ///
    /// # Errors
    /// A fault when it is something else, null included.
    pub fn int(&self, i: usize) -> Result<i64, Fault> {
        self.opt_int(i)?.ok_or_else(|| wrong(i, "an integer", &Value::Null))
    }

    /// The integer in column `i`, or `None` for null.
    ///
    /// # Errors
    /// A fault when it is text or bytes.
    pub fn opt_int(&self, i: usize) -> Result<Option<i64>, Fault> {
        match self.value(i)? {
            Value::Int(int) => Ok(Some(*int)),
            Value::Null => Ok(None),
            other => Err(wrong(i, "an integer", other)),
        }
    }

    /// The text in column `i`.
    ///
    /// # Errors
    /// A fault when it is something else, null included.
    pub fn text(&self, i: usize) -> Result<&str, Fault> {
        self.opt_text(i)?.ok_or_else(|| wrong(i, "text", &Value::Null))
    }

    /// The text in column `i`, or `None` for null.
    ///
    /// # Errors
    /// A fault when it is an integer or bytes.
    pub fn opt_text(&self, i: usize) -> Result<Option<&str>, Fault> {
        match self.value(i)? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            other => Err(wrong(i, "text", other)),
        }
    }

    /// The bytes in column `i`.
    ///
    /// # Errors
    /// A fault when it is something else, null included.
    pub fn bytes(&self, i: usize) -> Result<&[u8], Fault> {
        self.opt_bytes(i)?.ok_or_else(|| wrong(i, "bytes", &Value::Null))
    }

    /// The bytes in column `i`, or `None` for null.
    ///
    /// # Errors
    /// A fault when it is an integer or text.
    pub fn opt_bytes(&self, i: usize) -> Result<Option<&[u8]>, Fault> {
        match self.value(i)? {
            Value::Bytes(bytes) => Ok(Some(bytes)),
            Value::Null => Ok(None),
            other => Err(wrong(i, "bytes", other)),
        }
    }

    /// The flag in column `i`: 0 is false and 1 is true.
    ///
    /// # Errors
    /// A fault when it is anything else.
    pub fn flag(&self, i: usize) -> Result<bool, Fault> {
        match self.value(i)? {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            other => Err(wrong(i, "0 or 1", other)),
        }
    }
}

fn wrong(i: usize, wanted: &str, found: &Value) -> Fault {
    Fault::new(format!("column {i} should hold {wanted} and holds {found:?}"))
}

#[cfg(test)]
mod tests {
    use super::{Row, Value};

    #[test]
    fn debug_hides_what_people_wrote() {
        let row = Row::new(vec!["her secret".into(), b"key".into(), 7.into(), Value::Null]);
        let shown = format!("{row:?}");
        assert!(!shown.contains("secret") && !shown.contains("107"), "{shown}");
        assert!(shown.contains("Text(10 bytes)") && shown.contains("Int(7)"), "{shown}");
    }

    #[test]
    fn a_wrong_kind_is_a_fault() {
        let row = Row::new(vec![Value::Int(2), Value::Null]);
        assert!(row.text(0).is_err() && row.flag(0).is_err() && row.int(1).is_err());
        assert!(row.value(2).is_err());
        assert_eq!(row.opt_int(1).ok(), Some(None));
        assert_eq!(row.int(0).ok(), Some(2));
    }
}
