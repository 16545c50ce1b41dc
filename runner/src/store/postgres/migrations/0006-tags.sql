-- One row per tag of a job; most jobs have none. The primary key is in the order of lists of jobs, so
-- that the jobs with a tag are read from its end.
CREATE TABLE job_tags (
  tag text COLLATE "C" NOT NULL,
  -- When the job was created.
  created_at bigint NOT NULL,
  job bigint NOT NULL,
  PRIMARY KEY (tag, created_at, job)
);

CREATE INDEX job_tags_by_job ON job_tags (job, tag);
