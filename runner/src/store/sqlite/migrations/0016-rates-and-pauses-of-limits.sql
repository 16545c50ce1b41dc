-- A limit can also have a rate, in all and for each key. It can be paused, and an operator can set other
-- numbers than the plugins declare.

-- As JSON: the rate and the burst. NULL without one.
ALTER TABLE limits ADD COLUMN rate TEXT;
ALTER TABLE limits ADD COLUMN key_rate TEXT;
-- The most jobs that wait for the limit. NULL if it has no such number.
ALTER TABLE limits ADD COLUMN max_queued INTEGER;
-- The numbers that the plugins declare, and those set in their place, as JSON. The columns have what counts.
ALTER TABLE limits ADD COLUMN declared TEXT;
ALTER TABLE limits ADD COLUMN override TEXT;
ALTER TABLE limits ADD COLUMN overridden_by TEXT;
ALTER TABLE limits ADD COLUMN overridden_at INTEGER;

-- Of a limit, or of one of its keys. Without a row there is nothing to remember.
CREATE TABLE limit_states (
  limit_name TEXT NOT NULL,
  -- 0 for the limit as a whole, whose key is ''.
  is_key INTEGER NOT NULL,
  limit_key TEXT NOT NULL,
  -- Of a key: whether jobs may be able to run. Keys whose rate or slots are used up are not in turn.
  in_turn INTEGER NOT NULL DEFAULT 0,
  -- The theoretical arrival time of the rate, in ms.
  arrival REAL NOT NULL DEFAULT 0,
  -- When a claim looks again, because jobs wait for the rate or for the end of the pause.
  wake_at INTEGER,
  -- NULL if it is not paused.
  paused_at INTEGER,
  -- NULL: until it is resumed.
  paused_until INTEGER,
  -- Whether the pause is a span of time, which moves when the clock is set back.
  is_span INTEGER NOT NULL DEFAULT 0,
  paused_by TEXT,
  PRIMARY KEY (limit_name, is_key, limit_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_states_to_wake ON limit_states (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX limit_states_in_turn ON limit_states (limit_name, limit_key) WHERE in_turn = 1;
CREATE INDEX limit_states_paused ON limit_states (limit_name, limit_key) WHERE paused_at IS NOT NULL;
CREATE INDEX limit_states_idle ON limit_states (arrival)
  WHERE in_turn = 0 AND wake_at IS NULL AND paused_at IS NULL;

-- No key is in turn yet.
INSERT OR IGNORE INTO limit_vacancies SELECT DISTINCT limit_name, limit_key FROM jobs
  WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL;

-- Schedules are counted by state. Their rows can be long.
CREATE INDEX schedules_by_state ON schedules (state, next_slot);
