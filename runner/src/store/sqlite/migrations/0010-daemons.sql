-- The daemons that have the database open, each until the instant that it last gave. With SQLite there is
-- one, except in tests.
CREATE TABLE daemons (
  owner TEXT NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL,
  -- What an operator knows it by.
  host TEXT NOT NULL,
  process_id INTEGER NOT NULL,
  version TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  threads INTEGER NOT NULL,
  -- The names of the plugins that it can run, as a JSON array.
  plugins TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX daemons_until ON daemons (until);

-- The daemon that has claimed a bulk act, and until when.
ALTER TABLE bulk_acts ADD COLUMN lease_owner TEXT;
ALTER TABLE bulk_acts ADD COLUMN lease_until INTEGER;
