-- A file's content is elsewhere, under its hash.
CREATE TABLE files (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  -- The job whose plugin wrote it. NULL if a client uploaded it.
  job bigint,
  name text NOT NULL,
  type text NOT NULL,
  size bigint NOT NULL,
  sha256 text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint,
  -- Whether it has rows in job_files. No number: each job that names it would have to change it.
  held boolean NOT NULL DEFAULT false
);

CREATE INDEX files_by_job ON files (job) WHERE job IS NOT NULL;
CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX files_expiring ON files (expires_at)
  WHERE expires_at IS NOT NULL AND NOT held AND job IS NULL;

-- The contents that files have, once each: whoever inserts the row adds its bytes to the counts.
CREATE TABLE file_contents (
  sha256 text COLLATE "C" PRIMARY KEY,
  size bigint NOT NULL
);

-- The files that a job's input or options name. They stay as long as the job.
CREATE TABLE job_files (
  job bigint NOT NULL,
  file bigint NOT NULL,
  PRIMARY KEY (job, file)
);

CREATE INDEX job_files_by_file ON job_files (file);

-- The daemons that have the database open, each until the instant that it last gave.
CREATE TABLE daemons (
  owner text COLLATE "C" PRIMARY KEY,
  until bigint NOT NULL,
  -- What an operator knows it by.
  host text NOT NULL,
  process_id bigint NOT NULL,
  version text NOT NULL,
  started_at bigint NOT NULL,
  threads bigint NOT NULL,
  -- The names of the plugins that it can run, as a JSON array.
  plugins text NOT NULL
);

-- The daemon that has claimed a bulk act, and until when.
ALTER TABLE bulk_acts ADD COLUMN lease_owner text COLLATE "C", ADD COLUMN lease_until bigint;

-- The added tokens of the API, as digests.
CREATE TABLE tokens (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  scope text COLLATE "C" NOT NULL CHECK (scope IN ('read', 'run', 'admin')),
  sha256 text COLLATE "C" NOT NULL,
  created_at text COLLATE "C" NOT NULL
);
