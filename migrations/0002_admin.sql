-- People and rights, overlapping secrets, queues and teams, settings, and who read and changed what.
-- An older program would take a narrowed token for a whole one and let disabled people in, so none
-- may work on this schema.

ALTER TABLE tenants ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- `rights` holds the words of what is left of the role's rights; null leaves all of them.
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;

ALTER TABLE api_keys ADD COLUMN rights TEXT;

ALTER TABLE tokens ADD COLUMN member TEXT;

ALTER TABLE tokens ADD COLUMN rights TEXT;

ALTER TABLE tokens ADD COLUMN installation INTEGER NOT NULL DEFAULT 0;

-- The secret before signs beside the new one until then.
ALTER TABLE webhook_endpoints ADD COLUMN secret_before BLOB;

ALTER TABLE webhook_endpoints ADD COLUMN before_until INTEGER;

CREATE TABLE members (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    password TEXT,
    UNIQUE (scope, email)
) STRICT;

CREATE TABLE member_invites (
    digest BLOB NOT NULL PRIMARY KEY,
    member TEXT NOT NULL REFERENCES members (id),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE queues (
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    team TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE teams (
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE team_members (
    scope INTEGER NOT NULL,
    team TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (scope, team, member)
) STRICT, WITHOUT ROWID;

-- A value of null was set back; the row stays, so that its version goes on.
CREATE TABLE settings (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalogue (
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

-- A chain for each scope: `previous` is the digest of the entry before.
CREATE TABLE admin_history (
    scope INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    credential TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    changes TEXT NOT NULL,
    previous BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (scope, seq)
) STRICT, WITHOUT ROWID;

-- One row for each reader, credential, view and subject in a minute.
CREATE TABLE read_log (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    credential TEXT NOT NULL,
    view TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX read_log_scope ON read_log (scope, id);

CREATE INDEX outbox_endpoint ON outbox (endpoint, id) WHERE endpoint IS NOT NULL;
