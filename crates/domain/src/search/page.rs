//! What is kept of a case to find it by: its texts, references and properties, as tokens.

use std::collections::BTreeSet;

use super::{FIELD, REFERENCE, STEM, TOKENS_PER_CASE_MAX, compact, pieces, stem};

/// A property that can be asked for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Its own id.
    Id,
    /// The payment's reference by the caller.
    Refid,
    /// The payment's reference by the system.
    Trxid,
    /// Whom to tell.
    Address,
    /// The account that was paid.
    Account,
    /// The payer, by the caller's reference.
    Customer,
    /// Who carried the payment out.
    Provider,
    /// What was paid for.
    Product,
    /// The caller's own word for what is wrong.
    Category,
    /// Where the case stands.
    Stage,
    /// What came out.
    Outcome,
    /// The queue it stands in.
    Queue,
    /// Who works it.
    Assignee,
    /// The credential it came through.
    Through,
    /// By which way it came: an app, the phone, a letter.
    Channel,
}

impl Field {
    /// What a case is named by that says nothing of persons.
    pub const IMPERSONAL_NAMES: [Self; 3] = [Self::Id, Self::Refid, Self::Trxid];

    /// Whether it says who a customer is, or what one said: a category is in his own words.
    pub const fn personal(self) -> bool {
        matches!(self, Self::Address | Self::Account | Self::Customer | Self::Category)
    }

    /// Whether it says what may stay inside: who works a case, and the category that one of the
    /// staff gave it.
    pub const fn inside(self) -> bool {
        matches!(self, Self::Assignee | Self::Through | Self::Category)
    }

    /// The letter that stands for it in tokens. Kept in storage.
    const fn letter(self) -> char {
        match self {
            Self::Id => 'i',
            Self::Refid => 'r',
            Self::Trxid => 't',
            Self::Address => 'm',
            Self::Account => 'n',
            Self::Customer => 'k',
            Self::Provider => 'p',
            Self::Product => 'd',
            Self::Category => 'c',
            Self::Stage => 's',
            Self::Outcome => 'o',
            Self::Queue => 'q',
            Self::Assignee => 'w',
            Self::Through => 'h',
            Self::Channel => 'l',
        }
    }

    /// The word for it, as it stands in the log of reads.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Refid => "refid",
            Self::Trxid => "trxid",
            Self::Address => "address",
            Self::Account => "account",
            Self::Customer => "customer",
            Self::Provider => "provider",
            Self::Product => "product",
            Self::Category => "category",
            Self::Stage => "stage",
            Self::Outcome => "outcome",
            Self::Queue => "queue",
            Self::Assignee => "assignee",
            Self::Through => "through",
            Self::Channel => "channel",
        }
    }

    /// The token of a value. Only its letters and digits count, without case and accents.
    pub fn token(self, value: &str) -> String {
        format!("{FIELD}{}{}", self.letter(), compact(value))
    }
}

/// The token that every case has.
pub(super) const EVERY: &str = "=a";

/// A case on its way into the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What was said, in order.
    pub texts: Vec<String>,
    /// What it can be named by: ids, references, addresses, accounts.
    pub references: Vec<String>,
    /// Its properties; empty values are none.
    pub fields: Vec<(Field, String)>,
}

impl Page {
    /// Everything it is found by, each once. When there is more text than is kept, references and
    /// properties stay.
    pub fn tokens(&self) -> BTreeSet<String> {
        let mut tokens = BTreeSet::from([EVERY.to_owned()]);
        let named = self.references.iter().map(|name| reference(name));
        tokens.extend(named.filter(|token| token.len() > 1));
        let fields = self.fields.iter().filter(|(_, value)| !value.is_empty());
        tokens.extend(fields.map(|(field, value)| field.token(value)));
        for text in &self.texts {
            for piece in pieces(text) {
                if tokens.len() + 2 > TOKENS_PER_CASE_MAX {
                    return tokens;
                }
                let shared = piece.inflects.then(|| shared(&piece.form)).flatten();
                tokens.extend(shared);
                tokens.insert(piece.form);
            }
        }
        tokens
    }
}

/// The token of something a case is named by.
pub(super) fn reference(name: &str) -> String {
    format!("{REFERENCE}{}", compact(name))
}

/// The token of the form a word shares with others, when that is another one.
pub(super) fn shared(form: &str) -> Option<String> {
    let stem = stem(form);
    (stem != form).then(|| format!("{STEM}{stem}"))
}
