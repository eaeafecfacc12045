//! The names in a PDF as they pass, for staff to know what it would do when it is opened. It is no
//! reader of PDF: what is compressed is not looked into, and says so. A name may stand in a text
//! and mean nothing; a flag is a warning, not a judgement.

use std::collections::BTreeSet;

use domain::evidence::Flag;

/// Bytes of a name that are looked at; the longest of ours has 16.
const NAME_BYTES_MAX: usize = 24;

/// The mark at a PDF's end stands in its last kilobyte.
const TAIL_BYTES: usize = 1024;

const END: &[u8] = b"%%EOF";

/// Names, and what they mean.
const NAMES: [(&[u8], Flag); 19] = [
    (b"JavaScript", Flag::JavaScript),
    (b"JS", Flag::JavaScript),
    (b"Launch", Flag::Launch),
    (b"EmbeddedFile", Flag::EmbeddedFile),
    (b"EmbeddedFiles", Flag::EmbeddedFile),
    (b"Filespec", Flag::EmbeddedFile),
    (b"OpenAction", Flag::OpenAction),
    (b"AA", Flag::OpenAction),
    (b"RichMedia", Flag::ActiveContent),
    (b"Rendition", Flag::ActiveContent),
    (b"XFA", Flag::ActiveContent),
    (b"SubmitForm", Flag::ActiveContent),
    (b"ImportData", Flag::ActiveContent),
    (b"GoToE", Flag::ActiveContent),
    (b"GoToR", Flag::ActiveContent),
    (b"Encrypt", Flag::Encrypted),
    (b"ObjStm", Flag::CompressedPartsNotInspected),
    (b"Filter", Flag::CompressedPartsNotInspected),
    (b"FlateDecode", Flag::CompressedPartsNotInspected),
];

/// From the first byte of the file.
#[derive(Debug, Default)]
pub(super) struct Pdf {
    state: State,
    name: Vec<u8>,
    found: BTreeSet<Flag>,
    tail: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Outside,
    /// After a slash.
    Name,
    /// After a `#` in a name: two digits follow.
    Escape,
    /// After the first digit.
    Escaped(u8),
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// White space and delimiters end a name.
fn ends_name(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
        || matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl Pdf {
    pub(super) fn see(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(first) = rest.first().copied() {
            if self.state == State::Outside {
                let Some(slash) = rest.iter().position(|byte| *byte == b'/') else { break };
                self.state = State::Name;
                rest = &rest[slash + 1..];
                continue;
            }
            self.step(first);
            rest = &rest[1..];
        }
        let kept = bytes.len().min(TAIL_BYTES);
        let excess = (self.tail.len() + kept).saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
        self.tail.extend_from_slice(&bytes[bytes.len() - kept..]);
    }

    fn step(&mut self, byte: u8) {
        match (self.state, digit(byte)) {
            (State::Escape, Some(high)) => self.state = State::Escaped(high),
            (State::Escaped(high), Some(low)) => {
                self.push(high * 16 + low);
                self.state = State::Name;
            }
            // A lone `#` is a letter like any other; old files have it.
            (State::Escape | State::Escaped(_), None) => {
                self.push(b'#');
                self.state = State::Name;
                self.step(byte);
            }
            _ if ends_name(byte) => {
                self.name_ends();
                self.state = if byte == b'/' { State::Name } else { State::Outside };
            }
            _ if byte == b'#' => self.state = State::Escape,
            _ => self.push(byte),
        }
    }

    fn push(&mut self, byte: u8) {
        if self.name.len() < NAME_BYTES_MAX {
            self.name.push(byte);
        }
    }

    fn name_ends(&mut self) {
        let flag = NAMES.iter().find(|(name, _)| *name == self.name);
        self.found.extend(flag.map(|(_, flag)| *flag));
        self.name.clear();
    }

    pub(super) fn end(&mut self, flags: &mut BTreeSet<Flag>) {
        self.name_ends();
        flags.append(&mut self.found);
        if !self.tail.windows(END.len()).any(|window| window == END) {
            flags.insert(Flag::CutOff);
        }
    }
}
