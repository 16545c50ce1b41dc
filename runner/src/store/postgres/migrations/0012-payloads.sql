-- When the input, the options, the outputs, the logs and the events' bodies of an ended job were removed.
ALTER TABLE jobs ADD COLUMN payloads_removed_at bigint;
-- When the callback's body was removed. The payloads of its jobs follow.
ALTER TABLE batches ADD COLUMN payloads_removed_at bigint;

-- So that what has been removed is not looked at again.
CREATE INDEX jobs_with_payloads ON jobs (ended_at, seq)
  WHERE ended_at IS NOT NULL AND payloads_removed_at IS NULL;
CREATE INDEX batches_with_payloads ON batches (ended_at, seq)
  WHERE ended_at IS NOT NULL AND payloads_removed_at IS NULL;
