//! The chunks of a PNG as they pass: the dimensions of its first one, and whether it ends where it
//! says. Nothing is inflated: a few bytes may hold a gigabyte of text.

use std::collections::BTreeSet;

use domain::evidence::Flag;

/// Length and type before a chunk's data.
const CHUNK_HEAD_BYTES: usize = 8;

/// The checksum behind a chunk's data.
const CHECKSUM_BYTES: u64 = 4;

/// Bytes of the chunk that says the dimensions: always these.
const HEADER_BYTES: u64 = 13;

/// After the signature.
#[derive(Debug, Default)]
pub(super) struct Png {
    window: Vec<u8>,
    skip: u64,
    state: State,
    dimensions: Option<(u32, u32)>,
    more: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    First,
    Dimensions,
    Chunks,
    Ended,
    /// The first chunk is not the one it must be.
    Wrong,
}

impl Png {
    pub(super) fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let step = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                self.skip -= step as u64;
                bytes = &bytes[step..];
                continue;
            }
            match self.state {
                State::Ended => {
                    self.more = true;
                    return;
                }
                State::Wrong => return,
                _ => {}
            }
            let missing = CHUNK_HEAD_BYTES - self.window.len();
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.window.extend_from_slice(now);
            bytes = later;
            if self.window.len() == CHUNK_HEAD_BYTES {
                self.step();
                self.window.clear();
            }
        }
    }

    fn step(&mut self) {
        let word = |at: usize| {
            let bytes = self.window.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            u32::from_be_bytes(bytes.unwrap_or_default())
        };
        let (first, second) = (word(0), word(4));
        let (length, kind) = (u64::from(first), &self.window[4..]);
        match self.state {
            State::First if kind == b"IHDR" && length == HEADER_BYTES => {
                self.state = State::Dimensions;
            }
            State::First => self.state = State::Wrong,
            State::Dimensions => {
                self.dimensions = Some((first, second));
                self.skip = HEADER_BYTES - CHUNK_HEAD_BYTES as u64 + CHECKSUM_BYTES;
                self.state = State::Chunks;
            }
            _ => {
                if kind == b"IEND" {
                    self.state = State::Ended;
                }
                self.skip = length + CHECKSUM_BYTES;
            }
        }
    }

    pub(super) fn end(&mut self, flags: &mut BTreeSet<Flag>) -> Option<(u32, u32)> {
        if self.more {
            flags.insert(Flag::MoreAfterTheEnd);
        }
        if self.state != State::Ended || self.skip > 0 {
            flags.insert(Flag::CutOff);
        }
        self.dimensions.filter(|(width, height)| *width > 0 && *height > 0)
    }
}
