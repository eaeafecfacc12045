//! Bodies that are one JSON object. The reader is our own visitor over `serde_json`, because the
//! ready-made value keeps the last of two equal names without a word.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fields::{Fields, Item};
use super::{BodyError, NAME_BYTES_MAX, VALUES_MAX};

/// Objects and lists within one another at most. Ours need two.
const DEPTH_MAX: u8 = 16;

pub(super) fn read(bytes: &[u8]) -> Result<Fields, BodyError> {
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::NotUtf8)?;
    let why = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Top { why: &why }.deserialize(&mut json).and_then(|fields| {
        json.end()?;
        Ok(fields)
    });
    read.map_err(|error| {
        // What we refused ourselves is in `why`; the rest is the parser's.
        why.take().unwrap_or(BodyError::BadJson { line: error.line(), column: error.column() })
    })
}

/// Our reasons cannot travel in the parser's error type, so they are left here.
type Why = RefCell<Option<BodyError>>;

fn refuse<E: Error>(why: &Why, error: BodyError) -> E {
    why.replace(Some(error));
    E::custom("refused")
}

/// The whole body.
struct Top<'w> {
    why: &'w Why,
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Fields, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        let mut names = Names::default();
        while let Some(name) = map.next_key::<String>()? {
            names.add(self.why, &name)?;
            let value = map.next_value_seed(Inner { why: self.why, depth: 1 })?;
            let pushed = match value {
                Value::Null => Ok(()),
                Value::One(item) => fields.push(&name, false, item),
                Value::List(items) => {
                    items.into_iter().try_for_each(|item| fields.push(&name, true, item))
                }
            };
            pushed.map_err(|error| refuse(self.why, error))?;
        }
        Ok(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Fields, A::Error> {
        // Read to its end first: a broken array is broken JSON before it is an array.
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Err(refuse(self.why, BodyError::ArrayBody))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Fields, E> {
        Err(refuse(self.why, BodyError::NotAnObject))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Fields, E> {
        Err(refuse(self.why, BodyError::NotAnObject))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Fields, E> {
        Err(refuse(self.why, BodyError::NotAnObject))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Fields, E> {
        Err(refuse(self.why, BodyError::NotAnObject))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Fields, E> {
        Err(refuse(self.why, BodyError::NotAnObject))
    }

    fn visit_unit<E: Error>(self) -> Result<Fields, E> {
        Err(refuse(self.why, BodyError::NotAnObject))
    }
}

/// A value within the body.
enum Value {
    Null,
    One(Item),
    List(Vec<Item>),
}

struct Inner<'w> {
    why: &'w Why,
    depth: u8,
}

impl<'w> Inner<'w> {
    fn deeper<E: Error>(&self) -> Result<Inner<'w>, E> {
        if self.depth == DEPTH_MAX {
            return Err(refuse(self.why, BodyError::TooDeep));
        }
        Ok(Inner { why: self.why, depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Inner<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inner<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::One(Item::Text(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::One(Item::Text(text)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::One(Item::Digits(number.to_string())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::One(Item::Digits(number.to_string())))
    }

    /// Fractions, and numbers over 64 bits, whose digits the parser has rounded by now.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::One(Item::Other))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Value, E> {
        Ok(Value::One(Item::Other))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(value) = list.next_element_seed(self.deeper()?)? {
            if items.len() == VALUES_MAX {
                return Err(refuse(self.why, BodyError::TooManyFields));
            }
            match value {
                Value::Null => {}
                Value::One(item) => items.push(item),
                Value::List(_) => items.push(Item::Other),
            }
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut names = Names::default();
        while let Some(name) = map.next_key::<String>()? {
            names.add(self.why, &name)?;
            map.next_value_seed(self.deeper()?)?;
        }
        Ok(Value::One(Item::Other))
    }
}

/// The names of one object so far.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn add<E: Error>(&mut self, why: &Why, name: &str) -> Result<(), E> {
        // A list, not a set: it never grows past the cap.
        if self.0.len() == VALUES_MAX {
            return Err(refuse(why, BodyError::TooManyFields));
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(refuse(why, BodyError::NameTooLong));
        }
        if self.0.iter().any(|seen| seen == name) {
            return Err(refuse(why, BodyError::DuplicateKey { name: name.to_owned() }));
        }
        self.0.push(name.to_owned());
        Ok(())
    }
}
