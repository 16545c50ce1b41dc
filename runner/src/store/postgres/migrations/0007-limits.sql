-- A plugin can limit how many of its steps run at the same time: in all, and for each key, which is a
-- value of the job's input. A job has a slot while it is running, or queued and ready to be claimed.

CREATE TABLE limits (
  name text COLLATE "C" PRIMARY KEY,
  -- How many jobs have a slot at the same time. NULL if only each key is limited.
  concurrency integer,
  -- How many with the same key. NULL if keys do not count.
  key_concurrency integer,
  -- The key that was served last: keys take turns.
  served_key text COLLATE "C" NOT NULL DEFAULT ''
);

-- Where a slot can be free. Whatever ends the use of a slot, or waits for one, adds a row. A claim that
-- has the lock of the limit removes it, and gives the slots that are free to the jobs that are next. The
-- rows are not unique: a row that another transaction is about to remove must not stand for a new one.
CREATE TABLE limit_vacancies (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  limit_name text COLLATE "C" NOT NULL,
  limit_key text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

-- The name and the key of the limit of each step, as JSON; NULL if no step has one.
ALTER TABLE jobs ADD COLUMN limits text;
-- Those of the step that is next, or that runs.
ALTER TABLE jobs ADD COLUMN limit_name text COLLATE "C";
ALTER TABLE jobs ADD COLUMN limit_key text COLLATE "C";
-- Since when the job has had no slot. NULL if it has one, or needs none.
ALTER TABLE jobs ADD COLUMN blocked_since bigint;

DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (priority DESC, seq)
  WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NULL;
CREATE INDEX jobs_blocked ON jobs (limit_name, limit_key, priority DESC, seq)
  WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NOT NULL;
CREATE INDEX jobs_with_slot ON jobs (limit_name, limit_key)
  WHERE limit_name IS NOT NULL AND blocked_since IS NULL AND ended_at IS NULL;
