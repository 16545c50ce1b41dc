-- Instants are ms since the epoch. JSON is kept as the text it came as. Ids and keys sort by bytes.
-- There are no foreign keys: each insert would lock its parent's row, and parents are shared by all
-- daemons. What belongs to a job, batch or webhook is deleted with it by ops/delete-rows.ts.

CREATE TABLE meta (
  key text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

-- The distinct plugins of a job, sorted. There are few sets, and a job's never changes.
CREATE TABLE plugin_sets (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A JSON array.
  names text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE plugin_set_members (
  plugin text COLLATE "C" NOT NULL,
  plugin_set bigint NOT NULL,
  PRIMARY KEY (plugin, plugin_set)
);

CREATE INDEX plugin_set_members_by_set ON plugin_set_members (plugin_set);

-- Failures with the same plugin, code and message. In the message, numbers and ids are placeholders.
CREATE TABLE error_groups (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plugin text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  message text COLLATE "C" NOT NULL,
  -- When a job last failed with it.
  last_seen_at bigint NOT NULL
);

-- A message can be longer than an index entry.
CREATE UNIQUE INDEX error_groups_identity ON error_groups (plugin, code, md5(message));
CREATE INDEX error_groups_by_last_seen ON error_groups (last_seen_at, id);

-- The hot row: narrow, rewritten at every change of state. Order of `seq` is the order of arrival
-- within one daemon.
CREATE TABLE jobs (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  name text COLLATE "C",
  status text COLLATE "C" NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  priority integer NOT NULL,
  run_at bigint NOT NULL,
  -- True once `run_at` has come, so that a claim never reads past jobs scheduled for later.
  due boolean NOT NULL,
  created_at bigint NOT NULL,
  started_at bigint,
  ended_at bigint,
  -- Grows whenever the job changes hands: claimed, released, reaped, queued again.
  fence bigint NOT NULL DEFAULT 0,
  lease_owner text COLLATE "C",
  lease_until bigint,
  sequence integer NOT NULL DEFAULT 0,
  completed_steps integer NOT NULL DEFAULT 0,
  step_attempts integer NOT NULL DEFAULT 0,
  failure_code text COLLATE "C",
  failure_message text,
  -- What the job waits for: 'plugin'. Which one, such as the plugin's name.
  waiting_kind text COLLATE "C",
  waiting_on text COLLATE "C",
  waiting_since bigint,
  plugin_set bigint NOT NULL,
  -- NULL unless the job is failed.
  error_group bigint
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

CREATE INDEX jobs_ready ON jobs (priority DESC, seq)
  WHERE status = 'queued' AND due AND waiting_since IS NULL;
CREATE INDEX jobs_scheduled ON jobs (run_at, seq) WHERE status = 'queued' AND NOT due;
CREATE INDEX jobs_waiting ON jobs (waiting_on, priority DESC, seq) WHERE waiting_since IS NOT NULL;
CREATE INDEX jobs_waiting_since ON jobs (waiting_on, waiting_since) WHERE waiting_since IS NOT NULL;
CREATE INDEX jobs_waiting_longest ON jobs (waiting_since, seq) WHERE waiting_since IS NOT NULL;
CREATE INDEX jobs_running ON jobs (seq) WHERE status = 'running';
CREATE INDEX jobs_ended ON jobs (ended_at, seq) WHERE ended_at IS NOT NULL;
-- Lists are in the order of `created_at`, then `seq`.
CREATE INDEX jobs_by_status ON jobs (status, created_at, seq, plugin_set);
CREATE INDEX jobs_by_plugin_set ON jobs (plugin_set, created_at, seq);
CREATE INDEX jobs_by_name ON jobs (name, created_at, seq) WHERE name IS NOT NULL;
CREATE INDEX jobs_by_error_group ON jobs (error_group, created_at, seq)
  WHERE error_group IS NOT NULL;
CREATE INDEX jobs_by_last_error ON jobs (error_group, ended_at, seq) WHERE error_group IS NOT NULL;

-- What a job is, from its request; never rewritten.
CREATE TABLE job_specs (
  job bigint PRIMARY KEY,
  plugin_names text[] NOT NULL,
  timeout_ms bigint,
  plugins text NOT NULL,
  metadata text NOT NULL,
  input text NOT NULL
);

-- Idempotency keys of jobs and of batches. The row is inserted before what it stands for: whoever
-- inserts it first stores the job or batch.
CREATE TABLE idempotency_keys (
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('job', 'batch')),
  key text COLLATE "C" NOT NULL,
  subject_id text COLLATE "C" NOT NULL,
  fingerprint text COLLATE "C" NOT NULL,
  PRIMARY KEY (kind, key)
);

CREATE INDEX idempotency_keys_by_subject ON idempotency_keys (subject_id);

-- One row per step that ended; a failed one goes when its job is tried again.
CREATE TABLE steps (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job bigint NOT NULL,
  position integer NOT NULL,
  plugin text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL CHECK (status IN ('completed', 'failed')),
  started_at bigint NOT NULL,
  ended_at bigint NOT NULL,
  failure_code text COLLATE "C",
  failure_message text,
  metrics text,
  output text,
  UNIQUE (job, position)
);

CREATE TABLE events (
  job bigint NOT NULL,
  sequence integer NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('started', 'progress', 'completed', 'failed')),
  at bigint NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (job, sequence)
);

CREATE TABLE batches (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  -- When the callback was stored.
  ended_at bigint,
  -- The callback's body.
  body text
);

CREATE INDEX batches_to_end ON batches (seq) WHERE ended_at IS NULL;
CREATE INDEX batches_ended ON batches (ended_at, seq) WHERE ended_at IS NOT NULL;

-- A job stays as long as a batch shows it. `state` is the job's: no counter in the batch's row, which
-- every daemon would have to change.
CREATE TABLE batch_jobs (
  batch bigint NOT NULL,
  position integer NOT NULL,
  job bigint NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'completed', 'failed')),
  PRIMARY KEY (batch, position)
);

