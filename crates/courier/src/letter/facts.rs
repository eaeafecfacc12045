//! What letters may say: typed facts, cleaned and masked where they are made, so that no template
//! can show what must not be shown.

use domain::ids::CaseId;

/// Longest text of a caller that is quoted, in characters. References and product codes are short;
/// more would break the lines of a letter and leaves room for a message.
const QUOTED_CHARS_MAX: usize = 40;
/// Characters of an account number that stay visible, at most. Enough for its owner to know it by.
const VISIBLE_CHARS_MAX: usize = 3;

/// The facts of the acknowledgement. All come from the payment's own row, none from the report; but
/// that row too is the calling app's text, so what could carry a message to strangers is left out.
/// An empty fact is one that the letter does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub(super) case: String,
    pub(super) refid: String,
    pub(super) product: String,
    pub(super) account: MaskedAccount,
    pub(super) amount: String,
}

impl Received {
    /// Takes the facts from the case and its payment. All but the case may be missing; the account
    /// is given whole and masked here. What is not [`harmless`] does not come in.
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
            refid: harmless(refid).unwrap_or_default().to_owned(),
            product: harmless(product).unwrap_or_default().to_owned(),
            account: MaskedAccount::of(account),
            amount: amount
                .and_then(|(minor, currency)| amount_shown(minor, currency))
                .unwrap_or_default(),
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
            "<b>123456</b>",
            Some((-1, "Visit evil.example")),
        );
        let wide = "W".repeat(QUOTED_CHARS_MAX);
        let longest = Self::new(&case, &wide, &wide, &wide, Some((i64::MIN, "MYR")));
        vec![("full", full), ("bare", bare), ("odd", odd), ("longest", longest)]
    }
}

/// An account number of which only the end can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedAccount(String);

impl MaskedAccount {
    /// Masks all but the last characters: three, or a third of a short one. How many were hidden
    /// shows, up to eight, since people recognise their number by its length too. Empty when what
    /// would show is not letters and digits of ASCII.
    #[must_use]
    pub fn of(account: &str) -> Self {
        let account: Vec<char> = account.trim().chars().collect();
        let visible = VISIBLE_CHARS_MAX.min(account.len() / 3);
        let (hidden, end) = account.split_at(account.len() - visible);
        if !end.iter().all(char::is_ascii_alphanumeric) {
            return Self(String::new());
        }
        Self(format!("{}{}", "*".repeat(hidden.len().min(8)), end.iter().collect::<String>()))
    }

    /// As shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text of the calling app, when it can be quoted to somebody who never heard of us: a code that
/// is no sentence, no link, no address and no markup.
fn harmless(text: &str) -> Option<&str> {
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    ((1..=QUOTED_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_code)).then_some(text)
}

/// An amount in minor units as people write it: `MYR 123.45`, `JPY 500`. Nothing when the currency
/// does not have the form of ISO 4217, three capital letters.
#[must_use]
pub fn amount_shown(minor: i64, currency: &str) -> Option<String> {
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let digits = decimals(currency);
    let sign = if minor < 0 { "-" } else { "" };
    let all = format!("{:0>1$}", minor.unsigned_abs(), digits + 1);
    let (whole, part) = all.split_at(all.len() - digits);
    let point = if digits > 0 { "." } else { "" };
    Some(format!("{currency} {sign}{whole}{point}{part}"))
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
            ("220001234513", "********513"),
            ("5123 4567 8901 2346", "********346"),
            ("0123456 89", ""),
            ("<b>123456</b>", ""),
            ("go.to/x.my", ""),
            ("漢字漢字漢字", ""),
        ] {
            let masked = MaskedAccount::of(account);
            let visible = masked.as_str().chars().filter(|c| *c != '*').count();
            assert!(visible <= VISIBLE_CHARS_MAX && visible * 3 <= account.chars().count());
            assert_eq!(masked.as_str(), shown, "{account}");
        }
        assert!(MaskedAccount::of(&"9".repeat(1_000)).as_str().chars().count() <= 11);
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
            assert_eq!(amount_shown(minor, currency).as_deref(), Some(shown));
        }
        for currency in ["", "RM", "myr", "MYRR", "M.R", "M R", "ÄB", "evil.example"] {
            assert_eq!(amount_shown(1, currency), None, "{currency}");
        }
    }

    #[test]
    fn only_codes_are_quoted() {
        let longest = "x".repeat(QUOTED_CHARS_MAX);
        for text in ["A-1001", "a_b", "0", longest.as_str()] {
            assert_eq!(harmless(text), Some(text));
        }
        let too_long = "x".repeat(QUOTED_CHARS_MAX + 1);
        for text in [
            "",
            &too_long,
            "https://evil.example/you-won",
            "evil.example",
            "WIN A PRIZE",
            "<b>x</b>",
            "a@b",
            "a\r\nb",
            "{{case}}",
            "safe\u{202e}gnp",
            "Zoë",
        ] {
            assert_eq!(harmless(text), None, "{text}");
        }
    }
}
