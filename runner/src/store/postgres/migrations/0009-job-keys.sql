-- Jobs that were submitted with `dedupe` or `debounce`. A job without a key has no row.
CREATE TABLE job_keys (
  job bigint PRIMARY KEY,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('dedupe', 'debounce')),
  key text COLLATE "C" NOT NULL,
  -- A digest of the key and of what must be equal beside it. NULL once a later job has the key.
  identity text COLLATE "C",
  -- How long the job has the key: until it starts, until it ends, or until `until_at`.
  span text COLLATE "C" NOT NULL CHECK (span IN ('queued', 'active', 'ttl')),
  -- When the key is free again. Of a debounced job: the latest instant at which it is due.
  until_at bigint,
  -- Of a debounced job: which request counts, where the array is that is collected, and how many
  -- requests were merged into the first.
  mode text COLLATE "C" CHECK (mode IN ('last', 'first')),
  collect text,
  merged integer NOT NULL DEFAULT 0
);

-- Makes one job of a key, also when two daemons store one at the same time.
CREATE UNIQUE INDEX job_keys_identity ON job_keys (identity) WHERE identity IS NOT NULL;
CREATE INDEX job_keys_until ON job_keys (until_at, job) WHERE until_at IS NOT NULL;

-- True if the request got a job that was there already.
ALTER TABLE idempotency_keys ADD COLUMN joined boolean NOT NULL DEFAULT false;
