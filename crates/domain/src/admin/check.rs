//! What a name, an address or a number must be like, the same for the command line and for the API.
//! Each rule names the field that breaks it and says what to write instead.

use std::fmt;

use crate::address::Address;
use crate::names;

/// Longest short name: it is typed.
pub const SLUG_CHARS_MAX: usize = 40;
/// Longest name for people: one line of a screen.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest name of who holds a token, or of what a key is for.
pub const LABEL_CHARS_MAX: usize = 128;
/// Longest user name.
pub const USERNAME_CHARS_MAX: usize = 128;
/// Longest address of an endpoint, in bytes.
pub const URL_BYTES_MAX: usize = 2_000;
/// Shortest password that is taken (NIST SP 800-63B asks for 8, and 15 alone).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password that is taken: hashing is not free.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Longest life of a token, in days.
pub const TOKEN_DAYS_MAX: i64 = 3_650;
/// Longest overlap of two secrets, in hours: thirty days.
pub const OVERLAP_HOURS_MAX: i64 = 720;

/// A field that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadField {
    /// Its name.
    pub field: &'static str,
    /// What it must be like.
    pub why: String,
}

impl fmt::Display for BadField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.why)
    }
}

impl std::error::Error for BadField {}

impl BadField {
    /// One with a reason.
    pub fn new(field: &'static str, why: impl Into<String>) -> Self {
        Self { field, why: why.into() }
    }
}

/// A short name: lower case letters, digits, hyphens between them.
///
/// # Errors
/// The rule.
pub fn slug(field: &'static str, text: String) -> Result<String, BadField> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=SLUG_CHARS_MAX).contains(&text.len())
        && text.chars().all(letters)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if fits {
        return Ok(text);
    }
    let why = format!(
        "a short name has 1 to {SLUG_CHARS_MAX} lower case letters, digits and hyphens between \
         them, as in `acme-2`"
    );
    Err(BadField::new(field, why))
}

/// A name of 1 to `most` characters on one line.
///
/// # Errors
/// The rule.
pub fn plain(field: &'static str, text: String, most: usize) -> Result<String, BadField> {
    if text.is_empty() {
        return Err(BadField::new(field, "it is empty"));
    }
    line(field, text, most)
}

/// The same, but it may be empty.
///
/// # Errors
/// The rule.
pub fn line(field: &'static str, text: String, most: usize) -> Result<String, BadField> {
    let bad = |letter: char| letter.is_control() || names::is_unseen(letter);
    let fits = text.chars().count() <= most && text.trim() == text && !text.chars().any(bad);
    if fits {
        return Ok(text);
    }
    let why = format!(
        "it must have at most {most} characters, no control characters, none that are not seen or \
         turn the direction of writing, and no space at either end"
    );
    Err(BadField::new(field, why))
}

/// A name under which somebody stands in histories: [`line`], none of our own actors' names, and no
/// word in letters of two scripts that look alike.
///
/// # Errors
/// The rule.
pub fn holder(field: &'static str, text: String, most: usize) -> Result<String, BadField> {
    let text = line(field, text, most)?;
    if let Some(word) = names::mixed(&text) {
        let why = format!(
            "{word:?} has letters of different scripts that look alike; write each word in one"
        );
        return Err(BadField::new(field, why));
    }
    if names::is_own(&text) {
        let why = format!(
            "{text:?} is, or looks like, what Redress calls itself in histories; choose another"
        );
        return Err(BadField::new(field, why));
    }
    Ok(text)
}

/// What a person is called: as [`plain`], and as nobody but our own actors.
///
/// # Errors
/// The rule.
pub fn person(field: &'static str, text: String) -> Result<String, BadField> {
    holder(field, plain(field, text, NAME_CHARS_MAX)?, NAME_CHARS_MAX)
}

/// An e-mail address, as written.
///
/// # Errors
/// The rule.
pub fn email(field: &'static str, text: String) -> Result<String, BadField> {
    match Address::parse(&text) {
        Ok(address) => Ok(address.as_str().to_owned()),
        Err(why) => {
            Err(BadField::new(field, format!("{text:?} is no address that can be used: {why}")))
        }
    }
}

