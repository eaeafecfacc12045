//! The fields of a body, the same whatever it was written in, and typed ways to ask for them.

use super::{BodyError, NAME_BYTES_MAX, VALUES_MAX};

/// One value as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Text(String),
    /// A whole number of JSON, as its digits.
    Digits(String),
    /// JSON that is no text: a fraction, a truth value, an object, a list within a list.
    Other,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    name: String,
    /// The number in `name[0]`.
    place: Option<u32>,
    /// Whether it stood in a JSON list.
    listed: bool,
    item: Item,
}

/// What is wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// A fraction, a truth value, an object or a list where a text is wanted.
    NotText,
    /// Several values where one is wanted.
    Repeated,
}

/// One field that cannot be what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Its name, without brackets.
    pub name: &'static str,
    /// What is wrong.
    pub fault: FieldFault,
}

/// The fields of one body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    entries: Vec<Entry>,
}

impl Fields {
    /// The one text called `name`, without spaces at its ends; none when it is missing, null or
    /// empty. A whole number of JSON is taken as its digits, since some clients send numeric
    /// references unquoted. A name with two values is an error even if they are equal: of two
    /// references, choosing one would be a guess about somebody's payment.
    ///
    /// # Errors
    /// [`FieldFault::NotText`], [`FieldFault::Repeated`].
    pub fn text(&self, name: &'static str) -> Result<Option<String>, FieldError> {
        Ok(self.single(name)?.and_then(trimmed))
    }

    /// As [`Fields::text`], with the spaces at its ends: for a person's own words, which are kept
    /// as they were said. None when there is nothing but spaces.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn verbatim(&self, name: &'static str) -> Result<Option<String>, FieldError> {
        Ok(self.single(name)?.filter(|text| !text.trim().is_empty()).map(str::to_owned))
    }

    /// All texts called `name`, each without spaces at its ends and without the empty ones. A
    /// single text counts as a list of one.
    ///
    /// # Errors
    /// [`FieldFault::NotText`].
    pub fn texts(&self, name: &'static str) -> Result<Vec<String>, FieldError> {
        let mut found: Vec<&Entry> =
            self.entries.iter().filter(|entry| entry.name == name).collect();
        if found.iter().all(|entry| entry.place.is_some()) {
            found.sort_by_key(|entry| entry.place);
        }
        let mut texts = Vec::with_capacity(found.len());
        for entry in found {
            texts.extend(trimmed(text_of(name, &entry.item)?));
        }
        Ok(texts)
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn single(&self, name: &'static str) -> Result<Option<&str>, FieldError> {
        let mut found = self.entries.iter().filter(|entry| entry.name == name);
        let Some(entry) = found.next() else { return Ok(None) };
        if entry.listed {
            return Err(FieldError { name, fault: FieldFault::NotText });
        }
        if found.next().is_some() {
            return Err(FieldError { name, fault: FieldFault::Repeated });
        }
        text_of(name, &entry.item).map(Some)
    }

    /// Adds a value under a name as the client spelt it.
    pub(super) fn push(&mut self, spelt: &str, listed: bool, item: Item) -> Result<(), BodyError> {
        if spelt.len() > NAME_BYTES_MAX {
            return Err(BodyError::NameTooLong);
        }
        if self.entries.len() == VALUES_MAX {
            return Err(BodyError::TooManyFields);
        }
        let nul = |text: &str| text.contains('\0');
        if nul(spelt) || matches!(&item, Item::Text(text) if nul(text)) {
            return Err(BodyError::NulCharacter);
        }
        let (name, place) = canonical(spelt);
        self.entries.push(Entry { name: name.to_owned(), place, listed, item });
        Ok(())
    }
}

/// `name`, `name[]` and `name[0]` are `name`. Other brackets belong to the name: it will be one
/// that nobody asks for.
fn canonical(spelt: &str) -> (&str, Option<u32>) {
    let Some((name, inside)) = spelt.strip_suffix(']').and_then(|rest| rest.rsplit_once('['))
    else {
        return (spelt, None);
    };
    if inside.is_empty() {
        return (name, None);
    }
    let digits = inside.bytes().all(|b| b.is_ascii_digit());
    match inside.parse() {
        Ok(place) if digits => (name, Some(place)),
        _ => (spelt, None),
    }
}

fn text_of<'i>(name: &'static str, item: &'i Item) -> Result<&'i str, FieldError> {
    match item {
        Item::Text(text) | Item::Digits(text) => Ok(text),
        Item::Other => Err(FieldError { name, fault: FieldFault::NotText }),
    }
}

fn trimmed(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
