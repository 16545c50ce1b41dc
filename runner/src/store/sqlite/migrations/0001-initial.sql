-- Every table's rows belong to a job and go with it (ON DELETE CASCADE), so each has an index that
-- begins with the job. Instants are ms since the epoch. JSON is kept as the text it came as.
-- The CHECKs are written as ORs: an IN list of more than two fills a temporary table at each write,
-- which was a fifth of the time that all statements took (measured).

-- The hot row: narrow, rewritten at every change of state. Order of `seq` is the order of arrival.
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT,
  status TEXT NOT NULL CHECK (status = 'queued' OR status = 'running' OR status = 'completed' OR status = 'failed'),
  priority INTEGER NOT NULL,
  run_at INTEGER NOT NULL,
  -- 1 once `run_at` has come, so that a claim never reads past jobs scheduled for later.
  due INTEGER NOT NULL CHECK (due = 0 OR due = 1),
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  -- Grows whenever the job changes hands: claimed, released, reaped, queued again.
  fence INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT,
  lease_until INTEGER,
  sequence INTEGER NOT NULL DEFAULT 0,
  completed_steps INTEGER NOT NULL DEFAULT 0,
  step_attempts INTEGER NOT NULL DEFAULT 0,
  failure_code TEXT,
  failure_message TEXT
) STRICT;

CREATE INDEX jobs_ready ON jobs (priority DESC, seq) WHERE status = 'queued' AND due = 1;
CREATE INDEX jobs_scheduled ON jobs (run_at) WHERE status = 'queued' AND due = 0;
CREATE INDEX jobs_by_status ON jobs (status);
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

-- What a job is, from its request; never rewritten. What may be large comes last: columns before it
-- are read without it.
CREATE TABLE job_specs (
  job INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
  plugin_names TEXT NOT NULL,
  timeout_ms INTEGER,
  idempotency_key TEXT,
  fingerprint TEXT,
  plugins TEXT NOT NULL,
  metadata TEXT NOT NULL,
  input TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX job_specs_idempotency_key ON job_specs (idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- One row per step that ended; a failed one goes when its job is tried again.
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  position INTEGER NOT NULL,
  plugin TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status = 'completed' OR status = 'failed'),
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  failure_code TEXT,
  failure_message TEXT,
  metrics TEXT,
  output TEXT,
  UNIQUE (job, position)
) STRICT;

-- A rowid table with an index, not WITHOUT ROWID: bodies over 1 kB would each take a page there.
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind = 'started' OR kind = 'progress' OR kind = 'completed' OR kind = 'failed'),
  at INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (job, sequence)
) STRICT;

CREATE TABLE webhooks (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  job INTEGER REFERENCES jobs ON DELETE CASCADE,
  url TEXT NOT NULL,
  -- A JSON array of event kinds; NULL wants all.
  kinds TEXT,
  retries INTEGER NOT NULL,
  headers TEXT NOT NULL
) STRICT;

CREATE INDEX webhooks_by_job ON webhooks (job) WHERE job IS NOT NULL;

-- One event on its way to one webhook. Within a job and webhook, order of `id` is order of sequence.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  webhook INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state = 'waiting' OR state = 'due' OR state = 'delivered' OR state = 'dead'),
  due_at INTEGER,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  lease_owner TEXT,
  lease_until INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  retries_used INTEGER NOT NULL DEFAULT 0,
  reason TEXT
) STRICT;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'due' AND lease_owner IS NULL;
CREATE INDEX deliveries_leased ON deliveries (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX deliveries_in_line ON deliveries (job, webhook);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook);

CREATE TABLE attempts (
  delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  status INTEGER,
  error TEXT,
  response TEXT,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- `id` is the log's cursor: it grows within each job.
CREATE TABLE logs (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT
) STRICT;

CREATE INDEX logs_by_job ON logs (job);

-- How many rows are in each state, kept by triggers: counting a million rows at each submit or
-- scrape would not do.
CREATE TABLE job_counts (
  status TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO job_counts (status, count)
VALUES ('queued', 0), ('running', 0), ('completed', 0), ('failed', 0);

CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN
  UPDATE job_counts SET count = count + 1 WHERE status = NEW.status;
END;

CREATE TRIGGER jobs_moved AFTER UPDATE OF status ON jobs WHEN NEW.status <> OLD.status BEGIN
  UPDATE job_counts SET count = count - 1 WHERE status = OLD.status;
  UPDATE job_counts SET count = count + 1 WHERE status = NEW.status;
END;

CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs BEGIN
  UPDATE job_counts SET count = count - 1 WHERE status = OLD.status;
END;

CREATE TABLE delivery_counts (
  state TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO delivery_counts (state, count)
VALUES ('waiting', 0), ('due', 0), ('delivered', 0), ('dead', 0);

CREATE TRIGGER deliveries_inserted AFTER INSERT ON deliveries BEGIN
  UPDATE delivery_counts SET count = count + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER deliveries_moved AFTER UPDATE OF state ON deliveries WHEN NEW.state <> OLD.state
BEGIN
  UPDATE delivery_counts SET count = count - 1 WHERE state = OLD.state;
  UPDATE delivery_counts SET count = count + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER deliveries_deleted AFTER DELETE ON deliveries BEGIN
  UPDATE delivery_counts SET count = count - 1 WHERE state = OLD.state;
END;
