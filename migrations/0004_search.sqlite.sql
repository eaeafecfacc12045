-- The tokens of a case, separated by spaces. Contentless: FTS5 keeps only where each stands, and a
-- row can be deleted by its number alone. Its tokens are made in crates/domain/src/search.
CREATE VIRTUAL TABLE search_words USING fts5(words, content = '', contentless_delete = 1,
 detail = none, tokenize = "ascii tokenchars '.~#='");

CREATE TRIGGER search_docs_gone AFTER DELETE ON search_docs BEGIN
    DELETE FROM search_words WHERE rowid = old.doc;
END;
