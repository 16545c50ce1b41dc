-- What happened, counted by minute or hour. `key` is the plugin's name, the destination's id, or ''.
-- `counts` is a JSON object of numbers.
CREATE TABLE stats (
  series TEXT NOT NULL,
  at INTEGER NOT NULL,
  key TEXT NOT NULL,
  counts TEXT NOT NULL,
  PRIMARY KEY (series, at, key)
) STRICT, WITHOUT ROWID;

-- The destinations that nothing is sent to now. There are few of them.
CREATE INDEX destinations_held ON destinations (held_since) WHERE held_since IS NOT NULL;
CREATE INDEX destinations_stopped ON destinations (stopped_since) WHERE stopped_since IS NOT NULL;
-- How many jobs wait for each plugin, and since when.
CREATE INDEX jobs_waiting_since ON jobs (waiting_on, waiting_since) WHERE waiting_since IS NOT NULL;
