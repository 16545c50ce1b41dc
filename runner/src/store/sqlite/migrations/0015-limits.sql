-- A plugin can limit how many of its steps run at the same time: in all, and for each key, which is a
-- value of the job's input. A job has a slot while it is running, or queued and ready to be claimed.

CREATE TABLE limits (
  name TEXT PRIMARY KEY,
  -- How many jobs have a slot at the same time. NULL if only each key is limited.
  concurrency INTEGER,
  -- How many with the same key. NULL if keys do not count.
  key_concurrency INTEGER,
  -- The key that was served last: keys take turns.
  served_key TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Where a slot can be free. Whatever ends the use of a slot, or waits for one, adds a row. The next claim
-- removes it, and gives the slots that are free to the jobs that are next.
CREATE TABLE limit_vacancies (
  limit_name TEXT NOT NULL,
  limit_key TEXT NOT NULL,
  PRIMARY KEY (limit_name, limit_key)
) STRICT, WITHOUT ROWID;

-- The name and the key of the limit of each step, as JSON; NULL if no step has one.
ALTER TABLE jobs ADD COLUMN limits TEXT;
-- Those of the step that is next, or that runs.
ALTER TABLE jobs ADD COLUMN limit_name TEXT;
ALTER TABLE jobs ADD COLUMN limit_key TEXT;
-- Since when the job has had no slot. NULL if it has one, or needs none.
ALTER TABLE jobs ADD COLUMN blocked_since INTEGER;

DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (priority DESC, seq)
  WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NULL;
CREATE INDEX jobs_blocked ON jobs (limit_name, limit_key, priority DESC, seq)
  WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL;
CREATE INDEX jobs_with_slot ON jobs (limit_name, limit_key)
  WHERE limit_name IS NOT NULL AND blocked_since IS NULL AND ended_at IS NULL;

CREATE TRIGGER jobs_inserted_with_limit AFTER INSERT ON jobs WHEN NEW.blocked_since IS NOT NULL BEGIN
  INSERT OR IGNORE INTO limit_vacancies VALUES (NEW.limit_name, NEW.limit_key);
END;

-- Not when a job gets a slot.
CREATE TRIGGER jobs_moved_with_limit
AFTER UPDATE OF ended_at, due, waiting_since, blocked_since, limit_name ON jobs
WHEN coalesce(NEW.limit_name, OLD.limit_name) IS NOT NULL AND (
  NEW.ended_at IS NOT NULL OR NEW.blocked_since IS NOT NULL OR NEW.limit_name IS NOT OLD.limit_name
)
BEGIN
  INSERT OR IGNORE INTO limit_vacancies
    SELECT OLD.limit_name, OLD.limit_key WHERE OLD.limit_name IS NOT NULL;
  INSERT OR IGNORE INTO limit_vacancies
    SELECT NEW.limit_name, NEW.limit_key WHERE NEW.limit_name IS NOT NULL;
END;
