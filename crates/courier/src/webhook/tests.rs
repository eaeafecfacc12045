//! Signatures against vectors made by others, and deliveries to receivers that fail by plan.

use super::*;
use crate::guard::{GuardSettings, Roots};
use teststand::receivers::{HttpReceiver, Reply};

const ID: &str = "msg_01jd00000000000000000000aa";
const KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OLD_KEY: &str = "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=";
const BODY: &str = r#"{"type":"case.opened","name":"Zoë"}"#;

fn keys(secrets: &[&str]) -> Vec<SigningKey> {
    secrets.iter().map(|secret| SigningKey::parse(secret).expect("a key")).collect()
}

/// The first vector stands in the tests of the Svix client libraries. The others were computed with
/// Python: `base64.b64encode(hmac.new(key, f"{id}.{seconds}.".encode() + body,
/// hashlib.sha256).digest())`, with key bytes 0 to 31 and 100 to 131; the empty body also with
/// `openssl dgst -sha256 -mac HMAC`.
#[test]
fn signatures_agree_with_other_implementations() {
    for (secrets, id, seconds, body, wanted) in [
        (
            &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"][..],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (&[KEY], ID, 1_760_000_000, BODY, "v1,5gfgTQFPWtOGNoxQHEZdm0iKPpRHgaOCpwcbeVZNKg4="),
        (
            &[KEY, OLD_KEY],
            ID,
            1_760_000_000,
            BODY,
            "v1,5gfgTQFPWtOGNoxQHEZdm0iKPpRHgaOCpwcbeVZNKg4= \
             v1,5t7Mif+nGikohYZ3P9r85dKdRXgDUbmssvtK22ElVzE=",
        ),
        (&[KEY], ID, 1_760_000_305, "", "v1,4q42d83AjaD9fJuvE5BijEivBTIN44VnrYZ39/KQltI="),
        (&[], ID, 1_760_000_305, "", ""),
    ] {
        assert_eq!(signatures(&keys(secrets), id, seconds, body.as_bytes()), wanted);
    }
}

#[test]
fn keys_are_read_with_and_without_prefix_and_never_shown() {
    let of = |count: usize| format!("whsec_{}", STANDARD.encode(vec![7; count]));
    for good in [of(24), of(32), of(64), STANDARD.encode([7; 24])] {
        assert!(SigningKey::parse(&good).is_ok(), "{good}");
    }
    for bad in [of(0), of(23), of(65), "whsec_!".into(), format!("{}\n", of(24)), "".into()] {
        assert_eq!(SigningKey::parse(&bad).err(), Some(KeyUnread), "{bad:?}");
    }
    assert_eq!(format!("{:?}", keys(&[KEY])), "[SigningKey(..)]");
}

fn guard_for(receiver: &HttpReceiver) -> Guard {
    let allow = vec![format!("loopback:{}", receiver.port()).parse().expect("a rule")];
    Guard::open(&GuardSettings { allow, roots: Roots::None, ..GuardSettings::default() })
        .expect("a client")
}

async fn post(receiver: &HttpReceiver, secrets: &[&str], seconds: i64) -> Delivery {
    let (url, id) = (receiver.url("/in"), MessageId::parse(ID).expect("an id"));
    let keys = keys(secrets);
    let event = Event { url: &url, id: &id, keys: &keys, body: BODY.as_bytes() };
    let now = Instant::from_seconds(seconds);
    deliver(&guard_for(receiver), &event, now, DELIVERY_TIMEOUT).await
}

#[tokio::test]
async fn a_repetition_keeps_its_id_and_is_signed_afresh() {
    let receiver = HttpReceiver::start(vec![Reply::status(500)], Reply::status(204)).await;
    let first = post(&receiver, &[KEY, OLD_KEY], 1_760_000_000).await;
    assert!(matches!(first, Delivery::NotTaken { status: Some(500), .. }), "{first:?}");
    assert_eq!(post(&receiver, &[KEY], 1_760_000_305).await, Delivery::Taken { status: 204 });
    let requests = receiver.requests();
    for (request, seconds, secrets) in
        [(&requests[0], 1_760_000_000, &[KEY, OLD_KEY][..]), (&requests[1], 1_760_000_305, &[KEY])]
    {
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("webhook-id"), Some(ID));
        assert_eq!(request.header("webhook-timestamp"), Some(seconds.to_string().as_str()));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.body, BODY.as_bytes());
        let wanted = signatures(&keys(secrets), ID, seconds, BODY.as_bytes());
        assert_eq!(request.header("webhook-signature"), Some(wanted.as_str()));
    }
}

#[tokio::test]
async fn only_2xx_means_taken() {
    let not = |why: &str, status, wait: Option<i64>| Delivery::NotTaken {
        why: why.to_owned(),
        status,
        wait: wait.map(Millis::seconds),
    };
    for (reply, wanted) in [
        (Reply::status(200), Delivery::Taken { status: 200 }),
        (Reply::status(202), Delivery::Taken { status: 202 }),
        (Reply::Huge(5_000_000), Delivery::Taken { status: 200 }),
        (Reply::status(410), Delivery::Gone),
        (Reply::status(500), not("the receiver answered 500", Some(500), None)),
        (Reply::status(404), not("the receiver answered 404", Some(404), None)),
        (
            Reply::with_header(301, "Location", "http://127.0.0.1/"),
            not("the receiver answered 301; redirects are not followed", Some(301), None),
        ),
        (
            Reply::with_header(429, "Retry-After", "120"),
            not("the receiver answered 429", Some(429), Some(120)),
        ),
        (
            Reply::with_header(503, "Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"),
            not("the receiver answered 503", Some(503), None),
        ),
        (
            Reply::with_header(503, "Retry-After", "99999999999999999999"),
            not("the receiver answered 503", Some(503), None),
        ),
    ] {
        let receiver = HttpReceiver::start(Vec::new(), reply.clone()).await;
        assert_eq!(post(&receiver, &[KEY], 1_760_000_000).await, wanted, "{reply:?}");
    }
}

#[tokio::test]
async fn a_broken_line_is_not_taken_and_says_how_it_broke() {
    for (reply, word) in [(Reply::Reset, "broken-off"), (Reply::Noise, "broken-off")] {
        let receiver = HttpReceiver::start(Vec::new(), reply.clone()).await;
        let Delivery::NotTaken { why, status: None, .. } =
            post(&receiver, &[KEY], 1_760_000_000).await
        else {
            panic!("{reply:?} was taken");
        };
        assert!(why.contains(word) && !why.contains("/in"), "{why}");
    }
}

#[tokio::test]
async fn nothing_leaves_unsigned() {
    let receiver = HttpReceiver::always(200).await;
    let delivery = post(&receiver, &[], 1_760_000_000).await;
    assert!(matches!(delivery, Delivery::NotTaken { status: None, .. }), "{delivery:?}");
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_refused_address_is_not_taken() {
    let receiver = HttpReceiver::always(200).await;
    let id = MessageId::parse(ID).expect("an id");
    let keys = keys(&[KEY]);
    let event = Event { url: "http://10.0.0.1/in", id: &id, keys: &keys, body: b"{}" };
    let now = Instant::from_seconds(0);
    let delivery = deliver(&guard_for(&receiver), &event, now, DELIVERY_TIMEOUT).await;
    let why = "not called: 10.0.0.1 is a private address".to_owned();
    assert_eq!(delivery, Delivery::NotTaken { why, status: None, wait: None });
}
