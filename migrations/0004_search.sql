-- The search index: derived from cases, notes and payments, and built anew at will. `doc` is the
-- number of a case in one generation of the index: generation, scope and a running number in one
-- integer (crates/store/src/search.rs), so the newest of a scope come last.

CREATE TABLE search_docs (
    doc INTEGER NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    head INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    stage TEXT NOT NULL,
    outcome TEXT NOT NULL,
    queue TEXT NOT NULL,
    channel TEXT NOT NULL,
    provider TEXT NOT NULL,
    product TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX search_docs_case ON search_docs (case_id, generation);

-- A stretch of running numbers, and between which times its cases were opened.
CREATE TABLE search_buckets (
    generation INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (generation, scope, bucket)
) STRICT, WITHOUT ROWID;

-- One row: which generation answers, which is being built (0 for none) and how far, and which is
-- being taken away (0 for none). `sealed` is the last seal whose cases are in the index.
CREATE TABLE search_state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    live INTEGER NOT NULL,
    live_sealed INTEGER NOT NULL,
    building INTEGER NOT NULL,
    building_sealed INTEGER NOT NULL,
    walked_to TEXT NOT NULL,
    walked INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    dropping INTEGER NOT NULL,
    switched_at INTEGER NOT NULL
) STRICT;

INSERT INTO search_state (id, version, live, live_sealed, building, building_sealed, walked_to,
 walked, started_at, dropping, switched_at) VALUES (1, 1, 1, 0, 0, 0, '', 0, 0, 0, 0);
