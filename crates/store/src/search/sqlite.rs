//! The index in SQLite's words: FTS5 without content beside the table of cases. A test compiles
//! these statements on SQLite alone.

/// The newest rows of some buckets that answer an expression. The full-text table comes first
/// whatever the planner thinks: it gives its rows newest first and stops when there are enough.
pub(super) const HITS: &str = "SELECT d.doc, d.case_id, d.stage, d.outcome, d.queue, d.channel,
 d.provider, d.product FROM search_words w CROSS JOIN search_docs d ON d.doc = w.rowid
 WHERE w.search_words MATCH ?1 AND w.rowid < ?2 AND d.opened_at >= ?3 AND d.opened_at < ?4
 ORDER BY w.rowid DESC LIMIT ?5";

/// A case's row; its tokens follow in a statement of their own.
pub(super) const INSERT_DOC: &str = "INSERT INTO search_docs (doc, generation, case_id, head,
 opened_at, stage, outcome, queue, channel, provider, product)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

/// A case's tokens.
pub(super) const INSERT_WORDS: &str = "INSERT INTO search_words (rowid, words) VALUES (?1, ?2)";
