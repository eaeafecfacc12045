//! The segments of a JPEG as they pass: the largest dimensions that any of its frames claims, and
//! whether it ends where it says. Whatever stands between segments is passed over, as decoders do.
//! Nothing is decoded.

use std::collections::BTreeSet;

use domain::evidence::Flag;

/// Length, precision, height, width: what a frame's segment begins with.
const FRAME_BYTES: usize = 7;

/// From the first byte of the file.
#[derive(Debug, Default)]
pub(super) struct Jpeg {
    state: State,
    window: Vec<u8>,
    skip: u64,
    widest: Option<(u32, u32)>,
    ended: bool,
    more: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between segments, or in the picture's own bytes.
    #[default]
    Between,
    /// After an `FF`.
    Mark,
    /// In the two bytes of a segment's length.
    Length,
    /// In the beginning of a frame's segment, its length with it.
    Frame,
}

impl Jpeg {
    pub(super) fn see(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first().copied() {
            if self.skip > 0 {
                let step = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                self.skip -= step as u64;
                bytes = &bytes[step..];
                continue;
            }
            if self.state == State::Between && first != 0xff {
                self.more |= self.ended;
                let next = bytes.iter().position(|byte| *byte == 0xff).unwrap_or(bytes.len());
                bytes = &bytes[next..];
                continue;
            }
            self.step(first);
            bytes = &bytes[1..];
        }
    }

    fn step(&mut self, byte: u8) {
        match self.state {
            State::Between => self.state = State::Mark,
            State::Mark => self.marked(byte),
            State::Length | State::Frame => {
                self.window.push(byte);
                let wanted = if self.state == State::Length { 2 } else { FRAME_BYTES };
                if self.window.len() == wanted {
                    self.segment();
                }
            }
        }
    }

    fn marked(&mut self, byte: u8) {
        self.more |= self.ended;
        self.state = match byte {
            0xff => State::Mark,
            // Stuffed bytes, restarts, the beginning: nothing belongs to them.
            0x00 | 0x01 | 0xd0..=0xd8 => State::Between,
            0xd9 => {
                self.ended = true;
                State::Between
            }
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => State::Frame,
            _ => State::Length,
        };
    }

    fn segment(&mut self) {
        let pair = |at: usize| {
            let high = self.window.get(at).copied().unwrap_or_default();
            let low = self.window.get(at + 1).copied().unwrap_or_default();
            u32::from(u16::from_be_bytes([high, low]))
        };
        let length = u64::from(pair(0));
        if self.state == State::Frame {
            let (height, width) = (pair(3), pair(5));
            let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
            if self.widest.is_none_or(|known| area((width, height)) > area(known)) {
                self.widest = Some((width, height));
            }
        }
        self.skip = length.saturating_sub(self.window.len() as u64);
        self.window.clear();
        self.state = State::Between;
    }

    pub(super) fn end(&mut self, flags: &mut BTreeSet<Flag>) -> Option<(u32, u32)> {
        if self.more {
            flags.insert(Flag::MoreAfterTheEnd);
        }
        if !self.ended {
            flags.insert(Flag::CutOff);
        }
        self.widest.filter(|(width, height)| *width > 0 && *height > 0)
    }
}
