//! Cuts a text into words and folds each: compatibility forms, case, accents and digits of other
//! scripts go; what tells words apart stays, as the vowel signs of Devanagari and Tamil. Scripts
//! that write without spaces are cut into pairs of characters.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::WORD_CHARS_MAX;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands, in bytes.
    pub at: Range<usize>,
    /// The word, folded.
    pub form: String,
    /// Whether it may be a form of another word. References and pairs are themselves only.
    pub inflects: bool,
}

/// The words of a text, in order. Something with a digit or an @ that is written in one go
/// (`TX-2024/17`, `a.b@example.com`) is found by its parts and as a whole: the whole comes after
/// its parts.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    for chunk in chunks(text) {
        let before = found.len();
        words(text, &chunk, &mut found);
        if found.len() - before > 1
            && let Some(whole) = glued(text, &chunk)
        {
            found.push(whole);
        }
    }
    found
}

/// What is written without white space in it.
fn chunks(text: &str) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices() {
        match (letter.is_whitespace(), start) {
            (true, Some(from)) => {
                chunks.push(from..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    chunks.extend(start.map(|from| from..text.len()));
    chunks
}

/// A chunk that looks like a reference or an address, as one word.
fn glued(text: &str, chunk: &Range<usize>) -> Option<Piece> {
    let inside = &text[chunk.clone()];
    let spaced = !inside.chars().any(is_unspaced);
    let named = inside.contains('@') || inside.chars().any(char::is_numeric);
    let form = (spaced && named).then(|| compact(inside)).filter(|form| !form.is_empty())?;
    let start = chunk.start + inside.find(is_inside)?;
    let end = chunk.start + inside.trim_end_matches(|letter| !is_inside(letter)).len();
    Some(Piece { at: start..end, form, inflects: false })
}

/// Only the letters and digits of a text, folded: what of a reference counts.
pub fn compact(text: &str) -> String {
    let letters: String = text.chars().filter(|letter| is_inside(*letter)).collect();
    fold(&letters)
}

fn words(text: &str, chunk: &Range<usize>, found: &mut Vec<Piece>) {
    let mut letters = text[chunk.clone()].char_indices().map(|(at, c)| (chunk.start + at, c));
    let mut word: Option<Range<usize>> = None;
    let mut run: Vec<Range<usize>> = Vec::new();
    loop {
        let next = letters.next();
        if let (Some((at, letter)), Some(last)) = (next, run.last_mut())
            && is_voicing(letter)
        {
            last.end = at + letter.len_utf8();
            continue;
        }
        let unspaced = next.is_some_and(|(_, letter)| is_unspaced(letter));
        if !unspaced {
            end_run(text, &mut run, found);
        }
        match (next, &mut word) {
            (Some((at, letter)), _) if unspaced => {
                end_word(text, word.take(), found);
                run.push(at..at + letter.len_utf8());
            }
            (Some((at, letter)), Some(word)) if is_inside(letter) || joins(letter) => {
                word.end = at + letter.len_utf8();
            }
            (Some((at, letter)), None) if letter.is_alphanumeric() => {
                word = Some(at..at + letter.len_utf8());
            }
            (Some(_), _) => end_word(text, word.take(), found),
            (None, _) => {
                end_word(text, word.take(), found);
                return;
            }
        }
    }
}

fn end_word(text: &str, word: Option<Range<usize>>, found: &mut Vec<Piece>) {
    let Some(mut at) = word else { return };
    let inside = &text[at.clone()];
    // An apostrophe at the end is a quotation mark.
    at.end = at.start + inside.trim_end_matches(joins).len();
    let form = fold(&text[at.clone()]);
    if !form.is_empty() {
        found.push(Piece { at, form, inflects: true });
    }
}

/// Pairs, and the last character by itself: so each character begins a token.
fn end_run(text: &str, run: &mut Vec<Range<usize>>, found: &mut Vec<Piece>) {
    for (place, first) in run.iter().enumerate() {
        let at = first.start..run.get(place + 1).unwrap_or(first).end;
        let form = fold(&text[at.clone()]);
        if !form.is_empty() {
            found.push(Piece { at, form, inflects: false });
        }
    }
    run.clear();
}

fn is_inside(letter: char) -> bool {
    letter.is_alphanumeric() || is_combining_mark(letter)
}

/// What may stand inside a word and does not count: apostrophes, and the joiners of Indic scripts.
const fn joins(letter: char) -> bool {
    matches!(letter, '\'' | '\u{2019}' | '\u{02bc}' | '\u{200c}' | '\u{200d}' | '\u{00ad}')
}

/// Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Chinese and Japanese.
pub(super) const fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{0e00}'..='\u{0eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}'
        | '\u{20000}'..='\u{3ffff}')
}

/// The marks that voice the syllable of kana before them, which many systems write by themselves.
const fn is_voicing(letter: char) -> bool {
    matches!(letter, '\u{3099}' | '\u{309a}' | '\u{ff9e}' | '\u{ff9f}')
}

/// One word, folded.
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        let letters = word.bytes().filter(u8::is_ascii_alphanumeric).take(WORD_CHARS_MAX);
        return letters.map(|letter| char::from(letter.to_ascii_lowercase())).collect();
    }
    let mut folded = String::with_capacity(word.len());
    for letter in word.nfkd().filter(|letter| is_inside(*letter)).flat_map(char::to_lowercase) {
        match letter {
            // Accents of Latin, Greek and Cyrillic; vowel points that Arabic and Hebrew leave out;
            // the dot below of Devanagari, which many do not write.
            '\u{0300}'..='\u{036f}'
            | '\u{0591}'..='\u{05c7}'
            | '\u{064b}'..='\u{065f}'
            | '\u{0670}'
            | '\u{093c}' => {}
            '\u{0901}' => folded.push('\u{0902}'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            letter => folded.push(digit(letter).unwrap_or(letter)),
        }
    }
    folded.nfc().take(WORD_CHARS_MAX).collect()
}

