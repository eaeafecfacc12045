//! Cases that people open by hand: from a call, a visit, a letter. What of it never changes stands
//! in the history's first note, so that the case's row can be held against it.

use super::{PaymentRef, Report};
use crate::time::{Instant, Millis};

/// How a complaint came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// An app, through a signed dialect.
    App,
    /// The institution's own web pages.
    Web,
    /// A call.
    Phone,
    /// A visit.
    WalkIn,
    /// A letter on paper.
    Letter,
    /// A mail.
    Email,
    /// A post or message on a social network.
    Social,
    /// The payment network passed it on.
    Network,
    /// A regulator or ombudsman passed it on.
    Regulator,
    /// Another system's archive.
    Import,
}

super::words!(Channel {
    App = "app",
    Web = "web",
    Phone = "phone",
    WalkIn = "walk-in",
    Letter = "letter",
    Email = "email",
    Social = "social",
    Network = "network",
    Regulator = "regulator",
    Import = "import",
});

impl Channel {
    /// The channels of cases that people open by hand.
    pub const BY_HAND: [Self; 8] = [
        Self::Web,
        Self::Phone,
        Self::WalkIn,
        Self::Letter,
        Self::Email,
        Self::Social,
        Self::Network,
        Self::Regulator,
    ];
}

/// How long ago a complaint may have been received that is opened by hand: a letter found in a
/// drawer is possible, a wrong year in a date is likely. Older ones are imported.
pub const RECEIVED_BACK_MAX: Millis = Millis::days(366);

/// Longest customer reference, in characters: account and citizen numbers with room to spare.
pub const CUSTOMER_CHARS_MAX: usize = 64;

/// Longest language tag, in bytes: BCP 47 asks for room for 35.
const LANGUAGE_BYTES_MAX: usize = 35;

/// A BCP 47 tag in the capitals that RFC 5646 (2.1.1) recommends, however it was written: `ms`,
/// `zh-Hant`, `en-GB`. Nothing when the text is not formed like one.
pub fn language(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or("");
    let formed = text.len() <= LANGUAGE_BYTES_MAX
        && (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic());
    if !formed {
        return None;
    }
    let mut tag = primary.to_ascii_lowercase();
    // Behind a part of one letter comes what has no region and no script: all of it is small.
    let mut extended = false;
    for part in parts {
        let word = (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if !word {
            return None;
        }
        let mut part = part.to_ascii_lowercase();
        match part.len() {
            1 => extended = true,
            2 if !extended => part.make_ascii_uppercase(),
            4 if !extended => part[..1].make_ascii_uppercase(),
            _ => {}
        }
        tag.push('-');
        tag.push_str(&part);
    }
    Some(tag)
}

/// A case to be opened by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// How it came.
    pub channel: Channel,
    /// When it was received; nothing for now.
    pub received_at: Option<Instant>,
    /// Who took it; empty for whoever opens it.
    pub taken_by: String,
    /// The institution's reference of the customer; empty when unknown.
    pub customer: String,
    /// The customer's language; empty when unknown.
    pub language: String,
    /// The payment it is about, if it is about one that is known here.
    pub payment: Option<PaymentRef>,
    /// Whom to tell: the first is To, the rest Cc.
    pub addresses: Vec<String>,
    /// What the customer said, empty when nothing.
    pub says: String,
    /// A word for what is wrong, empty when nothing. One line, at most 64 characters.
    pub category: String,
    /// Whether a mail acknowledges it, when there are addresses.
    pub acknowledge: bool,
}

impl ByHand {
    /// Nothing said, no payment, nobody to tell.
    pub const fn empty() -> Self {
        Self {
            channel: Channel::Phone,
            received_at: None,
            taken_by: String::new(),
            customer: String::new(),
            language: String::new(),
            payment: None,
            addresses: Vec::new(),
            says: String::new(),
            category: String::new(),
            acknowledge: true,
        }
    }

    /// Whether it says nothing by which anybody could ever work it.
    pub fn is_empty(&self) -> bool {
        let texts = [&self.says, &self.category, &self.customer];
        self.payment.is_none()
            && self.addresses.is_empty()
            && texts.iter().all(|text| text.trim().is_empty())
    }

    /// What of it is personal, in the form of [`Report::content`].
    pub fn content(&self) -> String {
        let report = Report {
            payment: PaymentRef::Refid(String::new()),
            addresses: self.addresses.clone(),
            says: self.says.clone(),
            category: self.category.clone(),
        };
        report.content()
    }
}

/// What the first note of a case that was not reported by an app says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// How it came.
    pub channel: Channel,
    /// When it was received.
    pub received_at: Instant,
    /// The customer's language; empty when unknown.
    pub language: String,
}

impl Opening {
    /// The act's word in the history.
    pub const ACT: &'static str = "open";

    /// The fact of the first note: channel, receipt in milliseconds, and language if known.
    pub fn fact(&self) -> String {
        let (channel, at) = (self.channel.word(), self.received_at.millis());
        format!("{channel} {at} {}", self.language).trim_end().to_owned()
    }

    /// Reads [`Opening::fact`] back.
    pub fn read(fact: &str) -> Option<Self> {
        let mut words = fact.splitn(3, ' ');
        let channel = Channel::parse(words.next()?)?;
        let received_at = Instant::from_millis(words.next()?.parse().ok()?);
        let language = words.next().unwrap_or("");
        let known = language.is_empty() || self::language(language).is_some();
        known.then(|| Self { channel, received_at, language: language.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_first_note_says_comes_back() {
        for channel in Channel::ALL {
            for language in ["", "ms", "zh-Hant-MY"] {
                let received_at = Instant::from_millis(1_772_359_200_123);
                let opening =
                    Opening { channel: *channel, received_at, language: language.to_owned() };
                assert_eq!(Opening::read(&opening.fact()), Some(opening));
            }
        }
        for bad in ["", "phone", "phone x", "pigeon 1", "phone 1 not a tag"] {
            assert_eq!(Opening::read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_language_is_formed_like_a_tag() {
        for good in ["ms", "en-GB", "zh-Hant", "fil", "hi-Latn-IN", "sl-rozaj-biske-1994"] {
            for written in [good.to_owned(), good.to_uppercase(), good.to_lowercase()] {
                assert_eq!(language(&written).as_deref(), Some(good), "{written}");
            }
        }
        for (written, tag) in [
            ("EN", "en"),
            ("EN-my", "en-MY"),
            ("ZH-HANT-hk", "zh-Hant-HK"),
            ("en-CA-X-CA", "en-CA-x-ca"),
            ("de-419-DE", "de-419-DE"),
            ("sl-1994", "sl-1994"),
        ] {
            assert_eq!(language(written).as_deref(), Some(tag), "{written}");
        }
        let long = format!("en{}", "-abcdefgh".repeat(4));
        for bad in ["", "e", "e1", "english", "en_GB", "en-", "en-toolongpart", "en--gb", &long] {
            assert_eq!(language(bad), None, "{bad}");
        }
    }
}
