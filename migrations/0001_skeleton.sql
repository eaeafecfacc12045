-- The first schema. One text for both engines: see crates/store/src/engine.rs for the few words that
-- are rewritten. Times are milliseconds since 1970 UTC, money is minor units, booleans are 0 and 1.
-- `scope` is twice the tenant's number, plus one for production.

CREATE TABLE tenants (
    id INTEGER NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    seal_narratives INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    secret BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE tokens (
    digest BLOB NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    role TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE logins (
    username TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE refresh_tokens (
    digest BLOB NOT NULL PRIMARY KEY,
    username TEXT NOT NULL REFERENCES logins (username),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    url TEXT NOT NULL,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE INDEX webhook_endpoints_scope ON webhook_endpoints (scope);

CREATE TABLE payments (
    scope INTEGER NOT NULL,
    refid TEXT NOT NULL,
    trxid TEXT NOT NULL,
    product TEXT NOT NULL,
    account TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    status INTEGER NOT NULL,
    status_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    provider TEXT NOT NULL,
    payer_ref TEXT NOT NULL,
    PRIMARY KEY (scope, refid)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX payments_trxid ON payments (scope, trxid) WHERE trxid <> '';

-- `slot` is 0 while the case is not closed and the instant of closing afterwards, so one index holds
-- "one open case per payment" and finds the closed ones too.
CREATE TABLE cases (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    version INTEGER NOT NULL,
    stage TEXT NOT NULL,
    stage_fact TEXT NOT NULL,
    stage_at INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    refid TEXT NOT NULL,
    slot INTEGER NOT NULL,
    earlier TEXT,
    addresses TEXT NOT NULL,
    through TEXT NOT NULL,
    queue TEXT NOT NULL,
    assignee TEXT NOT NULL,
    proposal TEXT,
    proposed_by TEXT,
    head_seq INTEGER NOT NULL,
    head_digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX cases_payment ON cases (scope, refid, slot);

-- `content` is personal and erasable, `salt` goes with it. `sealed` says whether the text is sealed
-- with the key outside the database. `seal` is the number of the seal that covers the note, 0 before.
CREATE TABLE notes (
    case_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    fact TEXT NOT NULL,
    content_digest BLOB NOT NULL,
    previous BLOB NOT NULL,
    digest BLOB NOT NULL,
    salt BLOB,
    content BLOB,
    sealed INTEGER NOT NULL,
    seal INTEGER NOT NULL,
    PRIMARY KEY (case_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX notes_unsealed ON notes (case_id, seq) WHERE seal = 0;

CREATE TABLE seals (
    seq INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    heads INTEGER NOT NULL,
    root BLOB NOT NULL,
    previous BLOB NOT NULL,
    signer TEXT NOT NULL,
    signature BLOB NOT NULL
) STRICT;

CREATE TABLE seal_heads (
    seal INTEGER NOT NULL REFERENCES seals (seq),
    case_id TEXT NOT NULL,
    note_seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (seal, case_id)
) STRICT, WITHOUT ROWID;

-- `state`: 0 waits, 1 done, 2 given up. `parent` is the event a webhook delivery was made from.
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    shape TEXT NOT NULL,
    body TEXT NOT NULL,
    endpoint TEXT,
    parent TEXT,
    state INTEGER NOT NULL,
    due INTEGER NOT NULL,
    leased_until INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_waiting ON outbox (due, id) WHERE state = 0;

CREATE INDEX outbox_case ON outbox (case_id);

CREATE TABLE attempts (
    message_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    result TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;

-- How much was sent in a window: by address digest, by key digest.
CREATE TABLE quotas (
    subject BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (ends_at, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE nonces (
    minute INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (minute, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE saved_keys (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    shape TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX saved_keys_at ON saved_keys (at);
