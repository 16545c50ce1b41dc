-- The circuit, the pause and the rate of a destination, which only the daemon's memory had.
ALTER TABLE destinations ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
-- Since when its circuit is open or the endpoint has asked to wait.
ALTER TABLE destinations ADD COLUMN held_since INTEGER;
ALTER TABLE destinations ADD COLUMN last_error TEXT;
-- NULL is a full bucket.
ALTER TABLE destinations ADD COLUMN tokens REAL;
ALTER TABLE destinations ADD COLUMN refilled_at INTEGER NOT NULL DEFAULT 0;
-- The delivery that probes an open circuit.
ALTER TABLE destinations ADD COLUMN probe INTEGER;
-- Since when its webhook is paused or off.
ALTER TABLE destinations ADD COLUMN stopped_since INTEGER;

UPDATE destinations SET stopped_since = (
  SELECT max(updated_at) FROM webhooks JOIN persistent_webhooks ON webhook = seq
  WHERE webhooks.destination = destinations.id
) WHERE stopped = 1;

-- When an operator last had it sent again. Its age counts from then.
ALTER TABLE deliveries ADD COLUMN revived_at INTEGER;

-- Time that does not count for the age of a delivery: the daemon was down, or (with a destination)
-- its webhook was paused.
CREATE TABLE idle_spans (
  id INTEGER PRIMARY KEY,
  destination INTEGER REFERENCES destinations ON DELETE CASCADE,
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL
) STRICT;

CREATE INDEX idle_spans_by_destination ON idle_spans (destination, until_at);

-- The days of the daemon's running time with failed attempts, counted from `failing_since`: the last
-- one, and a bit for each of the five that end with it.
ALTER TABLE persistent_webhooks ADD COLUMN failing_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE persistent_webhooks ADD COLUMN failing_days INTEGER NOT NULL DEFAULT 0;

-- By destination: an operator recovers an origin as well as a persistent webhook.
DROP INDEX deliveries_dead;
CREATE INDEX deliveries_dead ON deliveries (destination, created_at) WHERE state = 'dead';

-- For a webhook given with a job or a batch; a persistent one has its own column.
ALTER TABLE webhooks ADD COLUMN timeout_ms INTEGER;
