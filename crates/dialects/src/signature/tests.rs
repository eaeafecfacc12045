//! The contract's three vectors, and everything a client can get wrong.

use proptest::prelude::*;

use super::*;

const SECRET: &str = "d2lyZS1jb250cmFjdC10ZXN0LXNlY3JldC0zMmJ5dGU=";
const AT: i64 = 1_760_000_000;
const NONE: &str = "v1=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ=";

fn secret() -> Vec<u8> {
    STANDARD.decode(SECRET).expect("the contract's secret")
}

fn headers(timestamp: &str, nonce: &str, signature: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    let set = [(API_KEY, "iimm_dev_x"), (TIMESTAMP, timestamp), (NONCE, nonce)];
    for (name, value) in set.into_iter().chain([(SIGNATURE, signature)]) {
        map.insert(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
    }
    map
}

fn vector_1() -> HeaderMap {
    headers("1760000000", "vec-0001-balance-get", NONE)
}

fn read(map: &HeaderMap) -> Result<Claim<'_>, Unsigned> {
    Claim::read(map, Instant::from_seconds(AT), WINDOW)
}

#[test]
fn the_contracts_vectors_verify_and_are_what_we_sign() {
    let vectors: [(&str, Method, &str, &str, &str); 4] = [
        ("vec-0001-balance-get", Method::GET, "", "", NONE),
        (
            "vec-0002-statement-get",
            Method::GET,
            "page=1&limit=20&date=2025-05-01%20-%202025-05-31",
            "",
            "v1=WfzWXFG+L+IEzW5Ht5Tv8qRpVn4uztab8ZQJlUZLmpc=",
        ),
        (
            "vec-0002-statement-get",
            Method::GET,
            "date=2025-05-01+-+2025-05-31&limit=20&page=1",
            "",
            "v1=WfzWXFG+L+IEzW5Ht5Tv8qRpVn4uztab8ZQJlUZLmpc=",
        ),
        (
            "vec-0003-dispute-post",
            Method::POST,
            "",
            r#"{"refid":"A-1001","user_email":["buyer@example.test"]}"#,
            "v1=Jc+CgsJpbWtgmKwMsbE4DqUnM4Vv9ttJ/AcM6PVOAtU=",
        ),
    ];
    for (nonce, method, query, body, signature) in vectors {
        let map = headers("1760000000", nonce, signature);
        let claim = read(&map).expect("four good headers");
        assert_eq!((claim.key_id, claim.nonce), ("iimm_dev_x", nonce));
        assert_eq!(claim.verify(&secret(), &method, query, body.as_bytes()), Ok(()));
        assert_eq!(sign(&secret(), AT, nonce, &method, query, body.as_bytes()), signature);
    }
    assert_eq!(body_hash(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn whatever_is_changed_is_noticed() {
    let map = vector_1();
    let claim = read(&map).expect("four good headers");
    let bad = Err(Unsigned::InvalidSignature);
    assert_eq!(claim.verify(&secret(), &Method::POST, "", b""), bad);
    assert_eq!(claim.verify(&secret(), &Method::GET, "a=", b""), bad);
    assert_eq!(claim.verify(&secret(), &Method::GET, "", b" "), bad);
    assert_eq!(claim.verify(SECRET.as_bytes(), &Method::GET, "", b""), bad, "not decoded");
    assert_eq!(claim.verify(b"", &Method::GET, "", b""), bad);
    let map = headers("1760000001", "vec-0001-balance-get", NONE);
    let later = read(&map).expect("four good headers");
    assert_eq!(later.verify(&secret(), &Method::GET, "", b""), bad);
    let map = headers("1760000000", "vec-0001-balance-geT", NONE);
    let renamed = read(&map).expect("four good headers");
    assert_eq!(renamed.verify(&secret(), &Method::GET, "", b""), bad);
}

#[test]
fn each_missing_empty_or_repeated_header_is_named() {
    for name in [API_KEY, TIMESTAMP, NONCE, SIGNATURE] {
        let mut map = vector_1();
        map.remove(name);
        assert_eq!(read(&map), Err(Unsigned::MissingHeader { name }));
        map.insert(name, HeaderValue::from_static(""));
        assert_eq!(read(&map), Err(Unsigned::MissingHeader { name }));
        let mut map = vector_1();
        let twice = map.get(name).expect("it is there").clone();
        map.append(name, twice);
        assert_eq!(read(&map), Err(Unsigned::RepeatedHeader { name }));
    }
    assert!(is_attempted(&vector_1()));
    assert!(!is_attempted(&HeaderMap::new()));
}

#[test]
fn timestamps() {
    let cases = [
        ("1760000000", None),
        ("1760000300", None),
        ("1759999700", None),
        ("01760000000", None),
        ("1760000301", Some(Unsigned::TimestampOutOfWindow)),
        ("1759999699", Some(Unsigned::TimestampOutOfWindow)),
        ("0", Some(Unsigned::TimestampOutOfWindow)),
        ("99999999999", Some(Unsigned::TimestampOutOfWindow)),
        ("1760000000000", Some(Unsigned::InvalidTimestamp)),
        ("99999999999999999999999", Some(Unsigned::InvalidTimestamp)),
        ("1760000000.5", Some(Unsigned::InvalidTimestamp)),
        ("+1760000000", Some(Unsigned::InvalidTimestamp)),
        ("-1", Some(Unsigned::InvalidTimestamp)),
        ("1e9", Some(Unsigned::InvalidTimestamp)),
        ("0x68e77a80", Some(Unsigned::InvalidTimestamp)),
        ("١٧٦٠", Some(Unsigned::InvalidTimestamp)),
        ("2025-10-09T08:53:20Z", Some(Unsigned::InvalidTimestamp)),
    ];
    for (timestamp, want) in cases {
        let map = headers(timestamp, "vec-0001-balance-get", NONE);
        assert_eq!(read(&map).err(), want, "{timestamp}");
    }
}

#[test]
fn both_ends_of_the_window_are_inside_whatever_the_milliseconds() {
    let outside = Some(Unsigned::TimestampOutOfWindow);
    for millis in [0, 1, 999] {
        let at = Instant::from_seconds(AT).plus(Millis(millis));
        for (off, want) in [(-301, outside), (-300, None), (300, None), (301, outside)] {
            let map = headers(&(AT + off).to_string(), "vec-0001-balance-get", NONE);
            assert_eq!(Claim::read(&map, at, WINDOW).err(), want, "{off} s at {millis} ms");
        }
    }
}

#[test]
fn nonces() {
    let (least, most) = ("n".repeat(16), "~".repeat(128));
    let (few, many) = ("n".repeat(15), "n".repeat(129));
    for good in [&least, &most, "0192f1e0-7c3a-7000-8000-000000000000", "a+b/c==!\"#$%&'()*"] {
        assert_eq!(read(&headers("1760000000", good, NONE)).err(), None, "{good}");
    }
    for bad in [&few, &many, "sixteen chars ok", "tab\tin-the-nonce", "ünvisible-nonce-x"] {
        let said = read(&headers("1760000000", bad, NONE)).err();
        assert_eq!(said, Some(Unsigned::InvalidNonce), "{bad}");
    }
}

#[test]
fn a_colon_in_the_nonce_cannot_revive_a_spent_signature() {
    // Signed: nonce N, query `account=1:GET:x=`. The same bytes read as another nonce and query.
    let query = "account=1:GET:x=";
    let signature = sign(&secret(), AT, "0123456789abcdef", &Method::GET, query, b"");
    let moved = headers("1760000000", "0123456789abcdef:GET:account=1", &signature);
    assert_eq!(read(&moved), Err(Unsigned::InvalidNonce));
}

#[test]
fn signature_forms() {
    for bad in [
        "JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ=",
        "v1=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ",
        "v1=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ==",
        "v1= JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ=",
        "V1=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ=",
        "v2=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ=",
        "v1=26fb7069fa4f2acec02b4d17f5ad4505dac8a225d82b0bcb2d015aba93b6d464",
        "v1=Jvtwaf__Ks7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ=",
        "v1=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ=,v1=x",
        "v1=AAAA",
        "v1=",
        "v1",
        "=",
    ] {
        let map = headers("1760000000", "vec-0001-balance-get", bad);
        assert_eq!(read(&map), Err(Unsigned::InvalidSignatureFormat), "{bad}");
    }
}

#[test]
fn repeated_keys_verify_in_either_order_and_no_other() {
    let arrived = |query| sorted_queries(query).collect::<Vec<_>>();
    assert_eq!(
        arrived("status=B&a=1&status=A"),
        ["a=1&status=B&status=A", "a=1&status=A&status=B"]
    );
    assert_eq!(arrived("b=2&a=1"), ["a=1&b=2"]);
    assert_eq!(arrived(""), [""]);
    assert_eq!(arrived("&&flag&x=%C3%A9%zz&"), ["flag=&x=é%zz"]);
    let raw = "status=C&status=A&status=B";
    for (signed, good) in [("A&B&C", true), ("C&A&B", true), ("B&A&C", false)] {
        let line = signed.split('&').map(|v| format!("status={v}")).collect::<Vec<_>>().join("&");
        let text = format!("v1:{AT}:0123456789abcdef:GET:{line}:{}", body_hash(b""));
        let signature = STANDARD.encode(hmac::sign(&secret(), &[text.as_bytes()]));
        let map = headers("1760000000", "0123456789abcdef", &format!("v1={signature}"));
        let claim = read(&map).expect("four good headers");
        assert_eq!(claim.verify(&secret(), &Method::GET, raw, b"").is_ok(), good, "{signed}");
    }
}

proptest! {
    #[test]
    fn what_we_sign_verifies(
        query in "[a-z]{0,3}=[ -~]{0,8}(&[a-z]{1,3}=[^\u{0}]{0,4}){0,4}",
        body: Vec<u8>,
        key: Vec<u8>,
    ) {
        let signature = sign(&key, AT, "0123456789abcdef", &Method::POST, &query, &body);
        let map = headers("1760000000", "0123456789abcdef", &signature);
        let claim = read(&map).expect("four good headers");
        prop_assert_eq!(claim.verify(&key, &Method::POST, &query, &body), Ok(()));
    }

    #[test]
    fn no_headers_panic(values in prop::array::uniform4("[\t -~\u{80}-\u{ff}]{0,140}")) {
        let mut map = HeaderMap::new();
        for (name, value) in [API_KEY, TIMESTAMP, NONCE, SIGNATURE].into_iter().zip(&values) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                map.insert(name, value);
            }
        }
        prop_assert!(read(&map).is_err());
    }
}
