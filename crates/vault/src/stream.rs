//! Sealing at rest of what is too large to hold in memory: files, in frames of 64 KiB, sealed as
//! they come and opened in order. Frames cannot be altered, swapped, left out or cut off without
//! notice, nor moved to another file. It must never hold more than one frame of the plain bytes.
//!
//! The sealed form: a header (shape `1`, key version in 4 bytes, salt of 32), then frames, each
//! AES-256-GCM's cipher text and tag (16). Every file has a key of its own, HMAC-SHA-256 of its
//! salt under the stored key, so a frame's nonce is its number, with a mark on the last one. All
//! frames but the last hold exactly 64 KiB; the last one may be empty.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use domain::Dice;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::hmac;
use crate::keyring::{Key, Keyring};
use crate::seal::Unsealable;

const SHAPE: u8 = 1;
const SALT_AT: usize = 5;
const SALT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

/// Bytes before the first frame.
pub const HEADER_BYTES: usize = SALT_AT + SALT_BYTES;

/// Plain bytes in every frame but the last.
pub const FRAME_BYTES: usize = 64 * 1024;

/// Bytes of a whole sealed frame.
pub const SEALED_FRAME_BYTES: usize = FRAME_BYTES + TAG_BYTES;

/// The length of `plain` bytes once they are sealed.
pub const fn sealed_bytes(plain: u64) -> u64 {
    // A file of exactly one frame's length ends with that frame; an empty one is an empty frame.
    let frames = if plain == 0 { 1 } else { plain.div_ceil(FRAME_BYTES as u64) };
    HEADER_BYTES as u64 + plain + frames * TAG_BYTES as u64
}

/// SHA-256 of bytes that come one after another.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Seals one file.
pub struct Sealer {
    frames: Frames,
    /// Plain bytes that are no whole frame yet.
    waiting: Zeroizing<Vec<u8>>,
}

/// Opens one file.
pub struct Opener {
    frames: Frames,
    sealed: Vec<u8>,
}

struct Frames {
    key: LessSafeKey,
    bound: Vec<u8>,
    next: u64,
}

impl Keyring {
    /// Begins to seal a file for `purpose`, which names it and is needed to open it. Gives what
    /// stands before the first frame.
    pub fn seal_stream(&self, dice: &mut dyn Dice, purpose: &str) -> (Sealer, Vec<u8>) {
        let keys = self.keys();
        let key = keys.sealing.current();
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.push(SHAPE);
        header.extend_from_slice(&key.version().to_be_bytes());
        header.resize(HEADER_BYTES, 0);
        dice.fill(&mut header[SALT_AT..]);
        let frames = Frames::new(key, &header, purpose);
        (Sealer { frames, waiting: Zeroizing::new(Vec::with_capacity(FRAME_BYTES)) }, header)
    }

    /// Begins to open a file by its header.
    ///
    /// # Errors
    /// The header is none, or its key is not here.
    pub fn open_stream(&self, purpose: &str, header: &[u8]) -> Result<Opener, Unsealable> {
        if header.len() != HEADER_BYTES || header[0] != SHAPE {
            return Err(Unsealable::Malformed);
        }
        let version = header[1..SALT_AT].try_into().map_err(|_| Unsealable::Malformed)?;
        let version = u32::from_be_bytes(version);
        let keys = self.keys();
        let key = keys.sealing.get(version).ok_or(Unsealable::UnknownKey { version })?;
        Ok(Opener { frames: Frames::new(key, header, purpose), sealed: Vec::new() })
    }
}

impl Frames {
    fn new(key: &Key, header: &[u8], purpose: &str) -> Self {
        let salt = &header[SALT_AT..];
        let derived = Zeroizing::new(hmac::sign(key.bytes(), &[b"redress stream 1\0", salt]));
        let unbound = UnboundKey::new(&AES_256_GCM, &*derived)
            .unwrap_or_else(|_| unreachable!("the derived key has 32 bytes"));
        let bound = [header, purpose.as_bytes()].concat();
        Self { key: LessSafeKey::new(unbound), bound, next: 0 }
    }

    /// The nonce of the next frame: its number, and whether it is the last.
    fn nonce(&mut self, last: bool) -> Nonce {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.next.to_be_bytes());
        bytes[11] = u8::from(last);
        self.next += 1;
        Nonce::assume_unique_for_key(bytes)
    }
}

impl Sealer {
    /// Takes plain bytes, and appends to `out` what is sealed by them.
    pub fn write(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        while !plain.is_empty() {
            // A full frame waits until more comes: only then is it known not to be the last.
            if self.waiting.len() == FRAME_BYTES {
                self.frame(false, out);
            }
            let room = FRAME_BYTES - self.waiting.len();
            let (now, later) = plain.split_at(room.min(plain.len()));
            self.waiting.extend_from_slice(now);
            plain = later;
        }
    }

