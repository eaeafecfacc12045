//! The columns of a payment as it comes in from outside: which there are, what may stand in them,
//! and how a row is made of them. Every format of files and bodies ends here, so a rule is said
//! once; `docs/import.md` is the page. It never reads a format itself.

use std::fmt;

use super::{Payment, PaymentStatus};
use crate::time::{Instant, written};

/// What one format found in one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing, or null.
    Absent,
    /// Text.
    Text(&'a str),
    /// A JSON number, as it was written.
    Number(&'a str),
    /// True, false, a list or an object.
    Other,
}

/// The columns in the order of the documentation.
pub const COLUMNS: [&str; 11] = [
    "refid",
    "trxid",
    "product",
    "account",
    "amount_minor",
    "currency",
    "status",
    "status_at",
    "created_at",
    "provider",
    "payer_ref",
];

/// Those that may be left out or empty.
pub const OPTIONAL: [&str; 3] = ["trxid", "provider", "payer_ref"];

/// Columns that people try.
const NEVER: [&str; 6] = ["tenant", "tenant_id", "env", "environment", "scope", "merchant"];

/// One row's cells, in the order of [`COLUMNS`].
pub type Cells<'a> = [Cell<'a>; COLUMNS.len()];

/// Longest reference, in characters. IIMMPACT's own limit is not published; integrators use 50.
const REFERENCE_CHARS_MAX: usize = 64;
/// Longest product code, in characters; those of the contract have at most 6.
const PRODUCT_CHARS_MAX: usize = 32;
/// Longest paid account, payer or provider, in characters.
const NAME_CHARS_MAX: usize = 128;
/// Largest amount in minor units: a thousand million million. Sums of thousands stay in 64 bits.
const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000_000;
/// How the years begin that are taken: 2000 to 2099, as they are written, in whichever zone, so
/// that a pattern can tell it. Others are mistyped, or a time in seconds.
const YEARS: &str = "20";

/// A column that does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadColumn {
    /// Its name.
    pub column: &'static str,
    /// Why: the end of a sentence that begins with the column's name and a colon.
    pub why: String,
}

impl fmt::Display for BadColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.column, self.why)
    }
}

/// Where a column stands in [`COLUMNS`].
pub fn place_of(name: &str) -> Option<usize> {
    COLUMNS.iter().position(|column| *column == name)
}

/// Whether the name is one under which people try to say whose payment it is. That is never taken
/// from a row.
pub fn names_a_scope(name: &str) -> bool {
    NEVER.contains(&name.to_ascii_lowercase().as_str())
}

/// A text from outside, fit to stand in a sentence: 40 characters of it.
pub fn shown(name: &str) -> String {
    name.chars().take(40).flat_map(char::escape_debug).collect()
}

/// Whether a text can be a `refid` or `trxid` at all. What cannot is never looked up.
pub fn is_reference(text: &str) -> bool {
    (1..=REFERENCE_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Makes a row of its cells.
///
/// # Errors
/// The first column that does not read, and why.
pub fn payment(cells: &Cells<'_>) -> Result<Payment, BadColumn> {
    let payment = Payment {
        refid: visible(cells, 0, REFERENCE_CHARS_MAX)?,
        trxid: visible(cells, 1, REFERENCE_CHARS_MAX)?,
        product: visible(cells, 2, PRODUCT_CHARS_MAX)?,
        account: printable(cells, 3, NAME_CHARS_MAX)?,
        amount_minor: amount(cells, 4)?,
        currency: currency(cells, 5)?,
        status: status(cells, 6)?,
        status_at: time(cells, 7)?,
        created_at: time(cells, 8)?,
        provider: printable(cells, 9, NAME_CHARS_MAX)?,
        payer_ref: printable(cells, 10, NAME_CHARS_MAX)?,
    };
    if payment.status_at < payment.created_at {
        return Err(bad("status_at", "it is before created_at"));
    }
    Ok(payment)
}

fn bad(column: &'static str, why: impl Into<String>) -> BadColumn {
    BadColumn { column, why: why.into() }
}

fn text<'a>(cells: &Cells<'a>, place: usize) -> Result<&'a str, BadColumn> {
    let column = COLUMNS[place];
    match cells[place] {
        Cell::Text("") | Cell::Absent if OPTIONAL.contains(&column) => Ok(""),
        Cell::Text("") => Err(bad(column, "it is empty")),
        Cell::Absent => Err(bad(column, "it is missing")),
        Cell::Text(text) => Ok(text),
        Cell::Number(_) => Err(bad(column, "it must be text in quotes, not a number")),
        Cell::Other => Err(bad(column, "it must be text in quotes")),
    }
}

