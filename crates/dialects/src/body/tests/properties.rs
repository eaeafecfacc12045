//! What holds for all bodies: none panics, and the encoding makes no difference.

use proptest::prelude::*;

use super::*;

/// What bodies are made of, to be put together wrongly.
const PIECES: [&str; 20] = [
    "{",
    "[",
    "\"refid\"",
    ":",
    ",",
    "]",
    "}",
    "--XX",
    "\r\n",
    "Content-Disposition: form-data; name=",
    "\"",
    "user_email",
    "%5B",
    "=",
    "&",
    "\\u0000",
    "1e999",
    " ",
    ";",
    "filename=",
];

/// The same pairs in each encoding.
fn written(pairs: &[(String, String)]) -> [(String, Vec<u8>); 3] {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let boundary = "a-boundary-no-value-holds-0123456789";
    let mut parts = String::new();
    for (name, value) in pairs {
        write!(
            parts,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
        .expect("a string");
    }
    write!(parts, "--{boundary}--\r\n").expect("a string");
    let mut json = serde_json::Map::new();
    for (name, value) in pairs {
        let list = json.entry(name.clone()).or_insert_with(|| serde_json::Value::Array(Vec::new()));
        list.as_array_mut().expect("put there above").push(value.clone().into());
    }
    [
        (FORM.to_owned(), form.into_bytes()),
        (format!("multipart/form-data; boundary={boundary}"), parts.into_bytes()),
        (JSON.to_owned(), serde_json::Value::Object(json).to_string().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn pairs_are_the_same_in_all_three_encodings(
        values in prop::collection::vec(("(user_email|other)(\\[\\])?", "[^\u{0}]{0,12}"), 0..8),
    ) {
        let want = |base: &str, spelt: &str| {
            values
                .iter()
                .filter(|(name, _)| match spelt {
                    "" => name.starts_with(base),
                    spelt => name == spelt,
                })
                .map(|(_, value)| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .collect::<Vec<_>>()
        };
        for (place, (content_type, body)) in written(&values).into_iter().enumerate() {
            let fields = read(&headers(&content_type), &body).expect("well written");
            // JSON gathers each spelling into a list of its own, in order of the names.
            let emails = if place == 2 {
                [want("", "user_email"), want("", "user_email[]")].concat()
            } else {
                want("user_email", "")
            };
            prop_assert_eq!(fields.texts("user_email").expect("texts"), emails, "{}", content_type);
        }
    }

    #[test]
    fn one_text_is_the_same_in_all_three_encodings(value in "[^\u{0}]{0,40}") {
        let pairs = [("refid".to_owned(), value.clone())];
        let want = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
        let [form, parts, _] = written(&pairs);
        let json = serde_json::json!({ "refid": value }).to_string().into_bytes();
        for (content_type, body) in [form, parts, (JSON.to_owned(), json)] {
            let fields = read(&headers(&content_type), &body).expect("well written");
            prop_assert_eq!(fields.text("refid").expect("a text"), want.clone());
        }
    }

    #[test]
    fn no_bytes_panic(
        content_type in prop::sample::select(vec![JSON, FORM, PARTS, "", "text/plain"]),
        bytes: Vec<u8>,
    ) {
        said(content_type, &bytes);
    }

    #[test]
    fn no_near_miss_panics(
        content_type in prop::sample::select(vec![JSON, FORM, PARTS, ""]),
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24),
    ) {
        said(content_type, pieces.concat().as_bytes());
    }

    #[test]
    fn no_content_type_panics(content_type in "[ -~]{0,80}", tail in "[ -~]{0,40}") {
        said(&content_type, b"refid=A-1");
        said(&format!("multipart/form-data;{tail}"), b"--XX\r\n");
        said(&format!("application/json;{tail}"), b"{}");
    }
}
