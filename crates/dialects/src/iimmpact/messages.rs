//! The longer messages of the dialect, in a catalogue that an operator can replace. A catalogue
//! with a slip in it is refused when it is loaded; no answer finds out later.

use std::fs;
use std::io;
use std::path::Path;

use desk::admin::Sets;
use domain::admin::overrides::filled;
use domain::admin::{MessageKey, SettingKey};

/// The built-in catalogue.
const BUILT_IN: &str = include_str!("../../../../letters/answers/iimmpact.toml");

/// Where it stands, under the folder of letters.
const FILE: &str = "answers/iimmpact.toml";

/// What `{contact}` becomes where nobody set anything.
const CONTACT_UNSET: &str = "support@localhost.localdomain";

/// Bytes of a catalogue file at most.
const CATALOGUE_BYTES_MAX: u64 = 64 * 1024;

/// What a catalogue must have, and nothing else.
const KEYS: [&str; 5] =
    ["received", "already-reported", "payment-failed", "payment-refunded", "payment-pending"];

/// What is wrong with a catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It cannot be read.
    #[error("{file}: it cannot be read")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// It is no TOML.
    #[error("{file}: {why}")]
    NotToml {
        /// Which file.
        file: String,
        /// The line and what is wrong there.
        why: String,
    },
    /// One of its keys.
    #[error("{file}: {key}: {why}")]
    Key {
        /// Which file.
        file: String,
        /// Which key.
        key: String,
        /// What to mend.
        why: &'static str,
    },
}

/// The messages, with the address in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages {
    received: String,
    already_reported: String,
    payment_failed: String,
    payment_refunded: String,
    payment_pending: String,
    /// As they stand in the catalogue, in the order of [`KEYS`].
    unfilled: [String; KEYS.len()],
    contact: String,
}

impl Default for Messages {
    /// The built-in ones without an address of the operator's.
    #[expect(clippy::expect_used, reason = "a test reads the same embedded text")]
    fn default() -> Self {
        Self::built_in(CONTACT_UNSET).expect("the built-in catalogue is whole")
    }
}

impl Messages {
    /// The built-in ones.
    ///
    /// # Errors
    /// Never, for a contact on one line.
    pub fn built_in(contact: &str) -> Result<Self, CatalogueError> {
        Self::parse(FILE, BUILT_IN, contact)
    }

    /// Those of the file `answers/iimmpact.toml` in an operator's folder of letters; the built-in
    /// ones when it has none.
    ///
    /// # Errors
    /// The first thing that is wrong with the file.
    pub fn in_folder(folder: &Path, contact: &str) -> Result<Self, CatalogueError> {
        let path = folder.join(FILE);
        let file = path.display().to_string();
        let length = match fs::metadata(&path) {
            Ok(about) => about.len(),
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Self::built_in(contact),
            Err(why) => return Err(CatalogueError::Unreadable { file, why }),
        };
        if length > CATALOGUE_BYTES_MAX {
            let why = format!("it has {length} bytes; at most {CATALOGUE_BYTES_MAX} are read");
            return Err(CatalogueError::NotToml { file, why });
        }
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&file, &text, contact),
            Err(why) => Err(CatalogueError::Unreadable { file, why }),
        }
    }

    fn parse(file: &str, text: &str, contact: &str) -> Result<Self, CatalogueError> {
        let table: toml::Table = text.parse().map_err(|why: toml::de::Error| {
            CatalogueError::NotToml { file: file.to_owned(), why: why.to_string() }
        })?;
        let wrong = |key: &str, why| CatalogueError::Key {
            file: file.to_owned(),
            key: key.to_owned(),
            why,
        };
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(wrong(key, "nothing uses it; look at the built-in file"));
        }
        let mut unfilled = [const { String::new() }; KEYS.len()];
        for (text, key) in unfilled.iter_mut().zip(KEYS) {
            let value = table.get(key).ok_or_else(|| wrong(key, "it is missing"))?;
            let value = value.as_str().ok_or_else(|| wrong(key, "it must be a text"))?;
            filled(value, contact).map_err(|why| wrong(key, why))?;
            value.trim().clone_into(text);
        }
        Self::of(unfilled, contact).map_err(|(place, why)| wrong(KEYS[place], why))
    }

    /// Fills every text; or the place of one that cannot be used, and why.
    fn of(unfilled: [String; KEYS.len()], contact: &str) -> Result<Self, (usize, &'static str)> {
        let text = |place: usize| filled(&unfilled[place], contact).map_err(|why| (place, why));
        Ok(Self {
            received: text(0)?,
            already_reported: text(1)?,
            payment_failed: text(2)?,
            payment_refunded: text(3)?,
            payment_pending: text(4)?,
            contact: contact.to_owned(),
            unfilled,
        })
    }

    /// A message as it stands in the catalogue, with the name in braces.
    pub fn unfilled(&self, key: MessageKey) -> &str {
        &self.unfilled[place_of(key)]
    }

    /// These messages as an account wants them.
    pub(crate) fn with(&self, sets: &Sets) -> Self {
        let mut unfilled = self.unfilled.clone();
        for key in MessageKey::ALL {
            if let Some(text) = sets.message(key) {
                text.clone_into(&mut unfilled[place_of(key)]);
            }
        }
        let contact = sets.setting(SettingKey::SupportAddress).unwrap_or(&self.contact);
        // Each was checked before it was kept; one that does not fit all the same is not used.
        Self::of(unfilled, contact).unwrap_or_else(|_| self.clone())
    }

    /// A case was opened.
    pub(super) fn received(&self) -> &str {
        &self.received
    }

    /// There is an open case.
    pub(super) fn already_reported(&self) -> &str {
        &self.already_reported
    }

    /// The payment failed.
    pub(super) fn payment_failed(&self) -> &str {
        &self.payment_failed
    }

    /// The payment was given back on request.
    pub(super) fn payment_refunded(&self) -> &str {
        &self.payment_refunded
    }

    /// The payment is under way.
    pub(super) fn payment_pending(&self) -> &str {
        &self.payment_pending
    }
}

