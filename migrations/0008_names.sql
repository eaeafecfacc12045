-- Who is called what: in an account's environment no two have one name, whatever its capitals. `folded`
-- is the name as it is compared, `until` when it is free again. Of names that were given twice before,
-- the member's comes first, then the key's that was made first, then the token's: the others go on
-- working, count as the same person, and cannot be given again.
-- An older program would give names away twice, so none may work on this schema.

CREATE TABLE names (
    scope INTEGER NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (scope, folded)
) STRICT, WITHOUT ROWID;

CREATE INDEX names_holder ON names (scope, holder);

INSERT INTO names (scope, folded, name, kind, holder, until)
    SELECT scope, LOWER(TRIM(email)), email, 'member', id, 9223372036854775807 FROM members
    WHERE 1 = 1 ORDER BY created_at, id
    ON CONFLICT DO NOTHING;

INSERT INTO names (scope, folded, name, kind, holder, until)
    SELECT scope, LOWER(TRIM(label)), label, 'key', id, 9223372036854775807 FROM api_keys
    WHERE label <> '' AND revoked_at IS NULL AND expires_at IS NULL ORDER BY created_at, id
    ON CONFLICT DO NOTHING;

-- A token's id is made of its digest, which SQL does not spell; tokens are looked at by the program.

-- What was administered is sealed too: `seal` is the number of the seal that covers an entry, 0 before.
ALTER TABLE admin_history ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;

CREATE INDEX admin_history_unsealed ON admin_history (scope, seq) WHERE seal = 0;

CREATE TABLE admin_seal_heads (
    seal INTEGER NOT NULL REFERENCES seals (seq),
    scope INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (seal, scope)
) STRICT, WITHOUT ROWID;

-- Cases stood in queues that nobody wrote down: those are written down now, and can be administered.
INSERT INTO queues (scope, name, label, team, version, created_at)
    SELECT scope, queue, queue, '', 1, MIN(opened_at) FROM cases
    WHERE queue <> 'intake' GROUP BY scope, queue
    ON CONFLICT DO NOTHING;
