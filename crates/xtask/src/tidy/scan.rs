//! Splits Rust source into code, comments and literals, line by line the same, so that a rule about
//! code is not fooled by a string and a rule about comments not by code. It is no parser: it knows
//! where text begins and ends, and where a function does, and nothing else.

/// A source file taken apart. `code` and `comments` keep every line break of the original; whatever
/// does not belong is a space.
#[derive(Debug, Default)]
pub struct Scanned {
    /// The code, with comments and the insides of literals blanked.
    pub code: String,
    /// The comments alone.
    pub comments: String,
    /// The string literals, as written between their quotes.
    pub literals: Vec<Literal>,
}

/// One string literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    /// Line of its first character, counted from 1.
    pub line: usize,
    /// Its text as written: escapes are not resolved.
    pub text: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of the word `fn`, counted from 1.
    pub line: usize,
    /// Lines from there to the closing brace, both counted.
    pub lines: usize,
}

/// Takes `text` apart.
#[must_use]
pub fn scan(text: &str) -> Scanned {
    let mut scanner =
        Scanner { chars: text.chars().collect(), at: 0, line: 1, out: Scanned::default() };
    while scanner.at < scanner.chars.len() {
        scanner.step();
    }
    scanner.out
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    line: usize,
    out: Scanned,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Code,
    Comment,
    Neither,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn take(&mut self, side: Side) {
        let Some(c) = self.peek(0) else { return };
        self.at += 1;
        let blank = if c == '\n' { '\n' } else { ' ' };
        self.out.code.push(if side == Side::Code { c } else { blank });
        self.out.comments.push(if side == Side::Comment { c } else { blank });
        if c == '\n' {
            self.line += 1;
        }
    }

    fn take_many(&mut self, count: usize, side: Side) {
        for _ in 0..count {
            self.take(side);
        }
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (Some('/'), Some('/')) => {
                while self.peek(0).is_some_and(|c| c != '\n') {
                    self.take(Side::Comment);
                }
            }
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.string(),
            (Some('\''), _) => self.quote(),
            (Some('r'), Some('"' | '#')) if !self.within_word() => self.raw(),
            (Some('b' | 'c'), Some('r')) if !self.within_word() => {
                self.take(Side::Code);
                self.raw();
            }
            _ => self.take(Side::Code),
        }
    }

    fn within_word(&self) -> bool {
        self.at > 0 && in_word(self.chars[self.at - 1])
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.take_many(2, Side::Comment);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.take_many(2, Side::Comment);
                    if depth == 0 {
                        return;
                    }
                }
                (Some(_), _) => self.take(Side::Comment),
                (None, _) => return,
            }
        }
    }

    fn string(&mut self) {
        self.take(Side::Code);
        let (line, start) = (self.line, self.at);
        while let Some(c) = self.peek(0) {
            match c {
                '"' => break,
                '\\' => self.take_many(2, Side::Neither),
                _ => self.take(Side::Neither),
            }
        }
        self.keep(line, start);
        self.take(Side::Code);
    }

    /// At the `r` of what may be a raw string; `r#name` is a raw identifier and stays code.
    fn raw(&mut self) {
        let hashes = (1..).take_while(|ahead| self.peek(*ahead) == Some('#')).count();
        if self.peek(1 + hashes) != Some('"') {
            self.take(Side::Code);
            return;
        }
        self.take_many(2 + hashes, Side::Code);
        let (line, start) = (self.line, self.at);
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                break;
            }
            self.take(Side::Neither);
        }
        self.keep(line, start);
        self.take_many(1 + hashes, Side::Code);
    }

    /// At a `'`: a character, or a lifetime or label, which stays code.
    fn quote(&mut self) {
        let length = match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => {
                (3..).find(|ahead| !matches!(self.peek(*ahead), Some(c) if c != '\''))
            }
            (Some(_), Some('\'')) => Some(2),
            _ => None,
        };
        self.take(Side::Code);
        if let Some(length) = length {
            self.take_many(length - 1, Side::Neither);
            self.take(Side::Code);
        }
    }

    fn keep(&mut self, line: usize, start: usize) {
        let text = self.chars[start..self.at].iter().collect();
        self.out.literals.push(Literal { line, text });
    }
}

/// Whether `c` may stand inside a Rust name.
#[must_use]
pub fn in_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The functions with a body in `code`, which is [`Scanned::code`]. One inside another is counted
/// in both.
#[must_use]
pub fn functions(code: &str) -> Vec<Function> {
    let chars: Vec<char> = code.chars().collect();
    let mut found = Vec::new();
    let mut line = 1;
    for at in 0..chars.len() {
        if chars[at] == '\n' {
            line += 1;
        }
        let Some(name) = name_after_fn(&chars, at) else { continue };
        let Some(end) = end_of_body(&chars, at) else { continue };
        let lines = 1 + chars[at..end].iter().filter(|c| **c == '\n').count();
        found.push(Function { name, line, lines });
    }
    found
}

/// The name, when the word `fn` stands at `at` and declares one: `fn(u8)` is a type.
fn name_after_fn(chars: &[char], at: usize) -> Option<String> {
    let starts = chars[at..].starts_with(&['f', 'n', ' ']);
    if !starts || (at > 0 && in_word(chars[at - 1])) {
        return None;
    }
    let name: String = chars[at + 3..].iter().take_while(|c| in_word(**c)).collect();
    if name.is_empty() { None } else { Some(name) }
}

/// One past the brace that closes the body of the function declared at `at`; `None` without body.
fn end_of_body(chars: &[char], at: usize) -> Option<usize> {
    let (mut inside, mut braces) = (0_i32, 0_i32);
    for (offset, c) in chars[at..].iter().enumerate() {
        match c {
            '(' | '[' => inside += 1,
            ')' | ']' => inside -= 1,
            ';' if inside == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 && inside == 0 {
                    return Some(at + offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}
