//! Single values as callers send them, in a query or in a body: each is read strictly, and a wrong
//! one is refused by the name of its field with the rule it breaks.

use domain::Instant;
use domain::Role;
use domain::case::{Channel, CloseReason, Outcome, Party, PaymentRef, Remedy, Span, Tie};
use domain::names;
use domain::payment::columns;

use super::problem::Problem;

/// Longest name of a queue or person, in characters: an address has at most 254.
pub(super) const NAME_CHARS_MAX: usize = 254;

/// A closed list of words.
pub(super) trait Worded: Copy + 'static {
    fn all() -> &'static [Self];
    fn say(self) -> &'static str;
}

/// Says that a type of the domain is a closed list of words.
macro_rules! worded {
    ($($kind:ty),+ $(,)?) => {$(
        impl Worded for $kind {
            fn all() -> &'static [Self] {
                &Self::ALL
            }

            fn say(self) -> &'static str {
                self.word()
            }
        }
    )+};
}

worded!(
    domain::case::Channel,
    domain::case::CloseReason,
    domain::case::Outcome,
    domain::case::Party,
    domain::case::Remedy,
    domain::case::Sort,
    domain::case::StageName,
    domain::case::Tie,
    domain::job::JobState,
    domain::payment::PaymentStatus,
);

/// One word of a closed list, or the sentence that names them all.
pub(super) fn one_of<W: Worded>(text: &str) -> Result<W, String> {
    W::all().iter().copied().find(|one| one.say() == text).ok_or_else(|| {
        let words: Vec<&str> = W::all().iter().map(|one| one.say()).collect();
        format!("it must be one of {}", words.join(", "))
    })
}

/// The words of a field that takes one of a closed list. Such a field has the same words wherever a
/// body must have it.
pub(super) fn words_of(field: &str) -> Option<String> {
    fn all<W: Worded>() -> String {
        W::all().iter().map(|one| one.say()).collect::<Vec<_>>().join(", ")
    }
    Some(match field {
        "on" => all::<Party>(),
        "outcome" => all::<Outcome>(),
        "reason" => all::<CloseReason>(),
        "remedy" => all::<Remedy>(),
        "kind" => all::<Tie>(),
        // A body names a channel only to open a case by hand.
        "channel" => Channel::BY_HAND.iter().map(|one| one.word()).collect::<Vec<_>>().join(", "),
        "role" => Role::ALL.iter().map(|role| role.word()).collect::<Vec<_>>().join(", "),
        _ => return None,
    })
}

/// A word of a query, when it was sent.
pub(super) fn word<W: Worded>(field: &str, text: Option<&str>) -> Result<Option<W>, Problem> {
    text.map(|text| one_of(text).map_err(|rule| Problem::field(field, rule))).transpose()
}

/// A time of a query or body, when it was sent.
pub(super) fn instant(field: &str, text: Option<&str>) -> Result<Option<Instant>, Problem> {
    let read = |text: &str| columns::instant(text).map_err(|why| Problem::field(field, why));
    text.map(read).transpose()
}

/// From one time until another, either left open. One that ends before it begins is a mistake, and
/// would find nothing.
pub(super) fn span(
    (first, from): (&str, Option<&str>),
    (last, to): (&str, Option<&str>),
) -> Result<Span, Problem> {
    let span = Span { from: instant(first, from)?, to: instant(last, to)? };
    if span.from.zip(span.to).is_some_and(|(from, to)| to < from) {
        return Err(Problem::field(last, format!("it must not lie before `{first}`")));
    }
    Ok(span)
}

/// A reference of a payment.
pub(super) fn reference(field: &str, text: String) -> Result<String, Problem> {
    if columns::is_reference(&text) {
        return Ok(text);
    }
    Err(Problem::field(field, "it must have 1 to 64 visible ASCII characters without spaces"))
}

/// A payment by one of its two references, when one was sent.
pub(super) fn payment(
    refid: Option<String>,
    trxid: Option<String>,
) -> Result<Option<PaymentRef>, Problem> {
    match (refid, trxid) {
        (None, None) => Ok(None),
        (Some(refid), None) => Ok(Some(PaymentRef::Refid(reference("refid", refid)?))),
        (None, Some(trxid)) => Ok(Some(PaymentRef::Trxid(reference("trxid", trxid)?))),
        (Some(_), Some(_)) => Err(Problem::field("trxid", "give it or refid, not both")),
    }
}

/// A name of at most so many characters, on one line, of which all is seen.
pub(super) fn line(field: &str, text: &str, chars_max: usize) -> Result<(), Problem> {
    let breaks = |c: char| c.is_control() || names::is_unseen(c);
    let chars = text.chars().count();
    if (1..=chars_max).contains(&chars) && text.trim() == text && !text.chars().any(breaks) {
        return Ok(());
    }
    let rule = format!(
        "it must have 1 to {chars_max} characters, no control characters, none that are not seen \
         or turn the direction of writing, and no space at either end"
    );
    Err(Problem::field(field, rule))
}

/// A name in a query, when it was sent.
pub(super) fn name(field: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    text.map(|text| line(field, &text, NAME_CHARS_MAX).map(|()| text)).transpose()
}

/// How many rows a page shall have.
pub(super) fn page(text: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(PAGE) };
    let whole = text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(limit) if whole && (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        _ => Err(Problem::field("limit", format!("it must be a number from 1 to {PAGE_MAX}"))),
    }
}

/// Rows on a page at most: what the desk gives at once.
const PAGE_MAX: i64 = 100;

/// Rows on a page when the caller does not say.
const PAGE: i64 = 50;
