//! Who is called what. A name stands in every history and is what tells one person from another, so
//! two that look alike must count as one, and nobody may bear the name of one of our own actors.

use unicode_normalization::UnicodeNormalization as _;

use crate::admin::{Kind, check};
use crate::chain::digest_of;
use crate::hex;
use crate::scope::Scope;
use crate::time::Instant;

/// Names that our own actors have in histories, folded; and `staff`, which is what outsiders read
/// in the place of a colleague's name.
pub const OWN: [&str; 6] = ["import", "command line", "staff", "demo", "redress", "system"];

/// How ids of credentials begin: a name like one would pass for it in a history.
const OWN_BEGINNINGS: [&str; 4] = ["tk_", "rdt_", "iimm_prod_", "iimm_dev_"];

/// Small letters of other scripts with the Latin one that they, or their capitals, are taken for.
/// A part of Unicode's list of confusables (UTS #39): the scripts whose words can look like a Latin
/// one in a usual typeface.
const LOOKALIKES: [(&str, char); 21] = [
    ("\u{430}\u{3b1}\u{251}", 'a'),
    ("\u{432}\u{3b2}", 'b'),
    ("\u{441}\u{3f2}", 'c'),
    ("\u{501}", 'd'),
    ("\u{435}\u{3b5}", 'e'),
    ("\u{581}\u{261}", 'g'),
    ("\u{43d}\u{4bb}\u{3b7}\u{570}", 'h'),
    ("\u{456}\u{3b9}\u{4cf}\u{269}", 'i'),
    ("\u{458}\u{3f3}", 'j'),
    ("\u{43a}\u{3ba}", 'k'),
    ("\u{43c}\u{3bc}", 'm'),
    ("\u{578}", 'n'),
    ("\u{43e}\u{3bf}\u{585}", 'o'),
    ("\u{440}\u{3c1}", 'p'),
    ("\u{51b}\u{566}", 'q'),
    ("\u{455}", 's'),
    ("\u{442}\u{3c4}", 't'),
    ("\u{3c5}\u{57d}", 'u'),
    ("\u{475}\u{3bd}", 'v'),
    ("\u{51d}\u{3c9}\u{461}", 'w'),
    ("\u{445}\u{3c7}", 'x'),
];

/// The same for the two letters whose capitals are meant: no small one looks like them.
const BY_CAPITALS: [(&str, char); 2] = [("\u{443}\u{4af}\u{3b3}", 'y'), ("\u{3b6}", 'z')];

/// Scripts of which letters can pass for those of another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
}

const fn script(letter: char) -> Option<Script> {
    match letter {
        'a'..='z'
        | 'A'..='Z'
        | '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2af}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{2c60}'..='\u{2c7f}'
        | '\u{a722}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{ab64}' => Some(Script::Latin),
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some(Script::Greek),
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{a640}'..='\u{a69f}' => {
            Some(Script::Cyrillic)
        }
        '\u{531}'..='\u{588}' => Some(Script::Armenian),
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Some(Script::Cherokee),
        _ => None,
    }
}

/// The first word whose letters are of different scripts that look alike, as no language writes
/// one. Letters that only have another width or style count as what they are.
pub fn mixed(name: &str) -> Option<String> {
    let plain: String = name.nfkc().collect();
    let mixes = |word: &&str| {
        let mut scripts = word.chars().filter_map(script);
        let first = scripts.next();
        scripts.any(|other| Some(other) != first)
    };
    plain.split(|c: char| !c.is_alphanumeric()).find(mixes).map(str::to_owned)
}

fn latin(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    let mut rows = LOOKALIKES.iter().chain(&BY_CAPITALS);
    rows.find(|(others, _)| others.contains(letter)).map_or(letter, |(_, latin)| *latin)
}

