//! What `docs/api.md` promises of changes and of what ends, for the page: its own words, so that
//! there is one policy. Only paragraphs and lists are known, which is all that stands there.

use super::CONVENTIONS;
use super::view::{Piece, prose};

/// The chapters that are shown, by their headings, with the ids that others lead to.
const SHOWN: &[(&str, &str)] =
    &[("changes", "What may change, and what may not"), ("deprecation", "Deprecation")];

/// One chapter.
pub(super) struct Chapter {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A paragraph, or a list of several.
pub(super) struct Block {
    pub(super) list: bool,
    pub(super) texts: Vec<Vec<Piece>>,
}

/// The chapters.
pub(super) fn chapters() -> Vec<Chapter> {
    let all: Vec<(&str, &str)> =
        CONVENTIONS.split("\n## ").filter_map(|one| one.split_once('\n')).collect();
    SHOWN
        .iter()
        .map(|(id, title)| {
            let text = all.iter().find(|(heading, _)| heading == title).map_or("", |one| one.1);
            let blocks = text.trim().split("\n\n").filter(|one| !one.is_empty()).map(block);
            Chapter { id, title, blocks: blocks.collect() }
        })
        .collect()
}

fn block(text: &str) -> Block {
    let list = text.starts_with("- ");
    let items = text.strip_prefix("- ").unwrap_or(text).split("\n- ");
    let texts = items.map(|one| prose(&one.split_whitespace().collect::<Vec<_>>().join(" ")));
    Block { list, texts: texts.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chapter_is_found() {
        let chapters = chapters();
        assert_eq!(chapters.len(), SHOWN.len());
        for one in chapters {
            assert!(one.blocks.len() >= 2, "{}", one.title);
            let words = one.blocks.iter().flat_map(|block| block.texts.iter().flatten());
            assert!(words.clone().all(|piece| !piece.text.contains("](")), "{}", one.title);
        }
    }
}
