//! The index in PostgreSQL's words: the tokens as a vector in the table of cases, and cases loaded
//! by a list of ids, which comes as one text with spaces between. A test compiles these statements
//! on PostgreSQL alone.

use crate::read::cases::{case_columns, note_columns, payment_columns};

/// The newest rows of some buckets that answer an expression. `OFFSET 0` keeps the conditions
/// outside from reaching the planner: it would walk the primary key backwards for a word that it
/// takes for common, through all cases when it is rare.
pub(super) const HITS: &str = "SELECT d.doc, d.case_id, d.stage, d.outcome, d.queue, d.channel,
 d.provider, d.product FROM (SELECT doc, case_id, opened_at, stage, outcome, queue, channel,
  provider, product FROM search_docs WHERE tokens @@ CAST(?1 AS tsquery) OFFSET 0) d
 WHERE d.doc < ?2 AND d.opened_at >= ?3 AND d.opened_at < ?4 ORDER BY d.doc DESC LIMIT ?5";

/// Those of the newest rows, so many and no more, that answer an expression: what is common is
/// there, and the index would have to gather all that a bucket has of it.
pub(super) const NEWEST: &str = "SELECT d.doc, d.case_id, d.stage, d.outcome, d.queue, d.channel,
 d.provider, d.product FROM (SELECT doc, case_id, opened_at, stage, outcome, queue, channel,
  provider, product, tokens FROM search_docs WHERE doc >= ?6 AND doc < ?2
  ORDER BY doc DESC LIMIT ?7) d
 WHERE d.tokens @@ CAST(?1 AS tsquery) AND d.opened_at >= ?3 AND d.opened_at < ?4
 ORDER BY d.doc DESC LIMIT ?5";

/// The oldest of those newest rows.
pub(super) const NEWEST_END: &str = "SELECT MIN(d.doc) FROM (SELECT doc FROM search_docs
 WHERE doc >= ?1 AND doc < ?2 ORDER BY doc DESC LIMIT ?3) d";

/// Which of these rows answer an expression: each by its own vector.
pub(super) const AMONG: &str = "SELECT d.doc, d.case_id, d.stage, d.outcome, d.queue, d.channel,
 d.provider, d.product FROM (SELECT doc, case_id, stage, outcome, queue, channel, provider,
  product, tokens FROM search_docs
  WHERE doc = ANY(CAST(string_to_array(?1, ' ') AS BIGINT[])) OFFSET 0) d
 WHERE d.tokens @@ CAST(?2 AS tsquery) ORDER BY d.doc DESC LIMIT ?3";

/// A case's row with its tokens, separated by spaces.
pub(super) const INSERT_DOC: &str = "INSERT INTO search_docs (doc, generation, case_id, head,
 opened_at, stage, outcome, queue, channel, provider, product, tokens)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
  array_to_tsvector(string_to_array(?12, ' ')))";

/// Where new cases' rows are copied to.
pub(super) const DOCS: &str = "search_docs (doc, generation, case_id, head, opened_at, stage,
 outcome, queue, channel, provider, product, tokens)";

/// Takes what waits beside the index into it.
pub(super) const SETTLE: &str = "SELECT gin_clean_pending_list('search_docs_tokens')";

/// How many notes cases have.
pub(super) const HEADS: &str = "SELECT id, head_seq FROM cases
 WHERE id = ANY(string_to_array(?1, ' '))";

/// Cases.
pub(super) const CASES: &str =
    concat!("SELECT ", case_columns!(), " FROM cases WHERE id = ANY(string_to_array(?1, ' '))");

/// Their payments, each with the case's id behind it.
pub(super) const PAYMENTS: &str = concat!(
    "SELECT ",
    payment_columns!(),
    ", cases.id FROM cases JOIN payments ON payments.scope = cases.scope
 AND payments.refid = cases.refid WHERE cases.id = ANY(string_to_array(?1, ' '))"
);

/// Their histories, of each so many notes at most.
pub(super) const NOTES: &str = concat!(
    "SELECT ",
    note_columns!(),
    " FROM unnest(string_to_array(?1, ' ')) AS wanted(id) CROSS JOIN LATERAL
 (SELECT ",
    note_columns!(),
    " FROM notes WHERE notes.case_id = wanted.id ORDER BY notes.seq LIMIT ?2) notes
 ORDER BY notes.case_id, notes.seq"
);

/// Their numbers in a generation.
pub(super) const DOCS_OF: &str = "SELECT doc, head, case_id FROM search_docs
 WHERE case_id = ANY(string_to_array(?1, ' ')) AND generation = ?2";
