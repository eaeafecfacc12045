//! Multipart bodies in every state of decay, in pieces of every size: an error of the list, never
//! more memory than a few pieces, never a wait without an end.

use std::convert::Infallible;

use bytes::BytesMut;
use futures_util::{StreamExt, stream};
use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn limits() -> PartLimits {
    PartLimits { parts_max: 8, bytes_max: 4 << 20, ..PartLimits::default() }
}

fn head(content_type: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).expect("a header"));
    map
}

/// A body that comes in pieces.
fn body(bytes: &[u8], step: usize) -> Body {
    let pieces: Vec<Bytes> = bytes.chunks(step.max(1)).map(Bytes::copy_from_slice).collect();
    Body::from_stream(stream::iter(pieces).map(Ok::<_, Infallible>))
}

/// What a body says: `name[file](type)=bytes` for each part, or the error's code.
async fn said(content_type: &str, bytes: &[u8], step: usize) -> String {
    let mut told = Vec::new();
    let mut parts = match Parts::open(&head(content_type), body(bytes, step), limits()).await {
        Ok(parts) => parts,
        Err(error) => return error.code().to_owned(),
    };
    loop {
        let part = match parts.next().await {
            Ok(Some(part)) => part,
            Ok(None) => return told.join(" "),
            Err(error) => return error.code().to_owned(),
        };
        let (name, file) = (part.name.clone(), part.file_name.clone().unwrap_or("-".into()));
        let kind = part.media_type.clone().unwrap_or("-".into());
        match part.whole(1 << 20).await {
            Ok(bytes) => told.push(format!("{name}[{file}]({kind})={}", bytes.len())),
            Err(error) => return error.code().to_owned(),
        }
    }
}

const FORM: &str = "multipart/form-data; boundary=XX";

fn part(disposition: &str, more: &str, content: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n{content}\r\n")
}

fn whole(parts: &[String]) -> Vec<u8> {
    format!("{}--XX--\r\n", parts.concat()).into_bytes()
}

