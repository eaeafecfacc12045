//! JSON bodies: what is no JSON is refused, what is read says what a plain reader says.

#![no_main]

use dialects::body;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let headers = fuzz::typed(b"application/json").expect("a plain type");
    let Ok(fields) = body::read(&headers, input) else { return };
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    if input.trim_ascii().is_empty() {
        assert!(fields.is_empty());
        return;
    }
    let plain: Value = serde_json::from_slice(input).expect("what was read is JSON");
    let object = plain.as_object().expect("fields stand in an object");
    for name in ["refid", "trxid", "message"] {
        let (Ok(read), Some(Value::String(sent))) = (fields.text(name), object.get(name)) else {
            continue;
        };
        let sent = Some(sent.trim()).filter(|text| !text.is_empty());
        assert_eq!(read.as_deref(), sent, "{name}");
    }
});