/// A user name: HTTP Basic parts name and password at the first colon, and a name is typed and
/// logged.
///
/// # Errors
/// The rule.
pub fn username(field: &'static str, text: String) -> Result<String, BadField> {
    let fits = (1..=USERNAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if fits {
        return holder(field, text, USERNAME_CHARS_MAX);
    }
    let why = format!(
        "a user name has 1 to {USERNAME_CHARS_MAX} visible ASCII characters, without spaces and \
         without `:`, as in `acme-staging`"
    );
    Err(BadField::new(field, why))
}

/// A password somebody chose.
///
/// # Errors
/// The rule.
pub fn password(field: &'static str, text: &str) -> Result<(), BadField> {
    let chars = text.chars().count();
    let why = match chars {
        0 => "it is empty".to_owned(),
        _ if text.trim().is_empty() => "it has only spaces".to_owned(),
        _ if text.contains('\0') => "the character U+0000 cannot be in it".to_owned(),
        _ if chars < PASSWORD_CHARS_MIN => {
            format!("it is too short: it must have at least {PASSWORD_CHARS_MIN} characters")
        }
        _ if chars > PASSWORD_CHARS_MAX => {
            format!("it is too long: it may have at most {PASSWORD_CHARS_MAX} characters")
        }
        _ => return Ok(()),
    };
    Err(BadField::new(field, why))
}

/// A password that somebody may choose, or leave to be made.
///
/// # Errors
/// The rule, and that it can be left out.
pub fn optional_password(field: &'static str, text: &str) -> Result<(), BadField> {
    password(field, text).map_err(|bad| {
        BadField::new(field, format!("{}; leave it out and a good one is made", bad.why))
    })
}

/// Where events go: an http or https address without a user, a password or a fragment. Whether it
/// leads outside is asked when something is sent there.
///
/// # Errors
/// The rule.
pub fn url(field: &'static str, text: String) -> Result<String, BadField> {
    let rest = ["https://", "http://"].iter().find_map(|start| text.strip_prefix(start));
    let host = rest.map_or("", |rest| rest.split(['/', '?']).next().unwrap_or(""));
    let fits = text.len() <= URL_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains(['#', '"', '<', '>', '\\'])
        && !host.contains('@')
        && host.split(':').next().is_some_and(|name| !name.is_empty());
    if fits {
        return Ok(text);
    }
    let why = format!(
        "it must be an http or https address of at most {URL_BYTES_MAX} visible ASCII characters, \
         without user name and fragment, as in https://acme.example/hooks"
    );
    Err(BadField::new(field, why))
}

/// A whole number from 0 or 1 to `most`.
///
/// # Errors
/// The rule.
pub fn number(field: &'static str, n: i64, least: i64, most: i64) -> Result<i64, BadField> {
    if (least..=most).contains(&n) {
        return Ok(n);
    }
    Err(BadField::new(field, format!("it must be a number from {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_easy_to_type() {
        for text in ["a", "acme", "acme-2", "42"] {
            assert!(slug("slug", text.into()).is_ok(), "{text}");
        }
        for text in ["", "Acme", "-a", "a-", "a b", "a_b", "é", "a/../b", &"a".repeat(41)] {
            assert!(slug("slug", text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn user_names_can_be_sent_and_logged() {
        for name in ["a", "acme-staging", "ann@acme.example", &"a".repeat(128)] {
            assert!(username("username", name.into()).is_ok(), "{name}");
        }
        for name in ["", "a b", "a:b", " ", "a\u{7}", "é", "a\n", &"a".repeat(129)] {
            let why = username("username", name.into()).expect_err(name).to_string();
            assert!(why.contains("1 to 128 visible ASCII"), "{why}");
        }
    }

    #[test]
    fn an_endpoint_has_a_host_and_no_password() {
        for (text, good) in [
            ("https://acme.example/hooks?a=1", true),
            ("http://127.0.0.1:9000/", true),
            ("https://[::1]/", true),
            ("ftp://acme.example/", false),
            ("acme.example", false),
            ("http://", false),
            ("http://:80/", false),
            ("https://ann:secret@acme.example/", false),
            ("https://acme.example/#a", false),
            ("https://acme.example/ b", false),
            ("https://acme.example/\r\nX: y", false),
        ] {
            assert_eq!(url("url", text.into()).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn nobody_is_called_like_us_or_like_another_by_a_trick() {
        for text in ["import", "Command Line", "STAFF", "tk_0", "an\u{200b}n", "\u{202e}nna"] {
            assert!(holder("name", text.into(), 20).is_err(), "{text:?}");
        }
        for text in ["command\u{a0}line", "\u{455}taff", "\u{ff53}taff", "Ann \u{410}dams"] {
            assert!(holder("name", text.into(), 20).is_err(), "{text:?}");
        }
        for text in ["ann", "\u{410}\u{43d}\u{43d}\u{430}", "Anna \u{410}\u{43d}\u{43d}\u{430}"] {
            assert!(holder("name", text.into(), 20).is_ok(), "{text:?}");
        }
        assert!(plain("name", "A\u{ad}nn".into(), 20).is_err());
    }

    #[test]
    fn lines_and_passwords_have_their_bounds() {
        for (text, good) in [("Ann", true), ("", false), (" a", false), ("a\n", false)] {
            assert_eq!(plain("name", text.into(), 3).is_ok(), good, "{text:?}");
        }
        assert!(plain("name", "anna".into(), 3).is_err() && line("name", String::new(), 3).is_ok());
        assert!(password("password", "elevenchars").is_err());
        assert!(password("password", "twelve chars").is_ok());
        let spaces = " ".repeat(12);
        for (text, why) in [
            ("", "empty"),
            (spaces.as_str(), "only spaces"),
            ("twelve chars\0", "U+0000"),
            ("elevenchars", "too short"),
            (&"x".repeat(257), "too long"),
        ] {
            let said = password("password", text).expect_err(why).why;
            assert!(said.contains(why) && !said.contains("leave it out"), "{said}");
            let said = optional_password("password", text).expect_err(why).why;
            assert!(said.contains(why) && said.contains("leave it out"), "{said}");
        }
        assert!(
            email("email", "ann".into()).is_err() && email("email", "a@b.example".into()).is_ok()
        );
        assert!(number("days", 0, 1, 9).is_err() && number("days", 9, 1, 9).is_ok());
    }
}