#[tokio::test]
async fn names_in_every_spelling() {
    for (disposition, want) in [
        (r#"name="a""#, "a[-](-)=1"),
        (r#"name=a; filename=x.png"#, "a[x.png](-)=1"),
        (r#"name="a"; filename="b c.png""#, "a[b c.png](-)=1"),
        (r#"name="a"; filename="b;c=d.png""#, "a[b;c=d.png](-)=1"),
        (r#"name="a"; filename="b\"c.png""#, "a[b\"c.png](-)=1"),
        (r#"name="a"; filename="b%22c.png""#, "a[b\"c.png](-)=1"),
        (r#"name="a"; filename="C:\fotos\b.png""#, r"a[C:\fotos\b.png](-)=1"),
        (r#"name="a"; filename="é.png""#, "a[é.png](-)=1"),
        (r#"name="a"; filename*=UTF-8''%C3%A9.png"#, "a[é.png](-)=1"),
        (r#"name="a"; filename="e.png"; filename*=utf-8'en'%c3%a9.png"#, "a[é.png](-)=1"),
        (r#"name="a"; filename="e.png"; filename*=KOI8-R''x"#, "a[e.png](-)=1"),
        (r#"name="a"; filename="""#, "a[](-)=1"),
        (r#"NAME="a"; FileName="x""#, "a[x](-)=1"),
        (r#"name="a"; filename="../../x""#, "a[../../x](-)=1"),
        (r#"filename="x""#, "bad_multipart"),
        (r#"name="a"; name="b""#, "bad_multipart"),
        (r#"name="a"; filename="x"; filename="y""#, "bad_multipart"),
        (r#"name="a"; filename="x"#, "bad_multipart"),
    ] {
        let bytes = whole(&[part(disposition, "", "1")]);
        for step in [1, 7, 100_000] {
            assert_eq!(said(FORM, &bytes, step).await, want, "{disposition}, {step} at a time");
        }
    }
    let latin = [
        &b"--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\xe9.png\"\r\n\r\n1"[..],
        b"\r\n--XX--\r\n",
    ];
    assert_eq!(said(FORM, &latin.concat(), 9).await, "a[é.png](-)=1");
}

#[tokio::test]
async fn broken_bodies_have_their_error() {
    let good = part(r#"name="a""#, "", "1");
    let file = part(r#"name="f"; filename="x.png""#, "Content-Type: Image/PNG; x=y\r\n", "png");
    let text = String::from_utf8(whole(&[good.clone(), file.clone()])).expect("text");
    assert_eq!(said(FORM, text.as_bytes(), 5).await, "a[-](-)=1 f[x.png](image/png)=3");
    assert_eq!(said(FORM, format!("preamble\r\n{text}epilogue").as_bytes(), 5).await.len(), 31);
    let headers33: String = (0..33).map(|n| format!("X-{n}: 1\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "x".repeat(40_000));
    let endless = format!("--XX\r\nX: {}", "x".repeat(1 << 20));
    for (why, content_type, bytes, want) in [
        ("no boundary", "multipart/form-data", text.clone(), "bad_multipart"),
        ("empty boundary", "multipart/form-data; boundary=", text.clone(), "bad_multipart"),
        ("another boundary", "multipart/form-data; boundary=YY", text.clone(), "bad_multipart"),
        ("no multipart", "application/json", text.clone(), "unsupported_type"),
        ("mixed", "multipart/mixed; boundary=XX", text.clone(), "unsupported_type"),
        ("empty", FORM, String::new(), "bad_multipart"),
        ("no end", FORM, good.clone(), "bad_multipart"),
        ("cut in a head", FORM, good[..30].to_owned(), "bad_multipart"),
        ("cut in a part", FORM, good[..good.len() - 2].to_owned(), "bad_multipart"),
        ("33 headers", FORM, part(r#"name="a""#, &headers33, "1"), "bad_multipart"),
        ("a long head", FORM, part(r#"name="a""#, &long, "1"), "bad_multipart"),
        ("a head without end", FORM, endless, "bad_multipart"),
        ("a preamble without end", FORM, "x".repeat(1 << 20), "bad_multipart"),
        ("no disposition", FORM, "--XX\r\nX: y\r\n\r\n1\r\n--XX--\r\n".into(), "bad_multipart"),
        (
            "an attachment",
            FORM,
            "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XX--\r\n".into(),
            "bad_multipart",
        ),
        (
            "encoded",
            FORM,
            part(r#"name="a""#, "Content-Transfer-Encoding: base64\r\n", "MQ=="),
            "encoded",
        ),
        ("a long name", FORM, part(&format!("name={}", "n".repeat(200)), "", "1"), "name_too_long"),
        ("too large", FORM, part(r#"name="a""#, "", &"x".repeat(5 << 20)), "too_large"),
    ] {
        for step in [13, 70_000] {
            assert_eq!(said(content_type, bytes.as_bytes(), step).await, want, "{why}");
        }
    }
    let many: Vec<String> = (0..10_000).map(|_| good.clone()).collect();
    assert_eq!(said(FORM, &whole(&many), 70_000).await, "too_many_fields");
    let nested = part(
        r#"name="files""#,
        "Content-Type: multipart/mixed; boundary=YY\r\n",
        "--YY\r\n\r\nx\r\n--YY--",
    );
    assert_eq!(said(FORM, &whole(&[nested]), 11).await, "files[-](multipart/mixed)=17");
}

#[tokio::test]
async fn a_part_that_is_known_to_be_small_must_be() {
    let bytes = whole(&[part(r#"name="j""#, "", &"x".repeat(2_000))]);
    let mut parts = Parts::open(&head(FORM), body(&bytes, 100), limits()).await.expect("open");
    let part = parts.next().await.expect("a part").expect("one");
    assert_eq!(part.whole(1_999).await, Err(BodyError::TooLarge { max: 1_999 }));
    parts.give_up().await;
}

#[tokio::test]
async fn a_declared_length_over_the_cap_is_refused_unread() {
    let mut headers = head(FORM);
    headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("4194305"));
    let opened = Parts::open(&headers, body(b"", 1), limits()).await;
    assert_eq!(opened.map(|_| ()), Err(BodyError::TooLarge { max: 4 << 20 }));
}

#[tokio::test]
async fn slow_bodies_end() {
    let short = PartLimits {
        time: Duration::from_millis(300),
        idle: Duration::from_millis(100),
        ..limits()
    };
    let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let mut parts = Parts::open(&head(FORM), silent, short).await.expect("open");
    assert_eq!(parts.next().await.map(|_| ()), Err(BodyError::TooSlow));
    // A byte every twentieth of a second is not idle, and is too slow all the same.
    let start = part(r#"name="a""#, "", "");
    let drops = stream::unfold(Bytes::from(start), |next| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some((Ok::<_, Infallible>(next), Bytes::from_static(b"x")))
    });
    let slow = Body::from_stream(drops);
    let mut parts = Parts::open(&head(FORM), slow, short).await.expect("open");
    let part = parts.next().await.expect("a part").expect("one");
    assert_eq!(part.forget().await, Err(BodyError::TooSlow));
}

/// The parser never holds more than a few pieces, however fast the body comes.
#[tokio::test]
async fn a_fast_body_waits_for_its_reader() {
    let handed = Arc::new(Mutex::new(0_usize));
    let count = Arc::clone(&handed);
    let start = Bytes::from(part(r#"name="a""#, "", ""));
    let endless = stream::once(async { start }).chain(stream::repeat_with(move || {
        *count.lock().expect("a count") += PIECE_BYTES;
        BytesMut::zeroed(PIECE_BYTES).freeze()
    }));
    let fast = Body::from_stream(endless.map(Ok::<_, Infallible>));
    let mut parts = Parts::open(&head(FORM), fast, limits()).await.expect("open");
    let mut part = parts.next().await.expect("a part").expect("one");
    let mut read = 0;
    for _ in 0..50 {
        read += part.chunk().await.expect("bytes").expect("more").len();
        let handed = *handed.lock().expect("a count");
        assert!(handed <= read + 4 * PIECE_BYTES, "{handed} were taken, {read} were read");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_pieces_do_not_matter(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        begin in 0_usize..3,
        step in 1_usize..40,
    ) {
        let start = [&b""[..], b"--XX\r\n", b"--XX\r\nContent-Disposition: form-data; name=a\r\n"];
        let bytes = [start[begin], &noise].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let once = runtime.block_on(said(FORM, &bytes, 100_000));
        prop_assert_eq!(once, runtime.block_on(said(FORM, &bytes, step)));
    }
}
