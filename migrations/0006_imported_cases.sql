-- Which case was made of another system's, so that a file can be brought in again and again.
CREATE TABLE imported_cases (
    scope INTEGER NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    case_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, source, external_id)
) STRICT, WITHOUT ROWID;
