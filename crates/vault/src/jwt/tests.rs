//! Tokens that must be taken, and every trick that must not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::hmac;
use crate::testing::{self, Seeded};

const AT: Instant = Instant::from_seconds(1_760_000_000);
const WANTED: Expected<'static> = Expected { iss: "redress", aud: "iimmpact", kind: "id" };

fn claims() -> Claims {
    Claims {
        iss: "redress".to_owned(),
        aud: "iimmpact".to_owned(),
        kind: "id".to_owned(),
        sub: "shop".to_owned(),
        scope: 3,
        iat: AT.seconds(),
        exp: AT.seconds() + 3_600,
        jti: "t1".to_owned(),
    }
}

/// A token put together by hand: header, claims, and a signature by our own audit of the parts.
fn forged(header: &Value, claims: &Value, sign: impl Fn(&str) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(&signed));
    format!("{signed}.{signature}")
}

fn with_key_1(keys: &Keyring, header: &Value, claims: &Value) -> String {
    forged(header, claims, |signed| {
        let held = keys.keys();
        let key = EncodingKey::clone(&held.jwt.current().sign);
        let text = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::EdDSA)
            .expect("a key that signs");
        URL_SAFE_NO_PAD.decode(text).expect("Base64")
    })
}

fn as_json(claims: &Claims) -> Value {
    serde_json::to_value(claims).expect("plain fields")
}

#[test]
fn a_token_comes_back_as_it_was_issued() {
    let (_place, keys) = testing::keyring(1);
    let token = keys.issue_jwt(&claims()).expect("a token");
    assert!(token.reveal().len() < 700, "{}", token.reveal().len());
    assert_eq!(keys.verify_jwt(token.reveal(), WANTED, AT), Ok(claims()));
}

#[test]
fn time_is_the_one_given() {
    let (_place, keys) = testing::keyring(1);
    let token = keys.issue_jwt(&claims()).expect("a token");
    let after = |seconds| Instant::from_seconds(AT.seconds() + seconds);
    let verify = |at| keys.verify_jwt(token.reveal(), WANTED, at).map(|_| ());
    assert_eq!(verify(after(3_599)), Ok(()));
    assert_eq!(verify(after(3_600)), Err(Untrusted::Expired));
    assert_eq!(verify(after(-60)), Ok(()));
    assert_eq!(verify(after(-61)), Err(Untrusted::NotYet));
}

#[test]
fn every_wrong_expectation_is_refused() {
    let (_place, keys) = testing::keyring(1);
    let token = keys.issue_jwt(&claims()).expect("a token");
    let cases = [
        (Expected { aud: "native", ..WANTED }, Untrusted::Audience),
        (Expected { aud: "", ..WANTED }, Untrusted::Audience),
        (Expected { iss: "elsewhere", ..WANTED }, Untrusted::Issuer),
        (Expected { kind: "access", ..WANTED }, Untrusted::Kind),
    ];
    for (expected, why) in cases {
        assert_eq!(keys.verify_jwt(token.reveal(), expected, AT), Err(why), "{expected:?}");
    }
}

#[test]
fn every_altered_letter_is_refused() {
    let (_place, keys) = testing::keyring(1);
    let token = keys.issue_jwt(&claims()).expect("a token");
    let sound = token.reveal();
    for place in 0..sound.len() {
        let mut altered = sound.as_bytes().to_vec();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("still ASCII");
        assert!(keys.verify_jwt(&altered, WANTED, AT).is_err(), "letter {place}");
    }
}

#[test]
fn none_and_other_algorithms_are_refused() {
    let (_place, keys) = testing::keyring(1);
    let body = as_json(&claims());
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"alg": name, "typ": "JWT", "kid": "jwt-1"});
        let token = forged(&header, &body, |_| Vec::new());
        assert!(keys.verify_jwt(&token, WANTED, AT).is_err(), "{name:?}");
    }
    // The old confusion: our public key, which is no secret, used as an HMAC key.
    let public = keys.keys().jwt.current().verify.try_get_as_bytes().expect("Ed25519").to_vec();
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": "jwt-1"});
    let token = forged(&header, &body, |signed| hmac::sign(&public, &[signed.as_bytes()]).to_vec());
    assert_eq!(keys.verify_jwt(&token, WANTED, AT), Err(Untrusted::Algorithm));
    for name in ["RS256", "ES256", "PS512", "HS512"] {
        let header = json!({"alg": name, "kid": "jwt-1"});
        let token = with_key_1(&keys, &header, &body);
        assert_eq!(keys.verify_jwt(&token, WANTED, AT), Err(Untrusted::Algorithm), "{name}");
    }
}

