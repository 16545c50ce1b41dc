-- Rows go with the job, batch or webhook that they belong to (ON DELETE CASCADE), so each reference
-- has an index. Instants are ms since the epoch. JSON is kept as the text it came as.
-- The CHECKs are written as ORs: an IN list of more than two fills a temporary table at each write,
-- which was a fifth of the time that all statements took (measured).

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE batches (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  -- Its jobs that have not ended, each counted once; kept by a trigger.
  open_jobs INTEGER NOT NULL,
  -- When the callback was stored.
  ended_at INTEGER,
  idempotency_key TEXT,
  fingerprint TEXT,
  -- The callback's body.
  body TEXT
) STRICT;

CREATE INDEX batches_to_end ON batches (seq) WHERE open_jobs = 0 AND ended_at IS NULL;
CREATE INDEX batches_ended ON batches (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX batches_idempotency_key ON batches (idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- No cascade from jobs: a job stays as long as a batch shows it.
CREATE TABLE batch_jobs (
  batch INTEGER NOT NULL REFERENCES batches ON DELETE CASCADE,
  position INTEGER NOT NULL,
  job INTEGER NOT NULL REFERENCES jobs,
  PRIMARY KEY (batch, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX batch_jobs_by_job ON batch_jobs (job);

-- AUTOINCREMENT: the daemon keeps what it knows of a lane by its id, which must not come again.
CREATE TABLE lanes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  rate_per_second REAL,
  -- The least `due_at` of the deliveries that can be claimed; NULL when there are none.
  ready_at INTEGER,
  hold_until INTEGER NOT NULL DEFAULT 0,
  -- 1 while its webhook is paused or off.
  stopped INTEGER NOT NULL DEFAULT 0 CHECK (stopped = 0 OR stopped = 1),
  -- Grows with every turn of any lane: decides between lanes that wake in the same millisecond.
  turn INTEGER NOT NULL DEFAULT 0,
  wake_at INTEGER AS (iif(stopped, NULL, max(ready_at, hold_until))) VIRTUAL
) STRICT;

CREATE INDEX lanes_ready ON lanes (wake_at, turn) WHERE ready_at IS NOT NULL;

-- A job's own webhook, a batch's own, or (neither) a persistent one.
CREATE TABLE webhooks (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  job INTEGER REFERENCES jobs ON DELETE CASCADE,
  batch INTEGER REFERENCES batches ON DELETE CASCADE,
  lane INTEGER NOT NULL REFERENCES lanes,
  url TEXT NOT NULL,
  -- A JSON array of event kinds; NULL wants all.
  kinds TEXT,
  retries INTEGER NOT NULL,
  sealed TEXT
) STRICT;

CREATE INDEX webhooks_by_job ON webhooks (job) WHERE job IS NOT NULL;
CREATE INDEX webhooks_by_batch ON webhooks (batch) WHERE batch IS NOT NULL;
CREATE INDEX webhooks_by_lane ON webhooks (lane);

-- Lanes of origins would pile up otherwise.
CREATE TRIGGER webhooks_deleted AFTER DELETE ON webhooks BEGIN
  DELETE FROM lanes
  WHERE id = OLD.lane AND NOT EXISTS (SELECT 1 FROM webhooks WHERE lane = OLD.lane);
END;

-- What a persistent webhook has beyond any other.
CREATE TABLE persistent_webhooks (
  webhook INTEGER PRIMARY KEY REFERENCES webhooks ON DELETE CASCADE,
  identity TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL DEFAULT 'active' CHECK (state = 'active' OR state = 'paused' OR state = 'off'),
  reason TEXT,
  failing_since INTEGER,
  -- A JSON array of names; NULL for all.
  plugins TEXT,
  job_name TEXT,
  timeout_ms INTEGER NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX persistent_webhooks_expiring ON persistent_webhooks (expires_at)
  WHERE expires_at IS NOT NULL;

-- Whom an event reaches, to be looked up by its kind and its job's plugins and name; '' stands for
-- all (no name is empty). A webhook that is off has no routes.
CREATE TABLE webhook_routes (
  kind TEXT NOT NULL,
  plugin TEXT NOT NULL,
  job_name TEXT NOT NULL,
  webhook INTEGER NOT NULL REFERENCES persistent_webhooks ON DELETE CASCADE,
  PRIMARY KEY (kind, plugin, job_name, webhook)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_routes_by_webhook ON webhook_routes (webhook);

-- One event on its way to one webhook: a job's, or the one of a batch. The deliveries of a job to a
-- webhook are its line, in the order of `id`, which is the order of `sequence`. In a line the first
-- that has not ended is `due`, the others are `waiting`, but for those in flight.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job INTEGER REFERENCES jobs ON DELETE CASCADE,
  batch INTEGER REFERENCES batches ON DELETE CASCADE,
  webhook INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  -- The webhook's, which never changes.
  lane INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state = 'waiting' OR state = 'due' OR state = 'delivered' OR state = 'dead'),
  due_at INTEGER,
  -- The event's instant.
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  lease_owner TEXT,
  lease_until INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  retries_used INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  CHECK ((job IS NULL) <> (batch IS NULL))
) STRICT;

-- Two, so that first tries are found before retries without reading past either.
CREATE INDEX deliveries_first ON deliveries (lane, due_at)
  WHERE state = 'due' AND lease_owner IS NULL AND attempts = 0;
CREATE INDEX deliveries_retries ON deliveries (lane, due_at)
  WHERE state = 'due' AND lease_owner IS NULL AND attempts > 0;
CREATE INDEX deliveries_leased ON deliveries (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX deliveries_in_line ON deliveries (job, webhook);
CREATE INDEX deliveries_by_batch ON deliveries (batch) WHERE batch IS NOT NULL;
CREATE INDEX deliveries_by_webhook ON deliveries (webhook);
CREATE INDEX deliveries_dead ON deliveries (webhook, created_at) WHERE state = 'dead';

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

-- A job ended, or a failed one is queued again. It may be in many batches, and in one twice.
CREATE TRIGGER jobs_ended_or_back AFTER UPDATE OF ended_at ON jobs
WHEN (NEW.ended_at IS NULL) <> (OLD.ended_at IS NULL)
BEGIN
  UPDATE batches SET open_jobs = open_jobs + iif(NEW.ended_at IS NULL, 1, -1)
  WHERE seq IN (SELECT batch FROM batch_jobs WHERE job = NEW.seq);
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

CREATE TABLE webhook_counts (
  state TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO webhook_counts (state, count) VALUES ('active', 0), ('paused', 0), ('off', 0);

CREATE TRIGGER persistent_webhooks_inserted AFTER INSERT ON persistent_webhooks BEGIN
  UPDATE webhook_counts SET count = count + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER persistent_webhooks_moved AFTER UPDATE OF state ON persistent_webhooks
WHEN NEW.state <> OLD.state
BEGIN
  UPDATE webhook_counts SET count = count - 1 WHERE state = OLD.state;
  UPDATE webhook_counts SET count = count + 1 WHERE state = NEW.state;
END;

CREATE TRIGGER persistent_webhooks_deleted AFTER DELETE ON persistent_webhooks BEGIN
  UPDATE webhook_counts SET count = count - 1 WHERE state = OLD.state;
END;