CREATE INDEX batch_jobs_by_job ON batch_jobs (job);
CREATE INDEX batch_jobs_by_state ON batch_jobs (batch, state);

-- Written only when they are created, limited, failing, paused or stopped, so that daemons that send
-- to the same destination do not wait for each other.
CREATE TABLE destinations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text COLLATE "C" NOT NULL UNIQUE,
  rate_per_second double precision,
  paused_until bigint NOT NULL DEFAULT 0,
  -- True while its webhook is paused or off.
  stopped boolean NOT NULL DEFAULT false,
  failures integer NOT NULL DEFAULT 0,
  -- Since when its circuit is open or the endpoint has asked to wait.
  held_since bigint,
  last_error text,
  -- NULL is a full bucket.
  tokens double precision,
  refilled_at bigint NOT NULL DEFAULT 0,
  -- The delivery that probes an open circuit.
  probe bigint,
  -- Since when its webhook is paused or off.
  stopped_since bigint
) WITH (fillfactor = 50);

CREATE INDEX destinations_held ON destinations (held_since) WHERE held_since IS NOT NULL;
CREATE INDEX destinations_stopped ON destinations (stopped_since) WHERE stopped_since IS NOT NULL;

-- A job's own webhook, a batch's own, or (neither) a persistent one.
CREATE TABLE webhooks (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  job bigint,
  batch bigint,
  destination bigint NOT NULL,
  url text NOT NULL,
  -- A JSON array of event kinds; NULL wants all.
  kinds text,
  retries integer NOT NULL,
  sealed text,
  -- A persistent webhook has its own.
  timeout_ms bigint,
  -- True if the webhook was removed: its deliveries are deleted, then the row.
  removed boolean NOT NULL DEFAULT false
);

CREATE INDEX webhooks_by_job ON webhooks (job) WHERE job IS NOT NULL;
CREATE INDEX webhooks_by_batch ON webhooks (batch) WHERE batch IS NOT NULL;
CREATE INDEX webhooks_by_destination ON webhooks (destination);
CREATE INDEX webhooks_removed ON webhooks (seq) WHERE removed;

-- What a persistent webhook has beyond any other.
CREATE TABLE persistent_webhooks (
  webhook bigint PRIMARY KEY,
  identity text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'off')),
  reason text,
  failing_since bigint,
  -- A JSON array of names; NULL for all.
  plugins text,
  job_name text COLLATE "C",
  timeout_ms bigint NOT NULL,
  expires_at bigint,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  -- The days of the daemon's running time with failed attempts, counted from `failing_since`: the
  -- last one, and a bit for each of the five that end with it.
  failing_day integer NOT NULL DEFAULT 0,
  failing_days integer NOT NULL DEFAULT 0,
  -- Grows with each change: a change that was built on an older version is refused.
  version integer NOT NULL DEFAULT 1,
  -- A webhook that was switched off: its deliveries are given up from the newest down to this id;
  -- NULL if nothing is left to give up.
  given_up_to bigint
);

-- An identity can be longer than an index entry.
CREATE UNIQUE INDEX persistent_webhooks_identity ON persistent_webhooks (md5(identity));
CREATE INDEX persistent_webhooks_expiring ON persistent_webhooks (expires_at)
  WHERE expires_at IS NOT NULL;
CREATE INDEX persistent_webhooks_giving_up ON persistent_webhooks (webhook)
  WHERE given_up_to IS NOT NULL;

-- Whom an event reaches, to be looked up by its kind and its job's plugins and name; '' stands for
-- all (no name is empty). A webhook that is off has no routes.
CREATE TABLE webhook_routes (
  kind text COLLATE "C" NOT NULL,
  plugin text COLLATE "C" NOT NULL,
  job_name text COLLATE "C" NOT NULL,
  webhook bigint NOT NULL,
  PRIMARY KEY (kind, plugin, job_name, webhook)
);

