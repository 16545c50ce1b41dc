-- What makes jobs at instants of a grid. AUTOINCREMENT: cursors of lists.
CREATE TABLE schedules (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL DEFAULT 1,
  -- When it has slots, and what becomes of them, as JSON.
  definition TEXT NOT NULL,
  -- The request that each job is made from, as JSON.
  job TEXT NOT NULL,
  -- The headers and the secret of the job's webhook, encrypted. NULL if it has none.
  sealed TEXT,
  state TEXT NOT NULL CHECK (state = 'active' OR state = 'paused'),
  paused_by TEXT CHECK (paused_by = 'request' OR paused_by = 'failures'),
  reason TEXT,
  paused_at INTEGER,
  -- The first slot that is not decided, and when it is due.
  next_slot INTEGER,
  due_at INTEGER,
  -- The newest slots that were decided, had a job made, wait for a job to end, had their row deleted.
  decided_slot INTEGER,
  fired_slot INTEGER,
  buffered_slot INTEGER,
  pruned_slot INTEGER,
  failures INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX schedules_due ON schedules (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX schedules_decided ON schedules (decided_slot) WHERE decided_slot IS NOT NULL;
CREATE INDEX schedules_buffering ON schedules (seq) WHERE buffered_slot IS NOT NULL;
CREATE INDEX schedules_failing ON schedules (paused_at) WHERE paused_by = 'failures';

-- What became of each slot: the unique index makes one job of a slot.
CREATE TABLE schedule_slots (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  schedule INTEGER NOT NULL REFERENCES schedules ON DELETE CASCADE,
  slot INTEGER NOT NULL,
  -- 1 for a run that a person asked for, whose slot is the instant of the request, and not on the grid.
  manual INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('fired', 'caught-up', 'buffered', 'skipped', 'missed', 'refused')),
  reason TEXT,
  detail TEXT,
  due_at INTEGER NOT NULL,
  decided_at INTEGER NOT NULL,
  -- No reference: the row stays when the job is deleted.
  job_id TEXT,
  job_state TEXT CHECK (job_state IN ('open', 'completed', 'failed')),
  UNIQUE (schedule, slot)
) STRICT;

CREATE INDEX schedule_slots_by_schedule ON schedule_slots (schedule, seq);
CREATE INDEX schedule_slots_open ON schedule_slots (schedule, seq) WHERE job_state = 'open';
CREATE UNIQUE INDEX schedule_slots_by_job ON schedule_slots (job_id) WHERE job_id IS NOT NULL;

-- The schedule and the slot that a job was made for, as JSON. NULL for most jobs.
ALTER TABLE job_specs ADD COLUMN schedule TEXT;
