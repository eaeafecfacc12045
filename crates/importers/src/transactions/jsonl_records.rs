//! JSON Lines: one object a line, the columns as its keys. Keys that come twice, that are unknown
//! or that hold the wrong kind of value reject the line; other lines are not concerned.

use std::fmt;
use std::io;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::columns::{self, COLUMNS, Cell, Cells};
use super::lines::{self, Line, Lines};
use super::{Record, Row};

/// The records of one file.
pub struct JsonRecords {
    lines: Lines,
    bytes_read: u64,
}

impl JsonRecords {
    /// Reads `lines`; there is no header to check.
    pub fn open(lines: Lines) -> Self {
        Self { lines, bytes_read: 0 }
    }

    /// The next record; blank lines are passed over.
    ///
    /// # Errors
    /// The machine stops reading.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        while let Some(line) = self.lines.next_line()? {
            self.bytes_read = line.end;
            if !lines::is_blank(&line.bytes) {
                return Ok(Some(record(&line)));
            }
        }
        Ok(None)
    }

    /// Bytes of the file behind the records given out.
    pub const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

fn record(line: &Line) -> Record {
    let rejected = |reason| Record::Rejected(lines::rejected(line.number, reason, &line.bytes));
    if line.too_long {
        return rejected(lines::too_long_reason());
    }
    let text = match std::str::from_utf8(&line.bytes) {
        Ok(text) => text.trim_end_matches(['\r', '\n']),
        Err(why) => return rejected(format!("byte {} is not UTF-8", why.valid_up_to() + 1)),
    };
    let object: Object = match serde_json::from_str(text) {
        Ok(object) => object,
        // The reader counts lines within the record; only the column helps.
        Err(why) => {
            let said = why.to_string();
            let said = said.split(" at line ").next().unwrap_or("it cannot be read");
            return rejected(match why.is_data() {
                true => said.to_owned(),
                false => {
                    format!("it is not a JSON object on one line: {said}, at {}", why.column())
                }
            });
        }
    };
    match columns::payment(&object.cells()) {
        Ok(payment) => Record::Row(Row { payment, origin: lines::origin(line) }),
        Err(reason) => rejected(reason),
    }
}

/// An object's values by column.
#[derive(Debug, Default)]
struct Object([Option<Held>; COLUMNS.len()]);

/// A value as JSON has it.
#[derive(Debug)]
enum Held {
    Null,
    Text(String),
    Number(String),
    Other,
}

impl Object {
    fn cells(&self) -> Cells<'_> {
        std::array::from_fn(|place| match &self.0[place] {
            None | Some(Held::Null) => Cell::Absent,
            Some(Held::Text(text)) => Cell::Text(text),
            Some(Held::Number(number)) => Cell::Number(number),
            Some(Held::Other) => Cell::Other,
        })
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::default();
                while let Some(key) = map.next_key::<String>()? {
                    let place = columns::place_of(&key).map_err(A::Error::custom)?;
                    if object.0[place].replace(map.next_value()?).is_some() {
                        return Err(A::Error::custom(format!("{key}: it comes twice")));
                    }
                }
                Ok(object)
            }
        }

        from.deserialize_map(Keys)
    }
}

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Held;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E: Error>(self) -> Result<Held, E> {
                Ok(Held::Null)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Held, E> {
                Ok(Held::Other)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Held, E> {
                Ok(Held::Text(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Held, E> {
                Ok(Held::Number(number.to_string()))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Held, E> {
                Ok(Held::Number(number.to_string()))
            }

            // 12.5, 1e3: never a number of minor units, so how exactly it was written is no matter.
            fn visit_f64<E: Error>(self, number: f64) -> Result<Held, E> {
                Ok(Held::Number(format!("{number:?}")))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Held, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Held::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Held, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Held::Other)
            }
        }

        from.deserialize_any(AnyValue)
    }
}
