//! Searching, as rules: how a text becomes words, which words are forms of one another, what a
//! question asks, and where a text answers it. Both engines keep and compare the tokens made here
//! and nothing else, so they find the same cases; a plain scan with the same rules is the test. It
//! must never depend on which engine keeps the tokens.

mod highlight;
mod page;
mod question;
mod stems;
mod words;

pub use highlight::{Part, excerpt};
pub use page::{Field, Page};
pub use question::{Atom, Question, TooLong};
pub use stems::stem;
pub use words::{Piece, compact, fold, pieces};

/// Distinct tokens kept of one case. The longest narrative (20,000 characters) has some 3,500
/// words; a case with more text than this is found by its first texts and its references.
pub const TOKENS_PER_CASE_MAX: usize = 6_000;

/// Characters of one word that count. Longer ones are not words; 40 hold every reference with
/// its neighbours told apart.
pub const WORD_CHARS_MAX: usize = 40;

/// Marks a token as the form that several words share. A word that is its own shared form has
/// none.
const STEM: char = '~';

/// Marks a token as a reference, an address or an account, with nothing but letters and digits.
const REFERENCE: char = '#';

/// Marks a token as a property of the case: a letter for which, then the value.
const FIELD: char = '=';
