//! What an account can set for itself while the program runs: a closed list of settings, and the
//! wording of the messages its callers read. A value is checked before it is kept, so no answer and
//! no mail finds out later.

use crate::address::Address;
use crate::case::language;
use crate::names;
use crate::time::Instant;

/// Where values set by an account stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// Settings.
    Settings,
    /// Messages of the catalogue.
    Messages,
}

/// One value an account has set, or has set back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The key's word.
    pub key: String,
    /// The value; nothing since it was set back.
    pub value: Option<String>,
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was changed last.
    pub at: Instant,
    /// By whom.
    pub by: String,
}

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingKey {
    /// The address callers are told to write to.
    SupportAddress,
    /// Whether payers get a mail that acknowledges their report.
    Acknowledgement,
    /// The language of mails.
    Language,
    /// The name beside the sender's address in mails.
    SenderName,
}

impl SettingKey {
    /// All, in order.
    pub const ALL: [Self; 4] =
        [Self::SupportAddress, Self::Acknowledgement, Self::Language, Self::SenderName];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SupportAddress => "support-address",
            Self::Acknowledgement => "acknowledgement",
            Self::Language => "language",
            Self::SenderName => "sender-name",
        }
    }

    /// Reads [`SettingKey::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.word() == word)
    }

    /// What it is for and what it takes, for people.
    pub const fn about(self) -> &'static str {
        match self {
            Self::SupportAddress => {
                "the address in messages to callers, and where answers to mails go; else the one \
                 of the installation"
            }
            Self::Acknowledgement => "`on` or `off`: whether payers get the mail that acknowledges",
            Self::Language => "the language of mails: `en`",
            Self::SenderName => "the name beside the sender's address in mails",
        }
    }

    /// The value as it is kept.
    ///
    /// # Errors
    /// What it must be like.
    pub fn check(self, text: &str) -> Result<String, String> {
        match self {
            Self::SupportAddress => match Address::parse(text) {
                Ok(address) => Ok(address.as_str().to_owned()),
                Err(why) => Err(format!("it is no address that can be used: {why}")),
            },
            Self::Acknowledgement => one_of(text, &["on", "off"]),
            Self::Language => {
                let tag = language(text).unwrap_or_else(|| text.to_owned());
                one_of(&tag, LANGUAGES)
            }
            Self::SenderName => {
                let fits = (1..=SENDER_NAME_CHARS_MAX).contains(&text.chars().count())
                    && text.trim() == text
                    && !text.chars().any(|c| c.is_control() || names::is_unseen(c))
                    && !text.contains(['"', '\\', '<', '>']);
                if fits {
                    return Ok(text.to_owned());
                }
                Err(format!(
                    "it must have 1 to {SENDER_NAME_CHARS_MAX} characters on one line, without \
                     quotes, backslashes and angle brackets, and none that are not seen or turn \
                     the direction of writing"
                ))
            }
        }
    }
}

/// Languages that mails are written in (BCP 47).
pub const LANGUAGES: &[&str] = &["en"];

/// Longest name beside an address, in characters.
const SENDER_NAME_CHARS_MAX: usize = 100;

fn one_of(text: &str, words: &[&str]) -> Result<String, String> {
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("it must be one of {}", words.join(", ")))
}

/// A message that callers read and an account may word for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKey {
    /// A case was opened.
    Received,
    /// There is an open case.
    AlreadyReported,
    /// The payment failed.
    PaymentFailed,
    /// The payment was given back on request.
    PaymentRefunded,
    /// The payment is under way.
    PaymentPending,
}

/// Bytes of a message at most: apps show it in a small window.
const MESSAGE_BYTES_MAX: usize = 1_000;

/// Stands for the address in a message.
const CONTACT: &str = "{contact}";

impl MessageKey {
    /// All, in order.
    pub const ALL: [Self; 5] = [
        Self::Received,
        Self::AlreadyReported,
        Self::PaymentFailed,
        Self::PaymentRefunded,
        Self::PaymentPending,
    ];

    /// The word for it: the dialect, and its name in the dialect's catalogue.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "iimmpact.received",
            Self::AlreadyReported => "iimmpact.already-reported",
            Self::PaymentFailed => "iimmpact.payment-failed",
            Self::PaymentRefunded => "iimmpact.payment-refunded",
            Self::PaymentPending => "iimmpact.payment-pending",
        }
    }

    /// Reads [`MessageKey::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.word() == word)
    }

    /// The names in braces that it may use.
    pub const fn placeholders(self) -> &'static [&'static str] {
        &["contact"]
    }
}

/// A message with the address in its place, or what is wrong with it.
///
/// # Errors
/// What to mend.
pub fn filled(text: &str, contact: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.replace(CONTACT, "").contains(['{', '}']) {
        return Err("the only name it may use is {contact}");
    }
    let text = text.replace(CONTACT, contact);
    if text.len() > MESSAGE_BYTES_MAX {
        return Err("it has more than 1000 bytes");
    }
    if text.chars().any(char::is_control) {
        return Err("it must be one line");
    }
    Ok(text)
}

/// Whether a wording can be kept, whatever address of the usual length it will be filled with.
///
/// # Errors
/// What to mend.
pub fn check_wording(text: &str) -> Result<String, &'static str> {
    let longest = "x".repeat(crate::address::ADDRESS_BYTES_MAX);
    filled(text, &longest)?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_takes_what_it_can_use() {
        use SettingKey::{Acknowledgement, Language, SenderName, SupportAddress};
        for (key, text, good) in [
            (SupportAddress, "help@acme.example", true),
            (SupportAddress, "help", false),
            (Acknowledgement, "on", true),
            (Acknowledgement, "off", true),
            (Acknowledgement, "On", false),
            (Acknowledgement, "", false),
            (Language, "en", true),
            (Language, "ms", false),
            (SenderName, "Acme Pay", true),
            (SenderName, "", false),
            (SenderName, "Acme\r\nBcc: a@b.example", false),
            (SenderName, "Acme <a@b.example>", false),
            (SenderName, "Acme\u{202e}yaP", false),
            (SenderName, "Ac\u{200b}me", false),
        ] {
            assert_eq!(key.check(text).is_ok(), good, "{} {text:?}", key.word());
        }
        for key in SettingKey::ALL {
            assert_eq!(SettingKey::parse(key.word()), Some(key));
        }
    }

    #[test]
    fn a_wording_has_one_line_and_known_names() {
        for key in MessageKey::ALL {
            assert_eq!(MessageKey::parse(key.word()), Some(key));
        }
        assert_eq!(check_wording(" write to {contact} "), Ok("write to {contact}".to_owned()));
        for text in ["", " ", "{name}", "{", "a\nb", "{contact", &"x".repeat(1_001)] {
            assert!(check_wording(text).is_err(), "{text:?}");
        }
        assert!(check_wording(&"{contact}".repeat(4)).is_err(), "too long once it is filled");
    }
}
