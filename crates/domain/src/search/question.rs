//! What is searched for, as tokens: every word of the text, in any of its forms, and every
//! property. Any text is a question; one without words asks for nothing.

use std::collections::BTreeSet;
use std::fmt;

use super::page::{EVERY, Field, reference, shared};
use super::{FIELD, STEM, compact, pieces, stem};

/// Characters of the text of a question: longer ones are pasted by mistake.
pub const CHARS_MAX: usize = 256;

/// Tokens one question may ask for together. 24 are a long sentence; each costs a look-up in every
/// part of the index.
pub const TOKENS_MAX: usize = 24;

/// A token to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// The token, or how it begins.
    pub token: String,
    /// Whether it only begins so.
    pub prefix: bool,
}

/// The question's text is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it may have {CHARS_MAX} characters and {TOKENS_MAX} words; search for fewer")
    }
}

/// What is searched for: of each list at least one token, all lists together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The lists. None at all: nothing is found.
    pub all: Vec<Vec<Atom>>,
}

impl Question {
    /// Words and references in `text`, the last word being perhaps unfinished, with properties.
    /// Without a text, every case with the properties.
    ///
    /// # Errors
    /// The text is too long.
    pub fn new(text: Option<&str>, fields: &[(Field, String)]) -> Result<Self, TooLong> {
        Self::of(text, fields, words_of)
    }

    /// As [`Question::new`], but the text is only looked for in references.
    ///
    /// # Errors
    /// The text is too long.
    pub fn by_reference(text: Option<&str>, fields: &[(Field, String)]) -> Result<Self, TooLong> {
        Self::of(text, fields, references_of)
    }

    /// As [`Question::by_reference`], but the text is only looked for in ids and the references of
    /// payments, so that whoever asks learns nothing of addresses, accounts and customers: not even
    /// that one begins as was guessed.
    ///
    /// # Errors
    /// The text is too long.
    pub fn impersonal(text: Option<&str>, fields: &[(Field, String)]) -> Result<Self, TooLong> {
        Self::of(text, fields, impersonal_names_of)
    }

    fn of(
        text: Option<&str>,
        fields: &[(Field, String)],
        read: fn(&str) -> Vec<Vec<Atom>>,
    ) -> Result<Self, TooLong> {
        let mut all = Vec::new();
        if let Some(text) = text {
            if text.chars().nth(CHARS_MAX).is_some() {
                return Err(TooLong);
            }
            all = read(text);
            if all.is_empty() {
                return Ok(Self::default());
            }
        }
        all.extend(fields.iter().map(|(field, value)| vec![exact(field.token(value))]));
        if all.is_empty() {
            all.push(vec![exact(EVERY.to_owned())]);
        }
        if all.len() > TOKENS_MAX { Err(TooLong) } else { Ok(Self { all }) }
    }

    /// Whether every case answers it, so that nothing has to be looked up.
    pub fn asks_for_every(&self) -> bool {
        matches!(self.all.as_slice(), [any] if matches!(any.as_slice(), [one]
            if !one.prefix && one.token == EVERY))
    }

    /// Whether something with these tokens answers it: the plain scan that an index is held to.
    pub fn fits(&self, tokens: &BTreeSet<String>) -> bool {
        let there = |atom: &Atom| match atom.prefix {
            false => tokens.contains(&atom.token),
            true => {
                let next = tokens.range(atom.token.clone()..).next();
                next.is_some_and(|token| token.starts_with(&atom.token))
            }
        };
        !self.all.is_empty() && self.all.iter().all(|any| any.iter().any(there))
    }

    /// Whether the token begins as something in the text that may be unfinished, or is what a
    /// reference in it says; a property that was asked for by itself is neither.
    pub fn begins(&self, token: &str) -> bool {
        let property = |atom: &Atom| !atom.prefix && atom.token.starts_with(FIELD);
        let mut asked = self.all.iter().flatten().filter(|atom| !property(atom));
        asked.any(|atom| match atom.prefix {
            true => token.starts_with(&atom.token),
            false => token == atom.token,
        })
    }

    /// Whether a word with these tokens is one of those that were asked for.
    pub fn names(&self, tokens: &[&str]) -> bool {
        let named = |atom: &Atom| {
            tokens.iter().any(|token| match atom.prefix {
                false => *token == atom.token,
                true => token.starts_with(&atom.token),
            })
        };
        self.all.iter().flatten().any(named)
    }
}

const fn exact(token: String) -> Atom {
    Atom { token, prefix: false }
}

/// Each word in any of its forms, or what it is written in as a reference.
fn words_of(text: &str) -> Vec<Vec<Atom>> {
    let mut all = Vec::new();
    let unfinished = text.chars().next_back().is_some_and(|last| !last.is_whitespace());
    let mut chunks = text.split_whitespace().peekable();
    while let Some(chunk) = chunks.next() {
        let open = unfinished && chunks.peek().is_none();
        let named = Atom { token: reference(chunk), prefix: open };
        let mut found = pieces(chunk);
        // A chunk that is found as a whole is not asked for by its parts.
        if let [first, .., last] = found.as_slice()
            && !last.inflects
            && last.at.start <= first.at.start
        {
            found = vec![last.clone()];
        }
        let many = found.len();
        let mut covered = 0;
        for (place, piece) in found.into_iter().enumerate() {
            let mut any = vec![named.clone()];
            let last = place + 1 == many;
            // A character by itself is how a pair begins; the last of a run was in the pair
            // before.
            let single = !piece.inflects && piece.form.chars().count() == 1;
            if single && covered == piece.at.end {
                continue;
            }
            covered = piece.at.end;
            if open && last || single {
                any.push(Atom { token: piece.form.clone(), prefix: true });
            } else if !piece.inflects {
                any.push(exact(piece.form.clone()));
            }
            if piece.inflects {
                let stem = stem(&piece.form);
                any.extend([exact(format!("{STEM}{stem}")), exact(stem)]);
            }
            all.push(any);
        }
    }
    all
}