#[test]
fn keys_named_inside_a_token_are_not_looked_at() {
    let (_here, keys) = testing::keyring(1);
    let (_there, theirs) = testing::keyring(2);
    let x = URL_SAFE_NO_PAD
        .encode(theirs.keys().jwt.current().verify.try_get_as_bytes().expect("Ed25519"));
    let header = json!({
        "alg": "EdDSA", "kid": "jwt-1",
        "jku": "https://attacker.example/keys", "x5u": "https://attacker.example/c",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x},
    });
    let token = with_key_1(&theirs, &header, &as_json(&claims()));
    assert_eq!(keys.verify_jwt(&token, WANTED, AT), Err(Untrusted::Signature));
    let ours = with_key_1(&keys, &header, &as_json(&claims()));
    assert_eq!(keys.verify_jwt(&ours, WANTED, AT), Ok(claims()), "ignored, not refused");
}

#[test]
fn unknown_and_missing_key_names_are_refused() {
    let (_place, keys) = testing::keyring(1);
    for header in [
        json!({"alg": "EdDSA"}),
        json!({"alg": "EdDSA", "kid": "jwt-2"}),
        json!({"alg": "EdDSA", "kid": "../jwt-1"}),
        json!({"alg": "EdDSA", "kid": ""}),
    ] {
        let token = with_key_1(&keys, &header, &as_json(&claims()));
        assert_eq!(keys.verify_jwt(&token, WANTED, AT), Err(Untrusted::UnknownKey), "{header}");
    }
}

#[test]
fn missing_and_wrong_typed_claims_are_refused() {
    let (_place, keys) = testing::keyring(1);
    let header = json!({"alg": "EdDSA", "kid": "jwt-1"});
    for name in ["iss", "aud", "kind", "sub", "scope", "iat", "exp", "jti"] {
        for wrong in
            [None, Some(json!(null)), Some(json!(["x"])), Some(json!({})), Some(json!(1.5))]
        {
            let mut body = as_json(&claims());
            match &wrong {
                None => body.as_object_mut().expect("an object").remove(name),
                Some(value) => Some(std::mem::replace(&mut body[name], value.clone())),
            };
            let token = with_key_1(&keys, &header, &body);
            assert!(keys.verify_jwt(&token, WANTED, AT).is_err(), "{name} {wrong:?}");
        }
    }
    let mut body = as_json(&claims());
    body["exp"] = json!("99999999999");
    let token = with_key_1(&keys, &header, &body);
    assert_eq!(keys.verify_jwt(&token, WANTED, AT), Err(Untrusted::Malformed));
    body["exp"] = json!(claims().exp);
    body["aud"] = json!(["iimmpact", "native"]);
    let token = with_key_1(&keys, &header, &body);
    assert_eq!(keys.verify_jwt(&token, WANTED, AT), Err(Untrusted::Malformed), "one audience");
}

#[test]
fn rotation_keeps_old_tokens_good() {
    let (_place, keys) = testing::keyring(1);
    let old = keys.issue_jwt(&claims()).expect("a token");
    assert_eq!(keys.rotate_jwt(&mut Seeded::new(4)).expect("a new key"), 2);
    let new = keys.issue_jwt(&claims()).expect("a token");
    assert_ne!(old, new);
    assert_eq!(keys.verify_jwt(old.reveal(), WANTED, AT), Ok(claims()));
    assert_eq!(keys.verify_jwt(new.reveal(), WANTED, AT), Ok(claims()));
}

#[test]
fn no_text_panics() {
    let (_place, keys) = testing::keyring(1);
    let long = "a.".repeat(3_000);
    for text in ["", ".", "..", "...", "a.b.c", "é.é.é", "e30.e30.", "e30.e30.e30", &long] {
        assert!(keys.verify_jwt(text, WANTED, AT).is_err(), "{text:.20}");
    }
}
