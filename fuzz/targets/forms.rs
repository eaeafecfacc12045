//! Forms: read as the standard's own reader reads them, whatever the brackets; never a panic.

#![no_main]

use dialects::body::{self, Fields};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let headers = fuzz::typed(b"application/x-www-form-urlencoded").expect("a plain type");
    let Ok(fields) = body::read(&headers, input) else { return };
    // What looks like JSON is read as JSON, where it is that.
    let json = input.trim_ascii();
    if json.starts_with(b"{") && json.ends_with(b"}") {
        return;
    }
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let pairs: Vec<_> = form_urlencoded::parse(input).collect();
    for name in ["refid", "user_email", "message"] {
        let sent: Vec<_> = pairs.iter().filter(|(spelt, _)| spelt == name).collect();
        agrees(&fields, name, &sent);
    }
});

/// A name without brackets that came once has the value that the standard's reader gives it.
fn agrees(
    fields: &Fields,
    name: &'static str,
    sent: &[&(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)],
) {
    let texts = fields.texts(name).expect("a form holds nothing but texts");
    assert!(texts.iter().all(|text| !text.is_empty() && text.trim() == text), "{texts:?}");
    if let [(_, value)] = sent
        && !value.trim().is_empty()
    {
        assert!(texts.iter().any(|text| text == value.trim()), "{name}: {value:?} in {texts:?}");
    }
}