CREATE INDEX webhook_routes_by_webhook ON webhook_routes (webhook);

-- One event on its way to one webhook: a job's, or the one of a batch. Of the open deliveries of a
-- job to a webhook the first is `due`, the others are `waiting`, but for those in flight. The job's
-- row is locked before any of them changes, or one is added.
CREATE TABLE deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job bigint,
  batch bigint,
  webhook bigint NOT NULL,
  -- The webhook's, which never changes.
  destination bigint NOT NULL,
  sequence integer NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'due', 'delivered', 'dead')),
  due_at bigint,
  -- The event's instant.
  created_at bigint NOT NULL,
  ended_at bigint,
  fence bigint NOT NULL DEFAULT 0,
  lease_owner text COLLATE "C",
  lease_until bigint,
  attempts integer NOT NULL DEFAULT 0,
  retries_used integer NOT NULL DEFAULT 0,
  reason text,
  -- When an operator last had it sent again. Its age counts from then.
  revived_at bigint,
  CHECK ((job IS NULL) <> (batch IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

-- First attempts (0) before retries (1), each in the order of the due time.
CREATE INDEX deliveries_due ON deliveries (destination, (least(attempts, 1)), due_at, id)
  WHERE state = 'due' AND lease_owner IS NULL;
CREATE INDEX deliveries_leased ON deliveries (id) WHERE lease_owner IS NOT NULL;
CREATE INDEX deliveries_by_ordering_key ON deliveries (job, webhook, id) WHERE job IS NOT NULL;
CREATE INDEX deliveries_by_batch ON deliveries (batch, id) WHERE batch IS NOT NULL;
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, id);
CREATE INDEX deliveries_dead ON deliveries (destination, created_at, id) WHERE state = 'dead';
-- For lists. Delivered ones have no index: nearly all are.
CREATE INDEX deliveries_open ON deliveries (id) WHERE state IN ('waiting', 'due');
CREATE INDEX deliveries_given_up ON deliveries (id) WHERE state = 'dead';

CREATE TABLE attempts (
  delivery bigint NOT NULL,
  number integer NOT NULL,
  at bigint NOT NULL,
  duration_ms double precision NOT NULL,
  status integer,
  error text,
  response text,
  PRIMARY KEY (delivery, number)
);

-- `id` is the log's cursor: it grows within each job.
CREATE TABLE logs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job bigint NOT NULL,
  step integer NOT NULL,
  at bigint NOT NULL,
  level text COLLATE "C" NOT NULL,
  message text NOT NULL,
  data text
);

CREATE INDEX logs_by_job ON logs (job, id);

-- How many rows are in each state, and how many files and bytes of contents there are, as the sum over
-- the slots. A daemon adds to its own slot, once in each write group: one row for all would make every
-- commit of every daemon wait.
CREATE TABLE counts (
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('job', 'delivery', 'file')),
  state text COLLATE "C" NOT NULL,
  slot integer NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (kind, state, slot)
) WITH (fillfactor = 50);

-- Time that does not count for the age of a delivery: no daemon was up, or (with a destination) its
-- webhook was paused.
CREATE TABLE idle_spans (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination bigint,
  from_at bigint NOT NULL,
  until_at bigint NOT NULL
);

CREATE INDEX idle_spans_by_destination ON idle_spans (coalesce(destination, 0), until_at);

-- One act on many jobs, in slices. What it has yet to do is stored, so it goes on after a restart.
CREATE TABLE bulk_acts (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  act text COLLATE "C" NOT NULL,
  dry_run boolean NOT NULL,
  -- The name of the token of its request; NULL for the daemon's own.
  requested_by text,
  -- A filter of jobs as JSON; NULL if it has ids.
  filter text,
  state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'done', 'aborted', 'failed')),
  phase text COLLATE "C" NOT NULL CHECK (phase IN ('counting', 'acting', 'finishing')),
  -- Where the list of matching jobs goes on.
  cursor text,
  -- The ids of the jobs that are next, as JSON.
  pending text NOT NULL,
  matched integer NOT NULL,
  done integer NOT NULL DEFAULT 0,
  skipped integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  errors text NOT NULL DEFAULT '[]',
  created_at bigint NOT NULL,
  ended_at bigint
);

CREATE INDEX bulk_acts_running ON bulk_acts (seq) WHERE state = 'running';
CREATE INDEX bulk_acts_ended ON bulk_acts (ended_at, seq) WHERE ended_at IS NOT NULL;

-- What happened, counted by minute or hour. `key` is the plugin's name, the destination's id, or ''.
-- `counts` is a JSON object of numbers.
CREATE TABLE stats (
  series text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  counts text NOT NULL,
  PRIMARY KEY (series, at, key)
);
