//! The index in PostgreSQL's words: the tokens as a vector in the table of cases. A test compiles
//! these statements on PostgreSQL alone.

/// The newest rows of some buckets that answer an expression. `OFFSET 0` keeps the conditions
/// outside from reaching the planner: it would walk the primary key backwards for a word that it
/// takes for common, through all cases when it is rare.
pub(super) const HITS: &str = "SELECT d.doc, d.case_id, d.stage, d.outcome, d.queue, d.channel,
 d.provider, d.product FROM (SELECT doc, case_id, opened_at, stage, outcome, queue, channel,
  provider, product FROM search_docs WHERE tokens @@ CAST(?1 AS tsquery) OFFSET 0) d
 WHERE d.doc < ?2 AND d.opened_at >= ?3 AND d.opened_at < ?4 ORDER BY d.doc DESC LIMIT ?5";

/// A case's row with its tokens, separated by spaces.
pub(super) const INSERT_DOC: &str = "INSERT INTO search_docs (doc, generation, case_id, head,
 opened_at, stage, outcome, queue, channel, provider, product, tokens)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
  array_to_tsvector(string_to_array(?12, ' ')))";
