-- The same tokens as a vector without positions. No pending list: every question would have to
-- read it through.
ALTER TABLE search_docs ADD COLUMN tokens tsvector NOT NULL;

CREATE INDEX search_docs_tokens ON search_docs USING gin (tokens) WITH (fastupdate = off);
