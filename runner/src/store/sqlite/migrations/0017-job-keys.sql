-- Jobs that were submitted with `dedupe` or `debounce`. A job without a key has no row.
CREATE TABLE job_keys (
  job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind = 'dedupe' OR kind = 'debounce'),
  key TEXT NOT NULL,
  -- A digest of the key and of what must be equal beside it. NULL once a later job has the key.
  identity TEXT,
  -- How long the job has the key: until it starts, until it ends, or until `until_at`.
  span TEXT NOT NULL CHECK (span = 'queued' OR span = 'active' OR span = 'ttl'),
  -- When the key is free again. Of a debounced job: the latest instant at which it is due.
  until_at INTEGER,
  -- Of a debounced job: which request counts, where the array is that is collected, and how many
  -- requests were merged into the first.
  mode TEXT CHECK (mode = 'last' OR mode = 'first'),
  collect TEXT,
  merged INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Makes one job of a key.
CREATE UNIQUE INDEX job_keys_identity ON job_keys (identity) WHERE identity IS NOT NULL;
CREATE INDEX job_keys_until ON job_keys (until_at, job) WHERE until_at IS NOT NULL;

-- The idempotency keys of requests that got a job that was there already.
CREATE TABLE joined_requests (
  idempotency_key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX joined_requests_by_job ON joined_requests (job);
