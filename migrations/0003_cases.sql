-- Cases that come by other ways than an app, their links, the filters of the list, and jobs: one act
-- on many cases. The law's clocks count from `received_at`, which is `opened_at` for apps.
-- `outcome` stays with a closed case, whose stage no longer tells it.

ALTER TABLE cases ADD COLUMN channel TEXT NOT NULL DEFAULT 'app';

ALTER TABLE cases ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE cases ADD COLUMN taken_by TEXT NOT NULL DEFAULT '';

ALTER TABLE cases ADD COLUMN customer TEXT NOT NULL DEFAULT '';

ALTER TABLE cases ADD COLUMN language TEXT NOT NULL DEFAULT '';

ALTER TABLE cases ADD COLUMN outcome TEXT NOT NULL DEFAULT '';

UPDATE cases SET received_at = opened_at;

UPDATE cases SET outcome = COALESCE((SELECT told.fact FROM notes told
    WHERE told.case_id = cases.id AND told.act = 'resolve' AND NOT EXISTS (
        SELECT 1 FROM notes later WHERE later.case_id = told.case_id
        AND later.seq > told.seq AND later.act IN ('resolve', 'reopen'))), '')
WHERE stage IN ('resolved', 'closed');

-- A case without a payment has an empty `refid` and stands in nobody's way.
DROP INDEX cases_payment;

CREATE UNIQUE INDEX cases_payment ON cases (scope, refid, slot) WHERE refid <> '';

-- The list in both directions, by every filter: each index ends with the place in the list, so a
-- page is one short walk however many cases there are. The list without a filter is indexed by a sum,
-- so that no planner takes its index for a list with one. What an app reports is by far the most, so
-- the values that all of those have (received, intake, nobody's, app) are in no index of their filter:
-- a report pays for five, and the rest is paid for by those who act on cases. Lists of such a value
-- walk all cases, or all that are not closed; most of those fit.
CREATE INDEX cases_opened ON cases (scope, (opened_at + 0), id);

CREATE INDEX cases_received ON cases (scope, received_at, id);

CREATE INDEX cases_open ON cases (scope, (opened_at + 0), id) WHERE slot = 0;

CREATE INDEX cases_stage ON cases (scope, stage, opened_at, id)
    WHERE stage IN ('open', 'waiting', 'resolved');

CREATE INDEX cases_waiting ON cases (scope, stage_fact, opened_at, id) WHERE stage = 'waiting';

CREATE INDEX cases_outcome ON cases (scope, outcome, opened_at, id) WHERE outcome <> '';

CREATE INDEX cases_queue ON cases (scope, queue, opened_at, id) WHERE queue <> 'intake';

CREATE INDEX cases_assignee ON cases (scope, assignee, opened_at, id) WHERE assignee <> '';

CREATE INDEX cases_channel ON cases (scope, channel, opened_at, id) WHERE channel <> 'app';

CREATE INDEX cases_customer ON cases (scope, customer, opened_at, id) WHERE customer <> '';

CREATE INDEX cases_language ON cases (scope, language, opened_at, id) WHERE language <> '';

-- What is under way: work lists stay as short as the work, however much was ever closed.
CREATE INDEX cases_queue_open ON cases (scope, queue, opened_at, id) WHERE slot = 0;

CREATE INDEX cases_assignee_open ON cases (scope, assignee, opened_at, id)
    WHERE slot = 0 AND assignee <> '';

-- The next case of a queue: nobody's, and not standing still.
CREATE INDEX cases_next ON cases (scope, queue, received_at, id)
    WHERE slot = 0 AND assignee = '' AND stage <> 'waiting' AND stage <> 'resolved';

-- One row for a link, read from both its ends. `case_id` is the duplicate, the case that was split
-- off, or the child; of two related cases it is the earlier one.
CREATE TABLE case_links (
    scope INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    other_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, case_id, other_id, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_links_other ON case_links (scope, other_id);

-- Payments by hour and account, and by time. Accounts come in no order: an index that began with
-- them would write a page for each row of an import.
CREATE INDEX payments_account
    ON payments (scope, (created_at / 3600000), account, created_at, refid);

CREATE INDEX payments_created ON payments (scope, created_at, refid);

-- One act on many cases, carried out by a sweep as `by_name` with the rights `by_rights`. `state`: 0
-- waits or runs, 1 done, 2 cancelled. `body` is sealed, and empty once the job has ended.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    scope INTEGER NOT NULL,
    by_name TEXT NOT NULL,
    by_role TEXT NOT NULL,
    by_rights TEXT NOT NULL,
    by_credential TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    act TEXT NOT NULL,
    body BLOB NOT NULL,
    state INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    total INTEGER NOT NULL,
    done INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    leased_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_waiting ON jobs (id) WHERE state = 0;

CREATE INDEX jobs_scope ON jobs (scope, id);

-- `state`: 0 waits, 1 done, 2 refused. `code` is the refusal's; `version` what the case had after.
CREATE TABLE job_rows (
    job_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    code TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_rows_waiting ON job_rows (job_id, number) WHERE state = 0;
