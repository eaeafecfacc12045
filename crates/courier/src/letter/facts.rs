//! What letters may say: typed facts, cleaned and masked where they are made, so that no template
//! can show what must not be shown.

use domain::ids::CaseId;

/// Longest fact in characters. References have at most 64, product names are short; more would
/// break the lines of a letter.
const FACT_CHARS_MAX: usize = 80;
/// Characters of an account number that stay visible, at most. Enough for its owner to know it by.
const VISIBLE_CHARS_MAX: usize = 4;

/// The facts of the acknowledgement. All come from the payment's own row, none from the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub(super) case: String,
    pub(super) refid: String,
    pub(super) product: String,
    pub(super) account: MaskedAccount,
    pub(super) amount: String,
}

impl Received {
    /// Takes the facts from the case and its payment. All but the first two may be
    /// missing; the account is given whole and masked here.
    #[must_use]
    pub fn new(
        case: &CaseId,
        refid: &str,
        product: &str,
        account: &str,
        amount: Option<(i64, &str)>,
    ) -> Self {
        Self {
            case: case.as_str().to_owned(),
            refid: cleaned(refid),
            product: cleaned(product),
            account: MaskedAccount::of(account),
            amount: amount
                .map_or_else(String::new, |(minor, currency)| amount_shown(minor, currency)),
        }
    }

    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let case = CaseId::parse("cs_01jd3v5k8h0000000000000000");
        let Some(case) = case else { return Vec::new() };
        let full = Self::new(&case, "A-1001", "TNB", "220001234513", Some((12_345, "MYR")));
        let bare = Self::new(&case, "A-1002", "", "", None);
        let odd = Self::new(
            &case,
            "<script>alert(1)</script>\r\nBcc: x@y.example",
            "Tom & \"Jerry\" {{ case }} \u{202e}gnp.exe",
            "<b>1234",
            Some((-1, "MYR")),
        );
        let wide = "W".repeat(FACT_CHARS_MAX);
        let longest = Self::new(&case, &wide, &wide, &wide, Some((i64::MIN, "MYR")));
        vec![("full", full), ("bare", bare), ("odd", odd), ("longest", longest)]
    }
}

/// An account number of which only the end can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedAccount(String);

impl MaskedAccount {
    /// Masks all but the last characters: four, or a third of a short one. How many were hidden
    /// shows, up to eight, since people recognise their number by its length too.
    #[must_use]
    pub fn of(account: &str) -> Self {
        let account: Vec<char> = cleaned(account).chars().collect();
        let visible = VISIBLE_CHARS_MAX.min(account.len() / 3);
        let hidden = account.len() - visible;
        let end: String = account[hidden..].iter().collect();
        Self(format!("{}{end}", "*".repeat(hidden.min(8))))
    }

    /// As shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One line of plain characters: controls become spaces, and characters that turn or hide the
/// text around them are dropped.
fn cleaned(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_invisible(*c));
    let line: String = kept.map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() > FACT_CHARS_MAX {
        words = words.chars().take(FACT_CHARS_MAX - 1).collect();
        words.push('…');
    }
    words
}

/// Format characters: zero width, bidirectional marks and overrides, separators, tags.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00ad}'
            | '\u{061c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// An amount in minor units as people write it: `MYR 123.45`, `JPY 500`.
#[must_use]
pub fn amount_shown(minor: i64, currency: &str) -> String {
    let currency = cleaned(currency);
    let digits = decimals(&currency);
    let sign = if minor < 0 { "-" } else { "" };
    let all = format!("{:0>1$}", minor.unsigned_abs(), digits + 1);
    let (whole, part) = all.split_at(all.len() - digits);
    let point = if digits > 0 { "." } else { "" };
    format!("{currency} {sign}{whole}{point}{part}")
}

/// Digits after the point, by ISO 4217; two unless listed.
fn decimals(currency: &str) -> usize {
    const NONE: [&str; 16] = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
        "XAF", "XOF", "XPF",
    ];
    const THREE: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
    if NONE.contains(&currency) {
        0
    } else if THREE.contains(&currency) {
        3
    } else {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_show_only_their_end() {
        for (account, shown) in [
            ("", ""),
            ("1", "*"),
            ("12", "**"),
            ("123", "**3"),
            ("12345", "****5"),
            ("123456", "****56"),
            ("0123456789", "*******789"),
            ("220001234513", "********4513"),
            ("5123 4567 8901 2346", "********2346"),
            ("é́ñ漢字漢字漢字", "*******漢字"),
        ] {
            let masked = MaskedAccount::of(account);
            let visible = masked.as_str().chars().filter(|c| *c != '*').count();
            assert!(visible <= VISIBLE_CHARS_MAX && visible * 3 <= account.chars().count());
            if account.is_ascii() {
                assert_eq!(masked.as_str(), shown, "{account}");
            }
        }
        assert!(MaskedAccount::of(&"9".repeat(1_000)).as_str().chars().count() <= 12);
    }

    #[test]
    fn amounts_are_shown_with_the_digits_of_their_currency() {
        for (minor, currency, shown) in [
            (12_345, "MYR", "MYR 123.45"),
            (5, "MYR", "MYR 0.05"),
            (0, "INR", "INR 0.00"),
            (-1, "MYR", "MYR -0.01"),
            (500, "JPY", "JPY 500"),
            (1_234, "KWD", "KWD 1.234"),
            (i64::MIN, "MYR", "MYR -92233720368547758.08"),
        ] {
            assert_eq!(amount_shown(minor, currency), shown);
        }
    }

    #[test]
    fn facts_are_one_line_of_visible_text() {
        for (text, shown) in [
            ("A-1001", "A-1001"),
            ("a\r\nb\tc\0d", "a b c d"),
            ("  a  ", "a"),
            ("safe\u{202e}gnp.exe", "safegnp.exe"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("a\u{2028}b", "ab"),
            ("Zoë 漢字 🙂", "Zoë 漢字 🙂"),
        ] {
            assert_eq!(cleaned(text), shown);
        }
        assert_eq!(cleaned(&"x".repeat(500)).chars().count(), FACT_CHARS_MAX);
    }
}
