-- A step that failed can run again by itself: by the policy of its job, or of its plugin.

-- The job's policy as JSON; NULL if each plugin's own applies.
ALTER TABLE job_specs ADD COLUMN retry text;
-- How many attempts of the next step have failed since a client queued the job.
ALTER TABLE jobs ADD COLUMN failed_attempts integer NOT NULL DEFAULT 0;
-- How long they ran together, in ms. The instants in `step_attempts` are those of a clock that can be set.
ALTER TABLE jobs ADD COLUMN failed_ms bigint NOT NULL DEFAULT 0;

-- The attempts that failed and were followed by another. `steps` has the last one of each step.
CREATE TABLE step_attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job bigint NOT NULL,
  position integer NOT NULL,
  -- Counts from 1 since a client queued the job.
  number integer NOT NULL,
  -- Whether a client has retried the step since.
  is_past boolean NOT NULL DEFAULT false,
  started_at bigint NOT NULL,
  ended_at bigint NOT NULL,
  failure_code text NOT NULL,
  failure_message text NOT NULL
);

CREATE INDEX step_attempts_by_job ON step_attempts (job, id);

-- The jobs that wait for the next attempt of a step: a change of the clock moves them.
CREATE INDEX jobs_retrying ON jobs (run_at, seq)
  WHERE status = 'queued' AND NOT due AND failed_attempts > 0;
