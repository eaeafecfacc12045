-- Files that belong to cases. The bytes are in the storage, sealed, under `address`, which is never
-- used twice; a row is written after its bytes are durable. `case_id` is null while a file belongs
-- to no case, as with a submission that was rejected.

CREATE TABLE evidence (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    case_id TEXT,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    flags TEXT NOT NULL,
    state TEXT NOT NULL,
    state_at INTEGER NOT NULL,
    finding TEXT NOT NULL,
    address TEXT NOT NULL,
    uploaded_by TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX evidence_address ON evidence (address);

CREATE INDEX evidence_case ON evidence (case_id, id);

CREATE INDEX evidence_digest ON evidence (scope, sha256);

CREATE INDEX evidence_held ON evidence (id) WHERE state = 'held';
