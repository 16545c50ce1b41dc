/** Makes what an export does not have, from the rows that it has. */
export const DERIVED: readonly string[] = [
  `INSERT INTO file_contents (sha256, size) SELECT DISTINCT sha256, size FROM files`,
  `UPDATE files SET held = true WHERE seq IN (SELECT file FROM job_files)`,
  `INSERT INTO limit_vacancies (limit_name, limit_key)
   SELECT DISTINCT limit_name, limit_key FROM jobs WHERE blocked_since IS NOT NULL`,
  `INSERT INTO counts (kind, state, slot, count)
   SELECT 'job', status, 0, count(*) FROM jobs GROUP BY status
   UNION ALL SELECT 'delivery', state, 0, count(*) FROM deliveries GROUP BY state
   UNION ALL SELECT 'file', 'files', 0, count(*) FROM files
   UNION ALL SELECT 'file', 'bytes', 0, coalesce(sum(size), 0) FROM file_contents`,
];
