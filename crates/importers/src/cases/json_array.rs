//! The members of one large JSON array, each as its bytes, so that no more than one is ever held.
//! It only tells them apart; whether they are JSON is seen when they are read.

use std::io::{self, BufRead as _, BufReader, Read};

use crate::transactions::lines::Line;

/// An array being read.
pub struct Members {
    from: BufReader<Box<dyn Read + Send>>,
    bytes_max: usize,
    line: u64,
    bytes: u64,
    opened: bool,
    ended: bool,
}

/// A member of which some bytes were read.
struct Part {
    line: Line,
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl Members {
    /// The members of `from`, of at most so many bytes each.
    pub fn new(from: BufReader<Box<dyn Read + Send>>, bytes_max: usize) -> Self {
        Self { from, bytes_max, line: 1, bytes: 0, opened: false, ended: false }
    }

    /// Bytes behind the members given out.
    pub const fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// The next member with the line it begins on, or nothing at the end. What follows the array
    /// is not read; a member that the file breaks off in is given as far as it goes.
    ///
    /// # Errors
    /// The machine stops reading.
    pub fn next_member(&mut self) -> io::Result<Option<Line>> {
        let mut part: Option<Part> = None;
        while !self.ended {
            let buffer = match self.from.fill_buf() {
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                buffer => buffer?.to_vec(),
            };
            self.ended = buffer.is_empty();
            let (mut used, mut whole) = (0, false);
            for &byte in &buffer {
                used += 1;
                self.line += u64::from(byte == b'\n');
                whole = self.take(byte, &mut part);
                if whole || self.ended {
                    break;
                }
            }
            self.from.consume(used);
            self.bytes += used as u64;
            if whole {
                break;
            }
        }
        Ok(part.map(|part| Line { end: self.bytes, ..part.line }))
    }

    /// Takes one byte; whether it ended the member.
    fn take(&mut self, byte: u8, part: &mut Option<Part>) -> bool {
        let Some(begun) = part else {
            match byte {
                b'[' if !self.opened => self.opened = true,
                b']' => self.ended = true,
                b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if !self.opened => {} // a byte order mark
                _ => {
                    let line = Line { number: self.line, bytes: vec![], too_long: false, end: 0 };
                    let mut new = Part { line, depth: 0, in_text: false, escaped: false };
                    new.push(byte, self.bytes_max);
                    *part = Some(new);
                }
            }
            return false;
        };
        if begun.depth == 0 && !begun.in_text && matches!(byte, b',' | b']') {
            self.ended = byte == b']';
            return true;
        }
        begun.push(byte, self.bytes_max);
        begun.depth == 0 && matches!(byte, b'}' | b']') && !begun.in_text
    }
}

impl Part {
    fn push(&mut self, byte: u8, bytes_max: usize) {
        if self.line.bytes.len() < bytes_max {
            self.line.bytes.push(byte);
        } else {
            self.line.too_long = true;
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_text => self.escaped = true,
            b'"' => self.in_text = !self.in_text,
            b'{' | b'[' if !self.in_text => self.depth += 1,
            b'}' | b']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn members(text: &str, bytes_max: usize) -> Vec<(u64, String, bool)> {
        // A tiny buffer, so that members lie across many.
        let from: Box<dyn Read + Send> = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let mut members = Members::new(BufReader::with_capacity(3, from), bytes_max);
        let mut found = Vec::new();
        while let Some(line) = members.next_member().expect("read") {
            let text = String::from_utf8(line.bytes).expect("UTF-8");
            found.push((line.number, text, line.too_long));
        }
        found
    }

    #[test]
    fn members_are_told_apart() {
        let own = |list: &[(u64, &str)]| -> Vec<(u64, String, bool)> {
            list.iter().map(|(line, text)| (*line, (*text).to_owned(), false)).collect()
        };
        for (text, wanted) in [
            ("[]", &[][..]),
            ("  [\n]\n", &[]),
            ("\u{feff}[{\"a\":1}]", &[(1, "{\"a\":1}")]),
            ("[{\"a\":[1,{}]},\n\n{}]trailing", &[(1, "{\"a\":[1,{}]}"), (3, "{}")]),
            (r#"[{"a":"}],\"]"},{"b":2}]"#, &[(1, r#"{"a":"}],\"]"}"#), (1, r#"{"b":2}"#)]),
            ("[1,\"x,]\",[2,3]]", &[(1, "1"), (1, "\"x,]\""), (1, "[2,3]")]),
            ("[{\"a\":1},{\"b", &[(1, "{\"a\":1}"), (1, "{\"b")]),
        ] {
            assert_eq!(members(text, 100), own(wanted), "{text}");
        }
    }

    #[test]
    fn a_long_member_is_cut_and_the_next_one_is_read() {
        let found = members("[{\"long\":\"xxxxxxxxxxxxxxxxxx\"},{\"b\":2}]", 10);
        assert_eq!(found[0], (1, "{\"long\":\"x".to_owned(), true));
        assert_eq!(found[1], (1, "{\"b\":2}".to_owned(), false));
    }
}
