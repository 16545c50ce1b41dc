-- A file's content is in the folder `artifacts`, under its hash. AUTOINCREMENT: cursors of lists.
CREATE TABLE files (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  -- The job whose plugin wrote it. NULL if a client uploaded it.
  job INTEGER REFERENCES jobs ON DELETE CASCADE,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  -- The number of its rows in job_files.
  holders INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX files_by_job ON files (job) WHERE job IS NOT NULL;
CREATE INDEX files_by_content ON files (sha256);
CREATE INDEX files_expiring ON files (expires_at)
  WHERE expires_at IS NOT NULL AND holders = 0 AND job IS NULL;

-- The files that a job's input or options name. They stay as long as the job.
CREATE TABLE job_files (
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  file INTEGER NOT NULL REFERENCES files,
  PRIMARY KEY (job, file)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_files_by_file ON job_files (file);

CREATE TRIGGER job_files_inserted AFTER INSERT ON job_files BEGIN
  UPDATE files SET holders = holders + 1 WHERE seq = NEW.file;
END;
CREATE TRIGGER job_files_deleted AFTER DELETE ON job_files BEGIN
  UPDATE files SET holders = holders - 1 WHERE seq = OLD.file;
END;

-- A job's file that another job's input names outlives the job, and goes when nothing needs it.
CREATE TRIGGER jobs_deleted_before_files BEFORE DELETE ON jobs
WHEN EXISTS (SELECT 1 FROM files WHERE job = OLD.seq) BEGIN
  UPDATE files SET job = NULL, expires_at = created_at WHERE job = OLD.seq AND holders > 0;
END;

-- One row. A content that several files have counts once.
CREATE TABLE file_usage (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
INSERT INTO file_usage VALUES (1, 0, 0);

CREATE TRIGGER files_inserted AFTER INSERT ON files BEGIN
  UPDATE file_usage SET files = files + 1, bytes = bytes + iif(
    EXISTS (SELECT 1 FROM files WHERE sha256 = NEW.sha256 AND seq <> NEW.seq), 0, NEW.size
  );
END;
CREATE TRIGGER files_deleted AFTER DELETE ON files BEGIN
  UPDATE file_usage SET files = files - 1, bytes = bytes - iif(
    EXISTS (SELECT 1 FROM files WHERE sha256 = OLD.sha256), 0, OLD.size
  );
END;
