-- Who stopped a job, by the name that histories have; empty for one that was not stopped, and for one
-- that was stopped before this was kept. An older program leaves it empty and works beside this one.

ALTER TABLE jobs ADD COLUMN cancelled_by TEXT NOT NULL DEFAULT '';