    /// Appends the last frame.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.frame(true, out);
    }

    fn frame(&mut self, last: bool, out: &mut Vec<u8>) {
        let nonce = self.frames.nonce(last);
        let begin = out.len();
        out.extend_from_slice(&self.waiting);
        let aad = Aad::from(&self.frames.bound);
        let tag = self.frames.key.seal_in_place_separate_tag(nonce, aad, &mut out[begin..]);
        let tag = tag.unwrap_or_else(|_| unreachable!("AES-GCM seals all that fits in memory"));
        out.extend_from_slice(tag.as_ref());
        self.waiting.clear();
    }
}

impl Opener {
    /// Takes sealed bytes, and appends to `out` what is opened by them.
    ///
    /// # Errors
    /// [`Unsealable::Altered`]; what was appended before is as it was written.
    pub fn write(&mut self, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), Unsealable> {
        let mut rest = sealed;
        while !rest.is_empty() {
            if self.sealed.len() == SEALED_FRAME_BYTES {
                self.frame(false, out)?;
            }
            let room = SEALED_FRAME_BYTES - self.sealed.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.sealed.extend_from_slice(now);
            rest = later;
        }
        Ok(())
    }

    /// Appends the last frame. Without it the file is cut off.
    ///
    /// # Errors
    /// [`Unsealable::Altered`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Unsealable> {
        self.frame(true, out)
    }

    fn frame(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), Unsealable> {
        let nonce = self.frames.nonce(last);
        let aad = Aad::from(&self.frames.bound);
        let opened = self.frames.key.open_in_place(nonce, aad, &mut self.sealed);
        out.extend_from_slice(opened.map_err(|_| Unsealable::Altered)?);
        self.sealed.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Seeded};

    fn seal(keys: &Keyring, purpose: &str, plain: &[u8], step: usize) -> Vec<u8> {
        let (mut sealer, mut out) = keys.seal_stream(&mut Seeded::new(4), purpose);
        for chunk in plain.chunks(step) {
            sealer.write(chunk, &mut out);
        }
        sealer.finish(&mut out);
        out
    }

    fn open(keys: &Keyring, purpose: &str, sealed: &[u8], step: usize) -> Option<Vec<u8>> {
        let (header, body) = sealed.split_at_checked(HEADER_BYTES)?;
        let mut opener = keys.open_stream(purpose, header).ok()?;
        let mut out = Vec::new();
        for chunk in body.chunks(step) {
            opener.write(chunk, &mut out).ok()?;
        }
        opener.finish(&mut out).ok()?;
        Some(out)
    }

    #[test]
    fn every_length_opens_for_its_purpose_only() {
        let (_place, keys) = testing::keyring(1);
        for length in [0, 1, 15, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES] {
            let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let sealed = seal(&keys, "file a", &plain, 10_007);
            assert_eq!(sealed.len() as u64, sealed_bytes(length as u64), "{length}");
            for step in [1_000, 70_000] {
                assert_eq!(open(&keys, "file a", &sealed, step).as_ref(), Some(&plain), "{length}");
            }
            assert_eq!(open(&keys, "file b", &sealed, 70_000), None, "another file's name");
        }
    }

    #[test]
    fn frames_cannot_be_cut_swapped_or_altered() {
        let (_place, keys) = testing::keyring(1);
        let plain = vec![7; 2 * FRAME_BYTES + 9];
        let sealed = seal(&keys, "f", &plain, 5_000);
        let frame = |number: usize| {
            let begin = HEADER_BYTES + number * SEALED_FRAME_BYTES;
            begin..(begin + SEALED_FRAME_BYTES).min(sealed.len())
        };
        let cut_to_two = &sealed[..frame(2).start];
        assert_eq!(open(&keys, "f", cut_to_two, 9_999), None, "the end is missing");
        let mut swapped = sealed[..HEADER_BYTES].to_vec();
        for number in [1, 0, 2] {
            swapped.extend_from_slice(&sealed[frame(number)]);
        }
        assert_eq!(open(&keys, "f", &swapped, 9_999), None, "two frames swapped");
        for at in [0, 3, 20, HEADER_BYTES, HEADER_BYTES + 70_000, sealed.len() - 1] {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(open(&keys, "f", &altered, 9_999), None, "byte {at}");
        }
        let longer = [&sealed[..], &[0]].concat();
        assert_eq!(open(&keys, "f", &longer, 9_999), None, "something added");
    }

    #[test]
    fn an_older_key_still_opens() {
        let (_place, keys) = testing::keyring(1);
        let sealed = seal(&keys, "f", b"plain", 9);
        keys.rotate_sealing(&mut Seeded::new(2)).expect("a new key");
        assert_eq!(open(&keys, "f", &sealed, 9), Some(b"plain".to_vec()));
    }

    #[test]
    fn a_digest_of_parts_is_that_of_the_whole() {
        let mut hasher = Hasher::default();
        hasher.update(b"ab");
        hasher.update(b"c");
        assert_eq!(hasher.finish(), crate::digest::sha256(b"abc"));
    }
}
