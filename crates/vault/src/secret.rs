//! New credentials, and the wrapper that carries a secret text: wiped when dropped, never printed.
//! Each kind has its own look, so that a leaked one is recognised. Randomness is an argument.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Dice, Env};
use zeroize::{Zeroize, Zeroizing};

/// Lower-case Crockford base 32: no i, l, o, u, so it survives being read aloud.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Random bytes in every secret. 256 bits: guessing is hopeless without any slow hash.
const SECRET_BYTES: usize = 32;

/// Letters after the prefix of an API key id: 120 bits, so two never meet. The id is no secret.
const KEY_ID_LETTERS: usize = 24;

/// Letters of a native token after its prefix: 52 × 5 = 260 bits.
const TOKEN_LETTERS: usize = 52;

/// Groups and letters of a readable password: 5 × 5 letters, 125 bits.
const PASSWORD_GROUPS: usize = 5;
const PASSWORD_GROUP_LETTERS: usize = 5;

/// A secret text. `Debug` prints no part of it; there is no `Display`; dropping wipes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Each call is a place to look at when asking where secrets go.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The bytes an API secret stands for (standard padded Base64), wiped when dropped; nothing
    /// when the text is no such Base64.
    pub fn decoded(&self) -> Option<Zeroizing<Vec<u8>>> {
        STANDARD.decode(&self.0).ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// An API key id, `iimm_prod_…` or `iimm_dev_…` (contract of the IIMMPACT dialect, section 1).
pub fn api_key_id(env: Env, dice: &mut dyn Dice) -> String {
    let prefix = match env {
        Env::Production => "iimm_prod_",
        Env::Staging => "iimm_dev_",
    };
    lettered(prefix, KEY_ID_LETTERS, dice)
}

/// An API secret: 32 bytes in standard padded Base64 (the same contract, section 2.1).
pub fn api_secret(dice: &mut dyn Dice) -> Secret {
    Secret(base64_of_random(dice))
}

/// A bearer token for our own API, `rdt_…`. Store its `token_digest` only.
pub fn native_token(dice: &mut dyn Dice) -> Secret {
    Secret(lettered("rdt_", TOKEN_LETTERS, dice))
}

/// A token that is no bearer credential of the API (session, refresh, link), with a prefix of the
/// caller's choice. Store its `token_digest` only.
pub fn opaque_token(prefix: &str, dice: &mut dyn Dice) -> Secret {
    Secret(lettered(prefix, TOKEN_LETTERS, dice))
}

/// A webhook signing secret: `whsec_` and standard Base64 of 32 bytes (Standard Webhooks).
pub fn webhook_secret(dice: &mut dyn Dice) -> Secret {
    let encoded = Zeroizing::new(base64_of_random(dice));
    Secret(format!("whsec_{}", *encoded))
}

/// Whether a text can be a webhook's signing secret: `whsec_` and the Base64 of 24 to 64 bytes.
pub fn is_webhook_secret(secret: &Secret) -> bool {
    let encoded = secret.reveal().strip_prefix("whsec_");
    let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok()).map(Zeroizing::new);
    bytes.is_some_and(|bytes| (24..=64).contains(&bytes.len()))
}

/// A password a person can type: five groups of five letters, as in `k7f3m-9xq2p-…`.
pub fn readable_password(dice: &mut dyn Dice) -> Secret {
    let letters = Zeroizing::new(lettered("", PASSWORD_GROUPS * PASSWORD_GROUP_LETTERS, dice));
    let mut text = String::with_capacity(letters.len() + PASSWORD_GROUPS);
    for (place, letter) in letters.chars().enumerate() {
        if place > 0 && place % PASSWORD_GROUP_LETTERS == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    Secret(text)
}

fn lettered(prefix: &str, letters: usize, dice: &mut dyn Dice) -> String {
    let mut random = Zeroizing::new(vec![0_u8; letters]);
    dice.fill(&mut random);
    let mut text = String::with_capacity(prefix.len() + letters);
    text.push_str(prefix);
    // Five bits of each byte: 256 is a multiple of 32, so every letter is equally likely.
    text.extend(random.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])));
    text
}

fn base64_of_random(dice: &mut dyn Dice) -> String {
    let mut random = Zeroizing::new([0_u8; SECRET_BYTES]);
    dice.fill(&mut *random);
    STANDARD.encode(*random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    #[test]
    fn each_kind_has_its_look() {
        let dice = &mut Seeded::new(1);
        let id = api_key_id(Env::Production, dice);
        assert!(id.starts_with("iimm_prod_") && id.len() == 34, "{id}");
        assert!(api_key_id(Env::Staging, dice).starts_with("iimm_dev_"));
        let secret = api_secret(dice);
        assert_eq!(secret.decoded().expect("standard Base64").len(), 32);
        assert_eq!(Secret::new("no Base64".to_owned()).decoded(), None);
        assert!(secret.reveal().ends_with('='));
        let token = native_token(dice);
        assert!(token.reveal().starts_with("rdt_") && token.reveal().len() == 56);
        let webhook = webhook_secret(dice);
        let encoded = webhook.reveal().strip_prefix("whsec_").expect("its prefix");
        assert_eq!(STANDARD.decode(encoded).expect("standard Base64").len(), 32);
        let password = readable_password(dice);
        let groups: Vec<_> = password.reveal().split('-').collect();
        assert_eq!(groups.len(), 5);
        assert!(groups.iter().all(|g| g.len() == 5 && g.bytes().all(|b| LETTERS.contains(&b))));
    }

    #[test]
    fn the_dice_decide_and_no_two_are_equal() {
        assert_eq!(native_token(&mut Seeded::new(7)), native_token(&mut Seeded::new(7)));
        let dice = &mut Seeded::new(7);
        let many: std::collections::HashSet<String> =
            (0..1_000).map(|_| native_token(dice).reveal().to_owned()).collect();
        assert_eq!(many.len(), 1_000);
    }

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new("very-secret".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(..) Some(Secret(..))");
    }
}
