//! Lines of bytes with their numbers, from anything that can be read. A line that is too long is
//! given cut and told so; the rest of it is passed over without being kept.

use std::io::{self, BufRead, BufReader, Read};

use super::{Origin, RECORD_BYTES_MAX, Rejected};

/// How much is read at once.
const BUFFER_BYTES: usize = 65_536;

/// The mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Characters of a record that a rejection keeps: enough to find it again.
const RAW_CHARS_MAX: usize = 1_000;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// What stands on it, with its line break, if it has one; the first bytes of one that is too
    /// long.
    pub bytes: Vec<u8>,
    /// Whether more stood on it.
    pub too_long: bool,
    /// Bytes of the file up to its end.
    pub end: u64,
}

/// Lines, one at a time.
pub struct Lines {
    bytes_max: usize,
    from: BufReader<Box<dyn Read + Send>>,
    lines: u64,
    bytes: u64,
}

impl Lines {
    /// Lines of `from`, of at most [`RECORD_BYTES_MAX`] bytes.
    pub fn new(from: Box<dyn Read + Send>) -> Self {
        Self::up_to(RECORD_BYTES_MAX, from)
    }

    /// Lines of `from`, of at most so many bytes.
    pub fn up_to(bytes_max: usize, from: Box<dyn Read + Send>) -> Self {
        let from = BufReader::with_capacity(BUFFER_BYTES, from);
        Self { bytes_max, from, lines: 0, bytes: 0 }
    }

    /// The next line, or nothing at the end.
    ///
    /// # Errors
    /// The machine stops reading.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut too_long = false;
        let begun = self.bytes;
        loop {
            let buffer = match self.from.fill_buf() {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer?,
            };
            let (part, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(place) => (&buffer[..=place], true),
                None => (buffer, buffer.is_empty()),
            };
            let room = self.bytes_max - bytes.len();
            too_long |= part.len() > room;
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len();
            self.from.consume(used);
            self.bytes += used as u64;
            if ended {
                break;
            }
        }
        if self.bytes == begun {
            return Ok(None);
        }
        self.lines += 1;
        if self.lines == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(Some(Line { number: self.lines, bytes, too_long, end: self.bytes }))
    }
}

/// Whether nothing stands on a line.
pub fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t'))
}

/// A record as it goes into a side file.
pub fn raw(bytes: &[u8]) -> String {
    // Cut before it is mended, so that a long record costs no more than a short one.
    let cut = &bytes[..bytes.len().min(RAW_CHARS_MAX * 4)];
    let text = String::from_utf8_lossy(cut);
    text.trim_end_matches(['\r', '\n']).chars().take(RAW_CHARS_MAX).collect()
}

/// Where a row that stands on this line is found again.
pub fn origin(line: &Line) -> Origin {
    Origin { line: line.number, raw: raw(&line.bytes) }
}

/// A rejection of what stands in `bytes`.
pub fn rejected(line: u64, reason: impl Into<String>, bytes: &[u8]) -> Rejected {
    Rejected { line, reason: reason.into(), raw: raw(bytes) }
}

/// What is said of a record that is too long.
pub fn too_long_reason() -> String {
    format!("the record is longer than {RECORD_BYTES_MAX} bytes")
}
