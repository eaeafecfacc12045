//! How messages are claimed on PostgreSQL, where several nodes do so at once: in its own words,
//! since SQLite has one writer and knows no locks of rows. Nothing else may stand here.

// Rows that another node is just writing are passed over. Waiting for them would hold up everything
// that is committed together with the claim, and two claims of the same rows in two orders are a
// deadlock: a second for both. The array is made once; `IN` might choose anew for every row.
pub(super) const CLAIM: &str = "UPDATE outbox SET leased_until = ?1
 WHERE state = 0 AND due <= ?2 AND leased_until <= ?2 AND id = ANY(ARRAY(
  SELECT id FROM outbox WHERE state = 0 AND due <= ?2 AND leased_until <= ?2
  ORDER BY due, id LIMIT ?3 FOR UPDATE SKIP LOCKED))
 RETURNING id, scope, case_id, at, channel, shape, body, endpoint, parent, attempts, leased_until";
