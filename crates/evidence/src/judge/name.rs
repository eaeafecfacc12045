//! Names of files as senders give them. A cleaned name is for showing and for the extension; it is
//! never a path, and what is stored gets a name of our own.

use unicode_normalization::UnicodeNormalization;

/// Bytes of a name at most, as most file systems have it.
pub const NAME_BYTES_MAX: usize = 255;

/// Bytes of an extension that is kept when a name is shortened; ours have four.
const EXTENSION_BYTES_MAX: usize = 10;

/// A sender's name: its last part, in NFC, without anything that does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanName {
    text: String,
    folded: String,
}

impl CleanName {
    /// Cleans a name; nothing when nothing is left of it.
    pub fn of(said: &str) -> Option<Self> {
        let base = said.rsplit(['/', '\\']).next().unwrap_or("");
        let shown: String = base.nfc().filter(|c| shows(*c)).collect();
        let shown = shown.trim();
        if shown.chars().all(|c| c == '.' || c.is_whitespace()) {
            return None;
        }
        let folded: String = caseless::default_case_fold_str(shown).nfc().collect();
        Some(Self { text: shortened(shown), folded })
    }

    /// The name, at most [`NAME_BYTES_MAX`] bytes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The whole name without regard to case, for telling whether two are the same.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// What follows the last dot, in lower case; empty when there is no dot.
    pub fn extension(&self) -> String {
        self.text.rsplit_once('.').map_or(String::new(), |(_, end)| end.to_ascii_lowercase())
    }
}

/// Not control characters, and none that turn the direction of writing or show as nothing: with
/// them `gnp.exe` reads as `exe.png`.
fn shows(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Keeps the extension and shortens what stands before it.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if end.len() <= EXTENSION_BYTES_MAX => (stem, format!(".{end}")),
        _ => (name, String::new()),
    };
    let room = NAME_BYTES_MAX - end.len();
    let mut stop = room.min(stem.len());
    while !stem.is_char_boundary(stop) {
        stop -= 1;
    }
    format!("{}{end}", &stem[..stop])
}
