-- The logins of browsers, as digests.
CREATE TABLE sessions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  -- The name of the token that it stands for. NULL for the daemon's own.
  token_name TEXT,
  token TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_expire ON sessions (expires_at);
