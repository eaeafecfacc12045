//! Who is called what. A name stands in every history and is what tells one person from another, so
//! two that look alike must count as one, and nobody may bear the name of one of our own actors.

use unicode_normalization::UnicodeNormalization as _;

use crate::admin::Kind;
use crate::scope::Scope;
use crate::time::Instant;

/// Names that our own actors have in histories, folded; and `staff`, which is what outsiders read
/// in the place of a colleague's name.
pub const OWN: [&str; 6] = ["import", "command line", "staff", "demo", "redress", "system"];

/// How ids of credentials begin: a name like one would pass for it in a history.
const OWN_BEGINNINGS: [&str; 4] = ["tk_", "rdt_", "iimm_prod_", "iimm_dev_"];

/// A name as it is compared: without space around it, composed (NFC), and without regard to
/// capitals in any script. What it gives is kept in storage and never changes.
pub fn folded(name: &str) -> String {
    // Down, up and down again: some letters have two capitals or two small forms.
    let small = name.trim().nfc().flat_map(char::to_lowercase);
    let one_form = small.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    one_form.collect::<String>().nfc().collect()
}

/// Whether both names are one.
pub fn same(one: &str, other: &str) -> bool {
    one == other || folded(one) == folded(other)
}

/// Whether only our own actors may be called so.
pub fn is_own(name: &str) -> bool {
    let name = folded(name);
    OWN.contains(&name.as_str()) || OWN_BEGINNINGS.iter().any(|start| name.starts_with(start))
}

/// Whether a character is not seen, or turns the order in which others are seen: a name with one
/// looks like another name. Control characters are not asked about here.
pub const fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A name that somebody has in an account's environment. There, no two have the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Where.
    pub scope: Scope,
    /// As it is written.
    pub name: String,
    /// What has it: a member, a key or a token.
    pub kind: Kind,
    /// The id of what has it.
    pub holder: String,
    /// When it is free again; nothing for never.
    pub until: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_one() {
        for (one, other) in [
            ("ann@shop.example", "Ann@Shop.example"),
            (" ann ", "ANN"),
            ("e\u{301}va", "\u{c9}VA"),
            ("stra\u{df}e", "STRASSE"),
            ("STRA\u{1e9e}E", "strasse"),
            ("\u{3a3}\u{39f}\u{3a6}\u{39f}\u{3a3}", "\u{3c3}\u{3bf}\u{3c6}\u{3bf}\u{3c2}"),
            ("\u{212a}ate", "kate"),
        ] {
            assert!(same(one, other), "{one} {other}");
            assert_eq!(folded(&folded(one)), folded(one), "{one}");
        }
        for (one, other) in [("ann", "anna"), ("ann", "\u{e4}nn"), ("i", "\u{131}x")] {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn our_own_names_are_nobody_elses() {
        for name in ["import", "Import ", "COMMAND LINE", "staff", "tk_00", "iimm_prod_x"] {
            assert!(is_own(name), "{name}");
        }
        for name in ["importer", "ann", "erp", "ann@import.example"] {
            assert!(!is_own(name), "{name}");
        }
        assert!(OWN.iter().all(|name| folded(name) == *name));
    }

    #[test]
    fn what_is_not_seen_is_known() {
        for letter in ['\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}', '\u{e0041}', '\u{ad}'] {
            assert!(is_unseen(letter), "{letter:?}");
        }
        for letter in ['a', '\u{e9}', '\u{4e2d}', '\u{627}', '\u{b95}', ' ', '\u{301}'] {
            assert!(!is_unseen(letter), "{letter:?}");
        }
    }
}
