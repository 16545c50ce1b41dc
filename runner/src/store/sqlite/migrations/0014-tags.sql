-- One row per tag of a job; most jobs have none. The primary key is in the order of lists of jobs, so
-- that the jobs with a tag are read from its end.
CREATE TABLE job_tags (
  tag TEXT NOT NULL,
  -- When the job was created.
  created_at INTEGER NOT NULL,
  job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
  PRIMARY KEY (tag, created_at, job)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_tags_by_job ON job_tags (job);
