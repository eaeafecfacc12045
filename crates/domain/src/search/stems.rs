//! Forms of one word: light rules that take endings (and the prefixes of Malay) away until nothing
//! changes. Nobody says in which language a text is written, so one set of rules serves all that
//! write in Latin letters; a word taken too short finds a few strangers, and its exact form is
//! still searched by prefix. It must never look at a dictionary.

/// Letters that must be left of a word.
const LEFT_MIN: usize = 3;

/// The shared form of a folded word; the word itself when there is no other.
pub fn stem(word: &str) -> String {
    let mut now = word.to_owned();
    let step: fn(&str) -> Option<String> = match word.chars().next() {
        Some('a'..='z') if word.bytes().all(|letter| letter.is_ascii_lowercase()) => latin,
        Some('\u{0900}'..='\u{097f}') => hindi,
        _ => return now,
    };
    while let Some(shorter) = step(&now) {
        now = shorter;
    }
    now
}

/// One step for a word in Latin letters: English, Malay and Spanish.
fn latin(word: &str) -> Option<String> {
    malay(word).or_else(|| english(word)).or_else(|| spanish(word)).or_else(|| last_letter(word))
}

fn without(word: &str, ending: &str, left_min: usize) -> Option<String> {
    let left = word.strip_suffix(ending)?;
    (left.len() >= left_min).then(|| left.to_owned())
}

/// Prefixes with the letter that the word behind them lost, where it did.
const MALAY_PREFIXES: [(&str, &str); 11] = [
    ("memper", ""),
    ("diper", ""),
    ("meny", "s"),
    ("peny", "s"),
    ("meng", ""),
    ("peng", ""),
    ("mem", "p"),
    ("pem", "p"),
    ("ber", ""),
    ("ter", ""),
    ("di", ""),
];

fn malay(word: &str) -> Option<String> {
    for ending in ["nya", "kan", "lah", "an"] {
        if let Some(left) = without(word, ending, 5) {
            return Some(left);
        }
    }
    MALAY_PREFIXES.iter().find_map(|(prefix, lost)| {
        let rest = word.strip_prefix(prefix)?;
        let vowel = rest.starts_with(['a', 'e', 'i', 'o', 'u']);
        let whole = if vowel { format!("{lost}{rest}") } else { rest.to_owned() };
        // Where a letter was lost, the rest begins with a vowel, or it was none of these.
        let fits = vowel || *lost != "s";
        (fits && whole.len() >= 5).then_some(whole)
    })
}

fn has_vowel(text: &str) -> bool {
    text.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

fn english(word: &str) -> Option<String> {
    for (ending, instead) in [("ies", "y"), ("ied", "y"), ("sses", "ss")] {
        if let Some(left) = without(word, ending, 2) {
            return Some(left + instead);
        }
    }
    for ending in ["ing", "ed"] {
        if let Some(left) = without(word, ending, LEFT_MIN).filter(|left| has_vowel(left))
            && !word.ends_with("eed")
        {
            return Some(left);
        }
    }
    let plural = word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    plural.then(|| without(word, "s", LEFT_MIN)).flatten()
}

fn spanish(word: &str) -> Option<String> {
    ["iendo", "ando", "ado", "ada", "ido", "ida", "ar"]
        .iter()
        .find_map(|ending| without(word, ending, 4))
}

/// A last vowel that changes with gender or is mute, and the second of two equal consonants.
fn last_letter(word: &str) -> Option<String> {
    let mut letters = word.bytes().rev();
    let (last, before) = (letters.next()?, letters.next()?);
    let goes = matches!(last, b'e' | b'a' | b'o') && word.len() > 4
        || last == before && !has_vowel(&word[word.len() - 1..]);
    goes.then(|| without(word, &word[word.len() - 1..], LEFT_MIN)).flatten()
}

/// Endings of Hindi nouns and verbs, the longest first, after A. Ramanathan and D. Rao, "A
/// lightweight stemmer for Hindi" (2003).
const HINDI: [&str; 62] = [
    "ाएंगी",
    "ाएंगे",
    "ाऊंगी",
    "ाऊंगा",
    "ाइयां",
    "ाइयों",
    "ाएगी",
    "ाएगा",
    "ाओगी",
    "ाओगे",
    "एंगी",
    "ेंगी",
    "एंगे",
    "ेंगे",
    "ूंगी",
    "ूंगा",
    "ातीं",
    "नाओं",
    "नाएं",
    "ताओं",
    "ताएं",
    "ियों",
    "ियां",
    "ाकर",
    "ाइए",
    "ाईं",
    "ाया",
    "ेगी",
    "ेगा",
    "ोगी",
    "ोगे",
    "ाने",
    "ाना",
    "ाते",
    "ाती",
    "ाता",
    "तीं",
    "ाओं",
    "ाएं",
    "ुओं",
    "ुएं",
    "ुआं",
    "ाओ",
    "िए",
    "ाई",
    "ाए",
    "ने",
    "नी",
    "ना",
    "ीं",
    "ां",
    "ों",
    "ें",
    "ो",
    "े",
    "ू",
    "ु",
    "ी",
    "ि",
    "ा",
    "ं",
    "्",
];

fn hindi(word: &str) -> Option<String> {
    HINDI.iter().find_map(|ending| {
        let left = word.strip_suffix(ending)?;
        // Two letters must be left, not counting the signs that stand on them.
        let letters = left.chars().filter(|c| matches!(c, '\u{0904}'..='\u{0939}')).count();
        (letters >= 2).then(|| left.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_a_word_share_their_stem() {
        for forms in [
            &["charge", "charges", "charged", "charging"][..],
            &["refund", "refunds", "refunded", "refunding"],
            &["company", "companies"],
            &["bill", "bills", "billing", "billed"],
            &["payment", "payments"],
            &["address", "addresses"],
            &["pay", "pays", "paying"],
            &["bayar", "membayar", "dibayar", "bayaran", "pembayaran", "bayarannya", "dibayarkan"],
            &["pulang", "memulangkan", "pemulangan"],
            &["semak", "menyemak", "penyemak"],
            &["tarjeta", "tarjetas"],
            &["error", "errores"],
            &["cobrar", "cobrado", "cobrada", "cobrados", "cobrando"],
            &["duplicado", "duplicada", "duplicados"],
            &["खाता", "खाते", "खातों"],
            &["पैसा", "पैसे", "पैसों"],
            &["शिकायत", "शिकायतें", "शिकायतों"],
            &["रुपया", "रुपये"],
        ] {
            for form in forms {
                assert_eq!(stem(form), stem(forms[0]), "{form} and {}", forms[0]);
            }
        }
    }

    #[test]
    fn other_words_keep_apart() {
        for (one, other) in [
            ("status", "state"),
            ("this", "the"),
            ("bank", "bayar"),
            ("card", "cash"),
            ("wrong", "wring"),
            ("member", "ber"),
            ("बिजली", "बिल"),
            ("tx202417", "tx20241"),
        ] {
            assert_ne!(stem(one), stem(other), "{one} and {other}");
        }
    }

    #[test]
    fn a_stem_is_its_own_stem() {
        for word in ["processes", "memorandum", "nananananan", "eeeeee", "sssssss", "खाताओंों"]
        {
            assert_eq!(stem(&stem(word)), stem(word), "{word}");
        }
    }
}
