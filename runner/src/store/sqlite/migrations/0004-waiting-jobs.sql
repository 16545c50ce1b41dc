-- A queued job can wait for something, such as a plugin that cannot be loaded now. A claim passes over
-- it: it is not in `jobs_ready`.

-- What the job waits for: 'plugin'.
ALTER TABLE jobs ADD COLUMN waiting_kind TEXT;
-- Which one, such as the plugin's name.
ALTER TABLE jobs ADD COLUMN waiting_on TEXT;
ALTER TABLE jobs ADD COLUMN waiting_since INTEGER;

DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (priority DESC, seq)
  WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL;
CREATE INDEX jobs_waiting ON jobs (waiting_on, priority DESC, seq) WHERE waiting_since IS NOT NULL;
CREATE INDEX jobs_waiting_longest ON jobs (waiting_since) WHERE waiting_since IS NOT NULL;
