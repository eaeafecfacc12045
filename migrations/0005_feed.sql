-- What leaves by export, numbered after it was committed, so that a reader who follows the numbers
-- misses nothing that was committed late. Cases need nothing here: their histories are numbered by
-- the seals. `seq` is 0 until a sweep gives the next number.

-- One row for each commit that wrote payments: a line for each, `n` or `m` (new or moved), the
-- reference, the status' number and since when, separated by spaces. No reference holds one. `n`
-- is above that of every waiting row that its writer could see: a payment's move comes after what
-- it moved from, whatever the clocks say.
CREATE TABLE feed_payments (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX feed_payments_waiting ON feed_payments (n, id) WHERE seq = 0;

CREATE INDEX feed_payments_scope ON feed_payments (scope, seq);

-- One row for each event of the outbox, written when the seal of its case's history is followed.
CREATE TABLE feed_events (
    seq INTEGER NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    message_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE INDEX feed_events_scope ON feed_events (scope, seq);

-- One row: the last numbers given, and the last seal that was followed for events.
CREATE TABLE feed_state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    payments INTEGER NOT NULL,
    events INTEGER NOT NULL,
    sealed INTEGER NOT NULL
) STRICT;

INSERT INTO feed_state (id, payments, events, sealed) VALUES (1, 0, 0, 0);

-- Payments from before: they leave as new, with the status they have now.
INSERT INTO feed_payments (id, scope, at, n, seq, body)
SELECT 'before ' || scope || ' ' || refid, scope, status_at, 0, 0,
 'n ' || refid || ' ' || status || ' ' || status_at FROM payments;
