//! The laws about one source file: its size, its opening, the words that must not stand in it. It
//! looks at text only and never at what another file says.

use super::scan::{self, Scanned};
use super::{Finding, Rule, sql};

/// Columns in a line, in characters.
pub const COLUMNS_MAX: usize = 100;
/// Lines of a function, from `fn` to the closing brace.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a file.
pub const FILE_LINES_MAX: usize = 600;

/// Words in code, each with what to do instead.
const CODE_WORDS: [(&str, &str); 6] = [
    ("todo!", "write it, or open an issue and leave the branch out"),
    ("unimplemented!", "write it, or return a refusal"),
    ("dbg!", "remove it, or make it a tracing event"),
    ("#[ignore", "a slow test asks for REDRESS_LONG and says so; none is skipped silently"),
    ("#[allow(", "use #[expect(.., reason = \"..\")], which ends by itself"),
    ("#![allow(", "use #![expect(.., reason = \"..\")], which ends by itself"),
];

/// Words in comments.
const COMMENT_WORDS: [&str; 2] = ["TODO", "FIXME"];

/// Checks one Rust file.
#[must_use]
pub fn rust(path: &str, text: &str) -> Vec<Finding> {
    let scanned = scan::scan(text);
    let mut findings = script(path, text);
    if !text.trim_start().starts_with("//!") {
        let what = "the file does not open with `//!`: say what it is for and must never do";
        findings.push(Finding::new(path, 1, Rule::Opening, what));
    }
    for function in scan::functions(&scanned.code) {
        if function.lines > FUNCTION_LINES_MAX {
            let (name, lines) = (&function.name, function.lines);
            let what = format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}");
            findings.push(Finding::new(path, function.line, Rule::LongFunction, what));
        }
    }
    findings.extend(words(path, &scanned));
    findings.extend(sql::literals(path, &scanned.literals));
    findings
}

/// Checks what holds for every kind of source: the length of lines and of the file.
#[must_use]
pub fn script(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let columns = line.chars().count();
        if columns > COLUMNS_MAX {
            let what = format!("{columns} columns, at most {COLUMNS_MAX}");
            findings.push(Finding::new(path, number, Rule::LongLine, what));
        }
    }
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        let what = format!("{lines} lines, at most {FILE_LINES_MAX}");
        findings.push(Finding::new(path, 0, Rule::LongFile, what));
    }
    findings
}

fn words(path: &str, scanned: &Scanned) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = scanned.code.lines().zip(scanned.comments.lines());
    for (number, (code, comment)) in (1..).zip(lines) {
        for (word, instead) in CODE_WORDS {
            if has_word(code, word) {
                let what = format!("`{word}`: {instead}");
                findings.push(Finding::new(path, number, Rule::Word, what));
            }
        }
        if code.contains("cfg_attr(") && has_word(code, "allow(") {
            let what = "`allow(` behind cfg_attr: use expect(.., reason = \"..\")";
            findings.push(Finding::new(path, number, Rule::Word, what));
        }
        for word in COMMENT_WORDS {
            if has_word(comment, word) {
                let what = format!("`{word}` in a comment: do it now or open an issue");
                findings.push(Finding::new(path, number, Rule::Word, what));
            }
        }
    }
    findings
}

/// Whether `word` stands in `line`, not as the part of a longer name.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let starts = word.starts_with(scan::in_word);
    let ends = word.ends_with(scan::in_word);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !(starts && before.is_some_and(scan::in_word) || ends && after.is_some_and(scan::in_word))
    })
}
