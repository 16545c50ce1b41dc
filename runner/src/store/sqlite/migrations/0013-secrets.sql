-- The secrets of plugins that were set by the API. AUTOINCREMENT: a secret that is set again after it was removed is another one.
CREATE TABLE secrets (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  -- The value, encrypted.
  sealed TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
