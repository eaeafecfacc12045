//! Multipart bodies: the first line is the content type, the rest the body. Read or refused, never
//! a panic; and a text is never longer than what was sent.

#![no_main]

use dialects::body;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let (said, sent) = fuzz::cut(input);
    for content_type in [b"multipart/form-data; boundary=xyz".as_slice(), said] {
        let Some(headers) = fuzz::typed(content_type) else { continue };
        let Ok(fields) = body::read(&headers, sent) else { continue };
        for name in ["refid", "user_email", "message"] {
            let Ok(texts) = fields.texts(name) else { continue };
            // A number of JSON may be written out; bytes that are no UTF-8 become three each.
            let bytes: usize = texts.iter().map(String::len).sum();
            assert!(bytes <= 3 * sent.len(), "{name}: {bytes} bytes of {}", sent.len());
        }
    }
});