/// A name as it is compared: with single spaces and none around it, each letter in its plain form
/// (NFKC), without regard to capitals in any script, and with the Latin letter for one that looks
/// like it. What it gives is kept in storage and never changes.
pub fn folded(name: &str) -> String {
    // Down, up and down again: some letters have two capitals or two small forms.
    let small = name.nfkc().flat_map(char::to_lowercase);
    let one_form = small.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let plain: String = one_form.nfkc().map(latin).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Longest beginning of another system's queue name that stays when a digest is put behind it.
const BEGINNING_CHARS: usize = check::SLUG_CHARS_MAX - 9;

/// The short name under which another system's queue is written down here: small letters, digits
/// and hyphens. Where letters had to give way, eight digits of its digest tell it from others. It
/// is the same each time, so that a queue comes along once.
pub fn queue_slug(name: &str) -> String {
    let folded = folded(name);
    let hyphened = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '_');
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let mut slug = String::new();
    for letter in folded.chars() {
        if plain(letter) {
            slug.push(letter);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches('-');
    let whole = folded.chars().all(|letter| plain(letter) || hyphened(letter));
    if whole && (1..=check::SLUG_CHARS_MAX).contains(&slug.len()) {
        return slug.to_owned();
    }
    let beginning: String = slug.chars().take(BEGINNING_CHARS).collect();
    let beginning = match beginning.trim_end_matches('-') {
        "" => "queue",
        some => some,
    };
    let digest = digest_of(&[folded.as_bytes()]);
    format!("{beginning}-{}", hex(&digest[..4]))
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
    fn a_queue_of_another_system_gets_a_short_name() {
        for (name, slug) in [
            ("payments", "payments"),
            ("Credit card", "credit-card"),
            ("LEVEL_2", "level-2"),
            ("\u{ff30}ayments", "payments"),
        ] {
            assert_eq!(queue_slug(name), slug);
        }
        let long = "x".repeat(200);
        for name in ["Cards & wallets", "Zahlungsr\u{fc}ckl\u{e4}ufer", "\u{652f}\u{4ed8}", &long] {
            let slug = queue_slug(name);
            assert!(check::slug("name", slug.clone()).is_ok(), "{slug}");
            assert_eq!(slug, queue_slug(&name.to_uppercase()));
        }
        assert_ne!(queue_slug("Cards & wallets"), queue_slug("Cards / wallets"));
    }

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
            ("Ann\u{a0} Lee", "ann lee"),
            ("\u{ff21}nn", "ann"),
            ("\u{1d41a}nn", "ann"),
            ("\u{421}\u{43e}\u{441}\u{43e}", "coco"),
            ("\u{405}\u{423}\u{405}\u{422}\u{415}\u{41c}", "System"),
        ] {
            assert!(same(one, other), "{one} {other}");
            assert_eq!(folded(&folded(one)), folded(one), "{one}");
        }
        for (one, other) in
            [("ann", "anna"), ("ann", "\u{e4}nn"), ("i", "\u{131}x"), ("\u{438}", "n")]
        {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn our_own_names_are_nobody_elses() {
        for name in ["import", "Import ", "COMMAND LINE", "staff", "tk_00", "iimm_prod_x"] {
            assert!(is_own(name), "{name}");
        }
        for name in ["command\u{a0}line", "command  line", "\u{455}taff", "\u{ff53}\u{ff54}aff"] {
            assert!(is_own(name), "{name}");
        }
        for name in ["importer", "ann", "erp", "ann@import.example"] {
            assert!(!is_own(name), "{name}");
        }
        assert!(OWN.iter().all(|name| folded(name) == *name));
    }

    #[test]
    fn a_word_has_one_script() {
        for (name, word) in [
            ("\u{455}taff", Some("\u{455}taff")),
            ("Ann \u{41b}ee", Some("\u{41b}ee")),
            ("\u{3b1}nn", Some("\u{3b1}nn")),
            ("\u{430}\u{3b1}", Some("\u{430}\u{3b1}")),
            ("Ann \u{410}\u{43d}\u{43d}\u{430}", None),
            ("ann-\u{430}", None),
            ("\u{5f20}\u{4f1f} Zhang", None),
            ("\u{ff21}nn 2", None),
            ("\u{c9}va", None),
        ] {
            assert_eq!(mixed(name).as_deref(), word, "{name}");
        }
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
