-- The logins of browsers, as digests.
CREATE TABLE sessions (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  -- The name of the token that it stands for. NULL for the daemon's own.
  token_name text COLLATE "C",
  token text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX sessions_expire ON sessions (expires_at);