/// Visible ASCII without spaces: what can stand in a header, a file name and a log alike.
fn visible(cells: &Cells<'_>, place: usize, chars_max: usize) -> Result<String, BadColumn> {
    let (column, text) = (COLUMNS[place], text(cells, place)?);
    if let Some(c) = text.chars().find(|c| !c.is_ascii_graphic()) {
        let rule = "only visible ASCII characters without spaces may stand there";
        return Err(bad(column, format!("{c:?} is not allowed; {rule}")));
    }
    short(column, text, chars_max)
}

fn printable(cells: &Cells<'_>, place: usize, chars_max: usize) -> Result<String, BadColumn> {
    let (column, text) = (COLUMNS[place], text(cells, place)?);
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(bad(column, format!("the control character {c:?} is not allowed")));
    }
    if text.trim() != text {
        return Err(bad(column, "it begins or ends with a space"));
    }
    short(column, text, chars_max)
}

fn short(column: &'static str, text: &str, chars_max: usize) -> Result<String, BadColumn> {
    match text.chars().count() {
        count if count > chars_max => {
            Err(bad(column, format!("it has {count} characters, at most {chars_max} are allowed")))
        }
        _ => Ok(text.to_owned()),
    }
}

fn amount(cells: &Cells<'_>, place: usize) -> Result<i64, BadColumn> {
    let column = COLUMNS[place];
    let digits = match cells[place] {
        Cell::Number(digits) => digits,
        _ => text(cells, place)?,
    };
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse::<i64>() {
        Ok(amount) if whole && (1..=AMOUNT_MINOR_MAX).contains(&amount) => Ok(amount),
        _ => Err(bad(
            column,
            format!(
                "`{}` is not a whole number of minor units (1250 for 12.50) from 1 to \
             {AMOUNT_MINOR_MAX}",
                shown(digits)
            ),
        )),
    }
}

fn currency(cells: &Cells<'_>, place: usize) -> Result<String, BadColumn> {
    let (column, code) = (COLUMNS[place], text(cells, place)?);
    match code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        true => Ok(code.to_owned()),
        false => {
            Err(bad(column, format!("`{}` is not a code of three capitals, as MYR", shown(code))))
        }
    }
}

/// Our five words, and those under which IIMMPACT's reports and replies know the same states; in
/// any case of letters.
fn status(cells: &Cells<'_>, place: usize) -> Result<PaymentStatus, BadColumn> {
    let (column, word) = (COLUMNS[place], text(cells, place)?);
    match word.to_ascii_lowercase().as_str() {
        "accepted" => Ok(PaymentStatus::Accepted),
        "processing" | "pending" => Ok(PaymentStatus::Processing),
        "successful" | "succesful" | "success" => Ok(PaymentStatus::Successful),
        "failed" => Ok(PaymentStatus::Failed),
        "refunded" | "refund" => Ok(PaymentStatus::Refunded),
        _ => Err(bad(
            column,
            format!(
                "`{}` is unknown; the words are accepted, processing, successful, failed, \
             refunded",
                shown(word)
            ),
        )),
    }
}

fn time(cells: &Cells<'_>, place: usize) -> Result<Instant, BadColumn> {
    let (column, text) = (COLUMNS[place], text(cells, place)?);
    instant(text).map_err(|why| bad(column, why))
}

/// A time with its zone, in the years 2000 to 2099 as it is written.
///
/// # Errors
/// The rule it breaks, in words.
pub fn instant(text: &str) -> Result<Instant, String> {
    let time = written::read(text).map_err(|why| format!("`{}` {why}", shown(text)))?;
    if !text.starts_with(YEARS) {
        return Err(format!("`{}` is not in the years 2000 to 2099", shown(text)));
    }
    Ok(time)
}
