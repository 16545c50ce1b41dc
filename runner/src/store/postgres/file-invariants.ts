import type { Invariant } from "../shared/invariant.ts";

export const FILE_INVARIANTS: readonly Invariant[] = [
  {
    sentence: "the counts of files are the files, and the bytes of their contents",
    sql: `SELECT format('%s: the count is %s, there are %s', state, counted, actual) AS problem
          FROM (VALUES ('files', (SELECT count(*) FROM files)),
              ('bytes', (SELECT coalesce(sum(size), 0) FROM file_contents)))
              AS real (state, actual)
            LEFT JOIN (SELECT state, sum(count) AS counted FROM counts WHERE kind = 'file'
              GROUP BY state) AS stored USING (state)
          WHERE coalesce(counted, 0) <> actual`,
  },
  {
    sentence: "a file is held exactly when a job names it",
    sql: `SELECT id AS problem FROM files
          WHERE held <> EXISTS (SELECT 1 FROM job_files WHERE file = files.seq)`,
  },
  {
    sentence: "a file has the size of its content",
    sql: `SELECT id AS problem FROM files JOIN file_contents USING (sha256)
          WHERE files.size <> file_contents.size`,
  },
];
