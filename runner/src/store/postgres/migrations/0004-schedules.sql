-- What makes jobs at instants of a grid.
CREATE TABLE schedules (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  key text COLLATE "C" NOT NULL UNIQUE,
  version bigint NOT NULL DEFAULT 1,
  -- When it has slots, and what becomes of them, as JSON.
  definition text NOT NULL,
  -- The request that each job is made from, as JSON.
  job text NOT NULL,
  -- The headers and the secret of the job's webhook, encrypted. NULL if it has none.
  sealed text,
  state text COLLATE "C" NOT NULL CHECK (state = 'active' OR state = 'paused'),
  paused_by text COLLATE "C" CHECK (paused_by = 'request' OR paused_by = 'failures'),
  reason text,
  paused_at bigint,
  -- The first slot that is not decided, and when it is due.
  next_slot bigint,
  due_at bigint,
  -- The newest slots that were decided, had a job made, wait for a job to end, had their row deleted.
  decided_slot bigint,
  fired_slot bigint,
  buffered_slot bigint,
  pruned_slot bigint,
  failures integer NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE INDEX schedules_due ON schedules (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX schedules_decided ON schedules (decided_slot) WHERE decided_slot IS NOT NULL;
CREATE INDEX schedules_buffering ON schedules (seq) WHERE buffered_slot IS NOT NULL;
CREATE INDEX schedules_failing ON schedules (paused_at) WHERE paused_by = 'failures';

-- What became of each slot: the unique index makes one job of a slot.
CREATE TABLE schedule_slots (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  schedule bigint NOT NULL REFERENCES schedules ON DELETE CASCADE,
  slot bigint NOT NULL,
  -- True for a run that a person asked for, whose slot is the instant of the request, and not on the grid.
  manual boolean NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('fired', 'caught-up', 'buffered', 'skipped', 'missed', 'refused')),
  reason text,
  detail text,
  due_at bigint NOT NULL,
  decided_at bigint NOT NULL,
  -- No reference: the row stays when the job is deleted.
  job_id text COLLATE "C",
  job_state text COLLATE "C" CHECK (job_state IN ('open', 'completed', 'failed')),
  UNIQUE (schedule, slot)
);

CREATE INDEX schedule_slots_by_schedule ON schedule_slots (schedule, seq);
CREATE INDEX schedule_slots_open ON schedule_slots (schedule, seq) WHERE job_state = 'open';
CREATE UNIQUE INDEX schedule_slots_by_job ON schedule_slots (job_id) WHERE job_id IS NOT NULL;

-- The schedule and the slot that a job was made for, as JSON. NULL for most jobs.
ALTER TABLE job_specs ADD COLUMN schedule text;
