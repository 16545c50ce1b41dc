/** Deletes files. Only in an exclusive write group: no job begins to need one meanwhile. */
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";

export const deleteFile: Operation<"deleteFile"> = async (tx, id) => {
  const [file] = await tx.query<{ seq: number; is_needed: boolean }>(
    `SELECT seq, (job IS NOT NULL OR held) AS is_needed FROM files WHERE id = $1`,
    [id],
  );
  if (file === undefined) return "unknown";
  if (file.is_needed) return "in-use";
  await deleteFiles(tx, [file.seq]);
  return "deleted";
};

export const pruneFiles: Operation<"pruneFiles"> = async (tx, { now, limit }) => {
  const expired = await tx.query<{ seq: number }>(
    `SELECT seq FROM files WHERE expires_at < $1 AND NOT held AND job IS NULL
     ORDER BY expires_at LIMIT $2`,
    [now, limit],
  );
  await deleteFiles(
    tx,
    expired.map(({ seq }) => seq),
  );
  return expired.length;
};

/**
 * The files of jobs that are deleted. One that another job names outlives the job that wrote it, and
 * goes when nothing needs it.
 */
export async function deleteFilesOf(tx: Transaction, jobs: readonly number[]): Promise<void> {
  await tx.query(
    `WITH released AS (DELETE FROM job_files WHERE job = ANY ($1::bigint[]) RETURNING file)
     UPDATE files SET held = false
     WHERE seq = ANY (ARRAY(SELECT DISTINCT file FROM released)) AND NOT coalesce((
       SELECT true FROM job_files WHERE file = files.seq AND job <> ALL ($1::bigint[]) LIMIT 1
     ), false)`,
    [jobs],
  );
  await tx.query(
    `UPDATE files SET job = NULL, expires_at = created_at WHERE job = ANY ($1::bigint[]) AND held`,
    [jobs],
  );
  const written = await tx.query<{ seq: number }>(
    `SELECT seq FROM files WHERE job = ANY ($1::bigint[])`,
    [jobs],
  );
  await deleteFiles(
    tx,
    written.map(({ seq }) => seq),
  );
}

async function deleteFiles(tx: Transaction, files: readonly number[]): Promise<void> {
  if (files.length === 0) return;
  const gone = await tx.query<{ sha256: string }>(
    `DELETE FROM files WHERE seq = ANY ($1::bigint[]) RETURNING sha256`,
    [files],
  );
  const unused = await tx.query<{ size: number }>(
    `DELETE FROM file_contents WHERE sha256 = ANY ($1::text[])
       AND (SELECT seq FROM files WHERE files.sha256 = file_contents.sha256 LIMIT 1) IS NULL
     RETURNING size`,
    [gone.map(({ sha256 }) => sha256)],
  );
  tx.count({ kind: "file", state: "files" }, -gone.length);
  for (const { size } of unused) tx.count({ kind: "file", state: "bytes" }, -size);
}
