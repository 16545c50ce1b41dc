-- Lists are in the order of `created_at`, then `seq`. Each index ends with that order (SQLite appends
-- `seq`), so a list reads its index from the end and sorts nothing.

-- The distinct plugins of a job, sorted. There are few sets, and a job's never changes, so one small
-- index entry per job finds the jobs of a plugin.
CREATE TABLE plugin_sets (
  id INTEGER PRIMARY KEY,
  -- A JSON array.
  names TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE plugin_set_members (
  plugin TEXT NOT NULL,
  plugin_set INTEGER NOT NULL REFERENCES plugin_sets,
  PRIMARY KEY (plugin, plugin_set)
) STRICT, WITHOUT ROWID;

CREATE INDEX plugin_set_members_by_set ON plugin_set_members (plugin_set);

-- Failures with the same plugin, code and message. In the message, numbers and ids are placeholders.
CREATE TABLE error_groups (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  plugin TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  -- When a job last failed with it.
  last_seen_at INTEGER NOT NULL,
  UNIQUE (plugin, code, message)
) STRICT;

CREATE INDEX error_groups_by_last_seen ON error_groups (last_seen_at);

ALTER TABLE jobs ADD COLUMN plugin_set INTEGER REFERENCES plugin_sets;
-- NULL unless the job is failed, and for a failure from before this column.
ALTER TABLE jobs ADD COLUMN error_group INTEGER REFERENCES error_groups;

INSERT INTO plugin_sets (names)
SELECT DISTINCT (
  SELECT json_group_array(value)
  FROM (SELECT DISTINCT value FROM json_each(plugin_names) ORDER BY value)
)
FROM (SELECT DISTINCT plugin_names FROM job_specs);

INSERT INTO plugin_set_members (plugin, plugin_set)
SELECT value, plugin_sets.id FROM plugin_sets CROSS JOIN json_each(names);

UPDATE jobs SET plugin_set = (
  SELECT plugin_sets.id FROM job_specs CROSS JOIN plugin_sets ON names = (
    SELECT json_group_array(value)
    FROM (SELECT DISTINCT value FROM json_each(plugin_names) ORDER BY value)
  )
  WHERE job = jobs.seq
);

DROP INDEX jobs_by_status;
-- With the plugins, so that the failed jobs of a plugin are found without reading every failed job.
CREATE INDEX jobs_by_status ON jobs (status, created_at, seq, plugin_set);
CREATE INDEX jobs_by_plugin_set ON jobs (plugin_set, created_at);
CREATE INDEX jobs_by_name ON jobs (name, created_at) WHERE name IS NOT NULL;
CREATE INDEX jobs_by_error_group ON jobs (error_group, created_at) WHERE error_group IS NOT NULL;
CREATE INDEX jobs_by_last_error ON jobs (error_group, ended_at) WHERE error_group IS NOT NULL;

-- In the order of deliveries' lists. Deliveries that were made have no index: nearly all are, so a
-- list of them finds them by reading backwards.
CREATE INDEX deliveries_open ON deliveries (id) WHERE state = 'waiting' OR state = 'due';
CREATE INDEX deliveries_given_up ON deliveries (id) WHERE state = 'dead';

-- Counted by position: a job that is in a batch twice counts twice, as in the batch itself.
ALTER TABLE batches ADD COLUMN jobs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN completed_jobs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN failed_jobs INTEGER NOT NULL DEFAULT 0;

UPDATE batches SET (jobs, completed_jobs, failed_jobs) = (
  SELECT count(*), count(*) FILTER (WHERE status = 'completed'),
    count(*) FILTER (WHERE status = 'failed')
  FROM batch_jobs CROSS JOIN jobs ON jobs.seq = batch_jobs.job WHERE batch = batches.seq
);

DROP TRIGGER jobs_ended_or_back;
-- A job ended, or a failed one is queued again. It may be in many batches, and in one twice.
CREATE TRIGGER jobs_ended_or_back AFTER UPDATE OF ended_at ON jobs
WHEN (NEW.ended_at IS NULL) <> (OLD.ended_at IS NULL)
BEGIN
  UPDATE batches SET
    open_jobs = open_jobs + iif(NEW.ended_at IS NULL, 1, -1),
    completed_jobs = completed_jobs + ((NEW.status = 'completed') - (OLD.status = 'completed')) * (
      SELECT count(*) FROM batch_jobs WHERE job = NEW.seq AND batch = batches.seq
    ),
    failed_jobs = failed_jobs + ((NEW.status = 'failed') - (OLD.status = 'failed')) * (
      SELECT count(*) FROM batch_jobs WHERE job = NEW.seq AND batch = batches.seq
    )
  WHERE seq IN (SELECT batch FROM batch_jobs WHERE job = NEW.seq);
END;

-- One act on many jobs, in slices. What it has yet to do is stored, so it goes on after a restart.
CREATE TABLE bulk_acts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  act TEXT NOT NULL,
  dry_run INTEGER NOT NULL CHECK (dry_run = 0 OR dry_run = 1),
  -- The name of the token of its request; NULL for the daemon's own.
  requested_by TEXT,
  -- A filter of jobs as JSON; NULL if it has ids.
  filter TEXT,
  state TEXT NOT NULL CHECK (state = 'running' OR state = 'done' OR state = 'aborted' OR state = 'failed'),
  phase TEXT NOT NULL CHECK (phase = 'counting' OR phase = 'acting' OR phase = 'finishing'),
  -- Where the list of matching jobs goes on.
  cursor TEXT,
  -- The ids of the jobs that are next, as JSON.
  pending TEXT NOT NULL,
  matched INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  errors TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;

CREATE INDEX bulk_acts_running ON bulk_acts (seq) WHERE state = 'running';
CREATE INDEX bulk_acts_ended ON bulk_acts (ended_at) WHERE ended_at IS NOT NULL;