fn references_of(text: &str) -> Vec<Vec<Atom>> {
    let chunks = text.split_whitespace().map(reference).filter(|token| token.len() > 1);
    chunks.map(|token| vec![Atom { token, prefix: true }]).collect()
}

fn impersonal_names_of(text: &str) -> Vec<Vec<Atom>> {
    let chunks = text.split_whitespace().filter(|chunk| !compact(chunk).is_empty());
    let begins = |chunk| {
        let fields = Field::IMPERSONAL_NAMES.into_iter();
        fields.map(|field| Atom { token: field.token(chunk), prefix: true }).collect()
    };
    chunks.map(begins).collect()
}

/// The tokens of one word of a text.
pub(super) fn tokens_of(piece: &super::Piece) -> (String, Option<String>) {
    (piece.form.clone(), piece.inflects.then(|| shared(&piece.form)).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Page;

    fn page() -> Page {
        Page {
            texts: vec![
                "I was charged twice for the same bill, ref TX-99/7".into(),
                "Tolong pulangkan bayaran saya. पैसे वापस नहीं मिले 退款失败".into(),
                "Reembolso de la transacción duplicada".into(),
            ],
            references: vec!["cs_01j0abc".into(), "A-1001".into(), "Ann.Lee@example.test".into()],
            fields: vec![(Field::Stage, "open".into()), (Field::Queue, "Level 2".into())],
        }
    }

    #[test]
    fn questions_find_what_they_should() {
        let tokens = page().tokens();
        for (text, found) in [
            ("charging", true),
            ("charge bills", true),
            ("charge invoices", false),
            ("CHARGED TWICE", true),
            ("twi", true),
            ("twi ", false),
            ("wice", false),
            ("tx-99/7", true),
            ("TX 99 7", true),
            ("tx99", true),
            ("tx-99/8", false),
            ("membayar", true),
            ("पैसा", true),
            ("मिलना", true),
            ("退款", true),
            ("款失败", true),
            ("败", true),
            ("失退", false),
            ("transaccion", true),
            ("transacciones duplicado", true),
            ("a-1001", true),
            ("A1001", true),
            ("a-10", true),
            ("a-1001 ", true),
            ("a-100 ", false),
            ("ann.lee@example.test", true),
            ("ann.lee@", true),
            ("lee@example.test", false),
            ("CS_01J0ABC", true),
            ("???", false),
            ("", false),
            ("\" AND OR NEAR( * ' & | ! :", false),
        ] {
            let question = Question::new(Some(text), &[]).expect("a short text");
            assert_eq!(question.fits(&tokens), found, "{text}: {question:?}");
        }
    }

    #[test]
    fn properties_are_asked_for_by_themselves() {
        let tokens = page().tokens();
        for (field, value, found) in [
            (Field::Stage, "open", true),
            (Field::Stage, "closed", false),
            (Field::Queue, "level-2", true),
            (Field::Queue, "level", false),
            (Field::Assignee, "open", false),
        ] {
            let fields = [(field, value.to_owned())];
            let fits = |text| Question::new(text, &fields).expect("short").fits(&tokens);
            assert_eq!((fits(None), fits(Some("charged"))), (found, found), "{field:?} {value}");
        }
        assert!(Question::new(None, &[]).expect("short").fits(&tokens), "no filter is every case");
    }

    #[test]
    fn references_alone_do_not_see_texts() {
        let tokens = page().tokens();
        for (text, found) in [("charged", false), ("a-1001", true), ("ann", true), ("!", false)] {
            let question = Question::by_reference(Some(text), &[]).expect("short");
            assert_eq!(question.fits(&tokens), found, "{text}");
        }
    }

    #[test]
    fn impersonal_names_see_neither_texts_nor_persons() {
        let mut page = page();
        page.fields.push((Field::Id, "cs_01j0abc".into()));
        page.fields.push((Field::Refid, "A-1001".into()));
        page.fields.push((Field::Address, "Ann.Lee@example.test".into()));
        let tokens = page.tokens();
        for (text, found) in [
            ("a-10", true),
            ("A1001 cs_01", true),
            ("ann", false),
            ("ann.lee@example.test", false),
            ("charged", false),
            ("a-1001 ann", false),
            ("!", false),
        ] {
            let question = Question::impersonal(Some(text), &[]).expect("short");
            assert_eq!(question.fits(&tokens), found, "{text}");
        }
    }

    #[test]
    fn a_long_question_is_refused() {
        assert_eq!(Question::new(Some(&"a ".repeat(30)), &[]), Err(TooLong));
        assert_eq!(Question::new(Some(&"a".repeat(257)), &[]), Err(TooLong));
    }
}