/// The ASCII digit of a digit in another script that our users write.
fn digit(letter: char) -> Option<char> {
    const ZEROS: [u32; 5] = [0x0660, 0x06f0, 0x0966, 0x0be6, 0x0e50];
    let code = u32::from(letter);
    let value = ZEROS.iter().map(|zero| code.wrapping_sub(*zero)).find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(text: &str) -> Vec<String> {
        pieces(text).into_iter().map(|piece| piece.form).collect()
    }

    #[test]
    fn texts_become_words() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("  ?! -- ", &[]),
            ("My money WAS taken.", &["my", "money", "was", "taken"]),
            ("customer’s don't 'quoted'", &["customers", "dont", "quoted"]),
            ("e-mail and/or", &["e", "mail", "and", "or"]),
            ("Transacción añadida", &["transaccion", "anadida"]),
            ("STRASSE straße", &["strasse", "strasse"]),
            ("ｆｕｌｌ ﬁne ①", &["full", "fine", "1"]),
            ("TX-2024/17", &["tx", "2024", "17", "tx202417"]),
            ("a.b@Example.com", &["a", "b", "example", "com", "abexamplecom"]),
            ("RM50.00!", &["rm50", "00", "rm5000"]),
            ("भुगतान विफल", &["भुगतान", "विफल"]),
            ("बिजली का बिल", &["बिजली", "का", "बिल"]),
            ("पैसे ५००", &["पैसे", "500"]),
            // The dot below, written as one character, as two, or not at all.
            ("क़र्ज़ क़र्ज़ कर्ज", &["कर्ज", "कर्ज", "कर्ज"]),
            ("हूँ हूं", &["हूं", "हूं"]),
            ("பணம் போகவில்லை", &["பணம்", "போகவில்லை"]),
            ("退款失败", &["退款", "款失", "失败", "败"]),
            ("TNB账单 2", &["tnb", "账单", "单", "2"]),
            // Half as wide, or with the voicing mark by itself.
            ("ﾊﾟｽ ﾊ゚ス", &["パス", "ス", "パス", "ス"]),
            ("שָׁלוֹם", &["שלום"]),
            ("\u{200d}\u{301}", &[]),
        ];
        for (text, words) in table {
            assert_eq!(forms(text), *words, "{text}");
        }
    }

    #[test]
    fn a_piece_stands_where_it_says() {
        let text = "«Árbol» 退款 it's";
        let seen: Vec<&str> = pieces(text).iter().map(|piece| &text[piece.at.clone()]).collect();
        assert_eq!(seen, ["Árbol", "退款", "款", "it's"]);
    }

    #[test]
    fn folding_twice_changes_nothing_more() {
        for word in ["Ǆ", "ﬃ", "İ", "Å", "क़", "½", "ﷺ", "ẞ", "ΟΔΟΣ", "a\u{301}\u{323}"]
        {
            let once = fold(word);
            assert_eq!(fold(&once), once, "{word}");
            assert!(once.chars().all(is_inside), "{word} gave {once}");
        }
    }

    #[test]
    fn a_word_has_an_end() {
        assert_eq!(fold(&"x".repeat(500)).chars().count(), WORD_CHARS_MAX);
        assert_eq!(fold(&"é".repeat(500)).chars().count(), WORD_CHARS_MAX);
    }
}