/// The place of a message in [`KEYS`].
const fn place_of(key: MessageKey) -> usize {
    match key {
        MessageKey::Received => 0,
        MessageKey::AlreadyReported => 1,
        MessageKey::PaymentFailed => 2,
        MessageKey::PaymentRefunded => 3,
        MessageKey::PaymentPending => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_domain_is_in_the_catalogue() {
        for key in MessageKey::ALL {
            assert_eq!(key.word(), format!("iimmpact.{}", KEYS[place_of(key)]));
        }
    }

    #[test]
    fn the_built_in_ones_are_whole() {
        let messages = Messages::built_in("help@example.test").expect("the built-in catalogue");
        assert!(messages.payment_failed.ends_with("please write to help@example.test."));
        assert!(!Messages::default().received.is_empty());
    }

    #[test]
    fn every_slip_is_named_with_file_and_key() {
        let whole: Vec<String> = KEYS.iter().map(|key| format!("{key} = \"text\"")).collect();
        let whole = whole.join("\n");
        assert!(Messages::parse("f", &whole, "c").is_ok());
        let changed = |from: &str, to: &str| whole.replace(from, to);
        for (catalogue, expected) in [
            (changed("payment-failed = ", "payment-faled = "), "f: payment-faled: nothing uses"),
            (changed("received = \"text\"", ""), "f: received: it is missing"),
            (changed("received = \"text\"", "received = 1"), "f: received: it must be a text"),
            (changed("received = \"text\"", "received = \" \""), "f: received: it is empty"),
            (changed("received = \"text\"", "received = \"{name}\""), "f: received: the only"),
            (changed("received = \"text\"", "received = \"a\\nb\""), "f: received: it must be one"),
            (changed("received = \"text\"", "received = \"text"), "f: TOML parse error at line 1"),
        ] {
            let error = Messages::parse("f", &catalogue, "c").expect_err("a slip").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let long = changed("\"text\"", &format!("\"{}\"", "x".repeat(1_001)));
        assert!(Messages::parse("f", &long, "c").is_err());
    }

    #[test]
    fn a_folder_without_the_file_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let built_in = Messages::built_in("c@example.test").expect("the built-in catalogue");
        let read = || Messages::in_folder(folder.path(), "c@example.test");
        assert_eq!(read().expect("nothing there"), built_in);
        fs::create_dir(folder.path().join("answers")).expect("a folder");
        let file = folder.path().join(FILE);
        fs::write(&file, BUILT_IN.replace("Thank you", "Danke")).expect("written");
        assert!(read().expect("a whole file").received.starts_with("Danke"));
        fs::write(&file, "received = \"\"").expect("written");
        let error = read().expect_err("a slip").to_string();
        assert!(error.contains("answers/iimmpact.toml: received: it is empty"), "{error}");
    }
}
