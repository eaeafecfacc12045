//! HMAC-SHA-256: make and check a tag. The check takes the same time wherever two tags differ. It
//! knows no message format: which bytes are signed is the caller's business.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes in a tag.
pub const TAG_BYTES: usize = 32;

/// The tag of `parts`, one after another with nothing between. Callers whose parts vary in length
/// put a separator of their own between them.
pub fn sign(key: &[u8], parts: &[&[u8]]) -> [u8; TAG_BYTES] {
    mac(key, parts).finalize().into_bytes().into()
}

/// Whether `tag` is the tag of `parts`. A tag of another length is simply wrong: truncated tags
/// are not accepted.
pub fn verify(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    mac(key, parts).verify_slice(tag).is_ok()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"));
    for part in parts {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;

    #[test]
    fn agrees_with_rfc_4231() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, text, want) in cases {
            assert_eq!(hex(&sign(key, &[text])), want);
            assert!(verify(key, &[text], &sign(key, &[text])));
        }
    }

    #[test]
    fn parts_are_simply_joined() {
        assert_eq!(sign(b"k", &[b"ab", b"c"]), sign(b"k", &[b"abc"]));
    }

    #[test]
    fn refuses_altered_short_long_and_empty_tags() {
        let tag = sign(b"key", &[b"text"]);
        let mut altered = tag;
        altered[31] ^= 1;
        let longer = [&tag[..], &[0]].concat();
        for bad in [&altered[..], &tag[..31], &tag[..16], &longer, &[]] {
            assert!(!verify(b"key", &[b"text"], bad));
        }
        assert!(!verify(b"other", &[b"text"], &tag));
        assert!(!verify(b"", &[b"text"], &tag));
    }
}
