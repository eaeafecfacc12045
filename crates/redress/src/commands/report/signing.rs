//! The four headers that sign a request to the IIMMPACT dialect, as its clients make them
//! (contract, section 2.1). The server has its own reading of the same page; the two are not
//! shared, so that a mistake in one shows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Dice, Instant};
use vault::secret::Secret;
use vault::{digest, hmac};

/// Random bytes in a nonce; as hexadecimal it has 32 characters, of 16 to 128 allowed.
const NONCE_BYTES: usize = 16;

/// The secret is not standard Base64.
#[derive(Debug, thiserror::Error)]
#[error("the secret is not standard Base64 with its padding; copy it again, wholly")]
pub struct BadSecret;

/// The headers of one request without a query.
///
/// # Errors
/// The secret is not Base64.
pub fn headers(
    key: &str,
    secret: &Secret,
    method: &str,
    body: &[u8],
    at: Instant,
    dice: &mut dyn Dice,
) -> Result<[(&'static str, String); 4], BadSecret> {
    let mut random = [0_u8; NONCE_BYTES];
    dice.fill(&mut random);
    let nonce = digest::hex(&random);
    let timestamp = at.seconds().to_string();
    let signature = signature(secret, &timestamp, &nonce, method, body)?;
    Ok([
        ("x-api-key", key.to_owned()),
        ("x-timestamp", timestamp),
        ("x-nonce", nonce),
        ("x-signature", signature),
    ])
}

fn signature(
    secret: &Secret,
    timestamp: &str,
    nonce: &str,
    method: &str,
    body: &[u8],
) -> Result<String, BadSecret> {
    let secret = STANDARD.decode(secret.reveal().trim()).map_err(|_| BadSecret)?;
    let body = STANDARD.encode(digest::sha256(body));
    let signed = format!("v1:{timestamp}:{nonce}:{method}::{body}");
    Ok(format!("v1={}", STANDARD.encode(hmac::sign(&secret, &[signed.as_bytes()]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "d2lyZS1jb250cmFjdC10ZXN0LXNlY3JldC0zMmJ5dGU=";

    #[test]
    fn agrees_with_the_vectors_of_the_contract() {
        let secret = Secret::new(SECRET.to_owned());
        let signed = |nonce, method, body| {
            signature(&secret, "1760000000", nonce, method, body).expect("Base64")
        };
        assert_eq!(
            signed("vec-0001-balance-get", "GET", b""),
            "v1=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ="
        );
        let body = br#"{"refid":"A-1001","user_email":["buyer@example.test"]}"#;
        assert_eq!(
            signed("vec-0003-dispute-post", "POST", body),
            "v1=Jc+CgsJpbWtgmKwMsbE4DqUnM4Vv9ttJ/AcM6PVOAtU="
        );
    }

    #[test]
    fn each_request_has_its_own_nonce_and_a_bad_secret_is_told() {
        let dice = &mut crate::demo::seeded::Seeded::new(1);
        let at = Instant::from_seconds(1_760_000_000);
        let secret = Secret::new(SECRET.to_owned());
        let mut make = || headers("k", &secret, "POST", b"{}", at, dice).expect("Base64");
        let (one, other) = (make(), make());
        assert_eq!(one[1], ("x-timestamp", "1760000000".to_owned()));
        assert_ne!(one[2], other[2]);
        assert_eq!(one[2].1.len(), 32);
        let bad = Secret::new("not base64!".to_owned());
        assert!(headers("k", &bad, "POST", b"{}", at, dice).is_err());
    }
}
