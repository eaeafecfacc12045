//! Where a URL leads, as it is compared: two spellings of one place are one endpoint, or each event
//! would come there twice. Names are never looked up: what they lead to changes.

use url::{Host, Url};

/// A URL as it is compared: without capitals in scheme and host, a usual port, dots in the path or
/// behind the host, other ways of writing an IPv4 address, an empty query, and escapes of letters
/// that need none (RFC 3986, 6.2; WHATWG URL, 4.4).
pub(super) fn same_place(text: &str) -> String {
    let Ok(url) = Url::parse(text) else { return text.to_owned() };
    let host = match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
        Some(host) => host.to_string(),
        None => String::new(),
    };
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let query = url.query().filter(|query| !query.is_empty());
    let query = query.map_or(String::new(), |query| format!("?{}", unescaped(query)));
    format!("{}://{host}{port}{}{query}", url.scheme(), unescaped(url.path()))
}

/// The same with letters, digits, `-`, `.`, `_` and `~` as they are and capitals in all other
/// escapes.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('%') {
        plain.push_str(&rest[..start]);
        let digits = rest.get(start + 1..start + 3);
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(byte) = byte else {
            plain.push('%');
            rest = &rest[start + 1..];
            continue;
        };
        match char::from(byte) {
            letter @ ('-' | '.' | '_' | '~') => plain.push(letter),
            letter if letter.is_ascii_alphanumeric() => plain.push(letter),
            _ => plain.push_str(&format!("%{byte:02X}")),
        }
        rest = &rest[start + 3..];
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_place_are_equal() {
        for (one, other) in [
            ("https://acme.example/", "https://ACME.example"),
            ("https://acme.example/", "https://acme.example:443/"),
            ("https://acme.example/", "https://acme.example:/"),
            ("https://acme.example/x", "https://acme.example./x"),
            ("https://acme.example/x", "https://acme.example/./x"),
            ("https://acme.example/x", "https://acme.example/y/../x"),
            ("https://acme.example/x", "https://acme.example/y/%2e%2E/x"),
            ("https://acme.example/x", "https://acme.example/x?"),
            ("https://acme.example/a", "https://acme.example/%61"),
            ("http://127.0.0.1:81/h", "http://127.1:81/h"),
            ("http://127.0.0.1:81/h", "http://2130706433:81/h"),
            ("http://[::1]/", "http://[0:0::1]/"),
            ("http://a.example:80/x", "http://a.example/x"),
            ("https://a.example?b=1", "https://a.example/?b=1"),
            ("https://a.example/%7eb%2fc", "https://a.example/~b%2Fc"),
            ("https://a.example/%zz%", "https://a.example/%zz%"),
        ] {
            assert_eq!(same_place(one), same_place(other), "{one} {other}");
        }
        for (one, other) in [
            ("https://a.example/", "http://a.example/"),
            ("https://a.example/", "https://a.example:80/"),
            ("https://a.example/x", "https://a.example/X"),
            ("https://a.example/x", "https://a.example/x/"),
            ("https://a.example/a%2Fb", "https://a.example/a/b"),
            ("https://a.example/?a", "https://a.example/?b"),
        ] {
            assert_ne!(same_place(one), same_place(other), "{one} {other}");
        }
    }
}
