-- A step that failed can run again by itself: by the policy of its job, or of its plugin.

-- The job's policy as JSON; NULL if each plugin's own applies. It comes last, but is small and rarely set.
ALTER TABLE job_specs ADD COLUMN retry TEXT;
-- How many attempts of the next step have failed since a client queued the job.
ALTER TABLE jobs ADD COLUMN failed_attempts INTEGER NOT NULL DEFAULT 0;
-- How long they ran together, in ms. The instants in `step_attempts` are those of a clock that can be set.
ALTER TABLE jobs ADD COLUMN failed_ms INTEGER NOT NULL DEFAULT 0;

-- The attempts that failed and were followed by another. `steps` has the last one of each step.
CREATE TABLE step_attempts (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  position INTEGER NOT NULL,
  -- Counts from 1 since a client queued the job.
  number INTEGER NOT NULL,
  -- Whether a client has retried the step since.
  is_past INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  failure_code TEXT NOT NULL,
  failure_message TEXT NOT NULL
) STRICT;

CREATE INDEX step_attempts_by_job ON step_attempts (job, id);

-- The jobs that wait for the next attempt of a step: a change of the clock moves them.
CREATE INDEX jobs_retrying ON jobs (run_at)
  WHERE status = 'queued' AND due = 0 AND failed_attempts > 0;
