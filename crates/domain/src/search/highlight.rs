//! Where a text answers a question: a piece of it around the first word that was asked for, with
//! every such word marked. It reads the text itself, so it shows what was written, not what was
//! kept to find it.

use super::question::{Question, tokens_of};
use super::words::pieces;

/// Characters shown before the first word that was asked for.
const BEFORE_CHARS: usize = 60;

/// Characters shown from there on.
const AFTER_CHARS: usize = 180;

/// A part of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it says.
    pub text: String,
    /// Whether it was asked for.
    pub hit: bool,
}

/// A piece of the text with the words that were asked for, or nothing when it has none.
pub fn excerpt(text: &str, question: &Question) -> Option<Vec<Part>> {
    let hits = hits(text, question);
    let first = hits.first()?;
    let start = text[..first.0].char_indices().rev().take(BEFORE_CHARS).last();
    let start = word_start(text, start.map_or(first.0, |(at, _)| at), first.0);
    let end = text[first.0..].char_indices().nth(AFTER_CHARS);
    let end = end.map_or(text.len(), |(at, _)| first.0 + at);
    let mut parts = Vec::new();
    let mut at = start;
    for (from, to) in hits {
        if to > end {
            break;
        }
        push(&mut parts, &text[at..from], false);
        push(&mut parts, &text[from..to], true);
        at = to;
    }
    push(&mut parts, &text[at..end.max(at)], false);
    Some(parts)
}

fn push(parts: &mut Vec<Part>, text: &str, hit: bool) {
    if !text.is_empty() {
        parts.push(Part { text: text.to_owned(), hit });
    }
}

/// The first word that begins at or after `at`, so that no word is cut.
fn word_start(text: &str, at: usize, last: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let space = text[at..last].find(char::is_whitespace);
    space.map_or(at, |space| {
        at + space + text[at + space..].chars().next().map_or(0, char::len_utf8)
    })
}

/// From where to where each stands; those that touch or overlap are one.
fn hits(text: &str, question: &Question) -> Vec<(usize, usize)> {
    let mut hits: Vec<(usize, usize)> = Vec::new();
    for piece in pieces(text) {
        let (form, shared) = tokens_of(&piece);
        let tokens: Vec<&str> = std::iter::once(form.as_str()).chain(shared.as_deref()).collect();
        if !question.names(&tokens) {
            continue;
        }
        let (mut from, mut to) = (piece.at.start, piece.at.end);
        // A whole comes after its parts, and covers several.
        while let Some(before) = hits.pop_if(|before| from <= before.1) {
            (from, to) = (from.min(before.0), to.max(before.1));
        }
        hits.push((from, to));
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The excerpt with what was asked for in brackets.
    fn shown(text: &str, asked: &str) -> Option<String> {
        let question = Question::new(Some(asked), &[]).expect("a short text");
        let parts = excerpt(text, &question)?;
        Some(
            parts
                .into_iter()
                .map(|p| if p.hit { format!("[{}]", p.text) } else { p.text })
                .collect(),
        )
    }

    #[test]
    fn what_was_asked_for_is_marked() {
        for (text, asked, excerpt) in [
            ("I was charged twice.", "charges", Some("I was [charged] twice.")),
            ("Áéí TRANSACCIÓN x", "transaccion", Some("Áéí [TRANSACCIÓN] x")),
            ("我要退款失败了", "退款失败", Some("我要[退款失败]了")),
            ("mine: a.b@example.com!", "a.b@example.com", Some("mine: [a.b@example.com]!")),
            ("मेरे पैसे", "पैसा", Some("मेरे [पैसे]")),
            ("on XX/XX/2021 I", "xx xx/xx/2021", Some("on [XX/XX/2021] I")),
            ("nothing here", "money", None),
        ] {
            assert_eq!(shown(text, asked).as_deref(), excerpt, "{text} for {asked}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        let text = format!("{} refund {}", "before ".repeat(50), "after ".repeat(100));
        let shown = shown(&text, "refund").expect("an excerpt");
        assert!(shown.starts_with("before before"), "{shown}");
        assert!(shown.contains("[refund]") && shown.chars().count() < 260, "{shown}");
    }
}
