-- Renames only; no data changes. A lane is now a destination, `hold_until` is `paused_until`, `turn`
-- is `served`, and the index of a job's deliveries to one webhook is named after the ordering key.

ALTER TABLE lanes RENAME TO destinations;
ALTER TABLE destinations RENAME COLUMN hold_until TO paused_until;
ALTER TABLE destinations RENAME COLUMN turn TO served;
ALTER TABLE webhooks RENAME COLUMN lane TO destination;
ALTER TABLE deliveries RENAME COLUMN lane TO destination;

DROP INDEX lanes_ready;
CREATE INDEX destinations_ready ON destinations (wake_at, served) WHERE ready_at IS NOT NULL;
DROP INDEX webhooks_by_lane;
CREATE INDEX webhooks_by_destination ON webhooks (destination);
DROP INDEX deliveries_in_line;
CREATE INDEX deliveries_by_ordering_key ON deliveries (job, webhook);
