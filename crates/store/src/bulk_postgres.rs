//! Statements about many payments at once, in PostgreSQL's words only: SQLite knows no arrays, and
//! needs none. Lists come as one text with spaces between, which no reference holds. Nothing else
//! may stand here: a statement that both engines understand belongs to `read` or `write`.

/// Where new payments are copied to.
pub(crate) const PAYMENTS: &str = "payments (scope, refid, trxid, product, account, amount_minor,
 currency, status, status_at, created_at, provider, payer_ref)";

pub(crate) const PAYMENTS_BY_REFIDS: &str = "SELECT payments.refid, payments.trxid,
 payments.product, payments.account, payments.amount_minor, payments.currency, payments.status,
 payments.status_at, payments.created_at, payments.provider, payments.payer_ref
 FROM payments WHERE scope = ?1 AND refid = ANY(string_to_array(?2, ' '))";

pub(crate) const OWNERS_BY_TRXIDS: &str = "SELECT trxid, refid FROM payments
 WHERE scope = ?1 AND trxid <> '' AND trxid = ANY(string_to_array(?2, ' '))";

pub(crate) const MOVE_PAYMENTS: &str = "UPDATE payments SET status = moved.status,
 status_at = moved.status_at FROM (SELECT unnest(string_to_array(?2, ' ')) AS refid,
  unnest(CAST(string_to_array(?3, ' ') AS BIGINT[])) AS from_status_at,
  unnest(CAST(string_to_array(?4, ' ') AS BIGINT[])) AS status,
  unnest(CAST(string_to_array(?5, ' ') AS BIGINT[])) AS status_at) moved
 WHERE payments.scope = ?1 AND payments.refid = moved.refid
 AND payments.status_at = moved.from_status_at";
