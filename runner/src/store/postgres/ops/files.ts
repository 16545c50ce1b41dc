import type { NewFile } from "../../../ports/store/files.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";

const INSERT = `WITH given AS MATERIALIZED (
    SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
      $8::bigint[]) WITH ORDINALITY
      AS file (id, name, type, size, sha256, created_at, expires_at, position)
  ), content AS (
    INSERT INTO file_contents (sha256, size) SELECT sha256, size FROM given ORDER BY sha256
    ON CONFLICT DO NOTHING RETURNING size
  ), file AS (
    INSERT INTO files (id, job, name, type, size, sha256, created_at, expires_at)
    SELECT id, $1::bigint, name, type, size, sha256, created_at, expires_at
    FROM given ORDER BY position
  )
  SELECT coalesce(sum(size), 0)::bigint AS bytes FROM content`;

/** Stores files. `job` is the `seq` of the job that wrote them, or null. */
export async function insertFiles(
  tx: Transaction,
  files: readonly NewFile[],
  job: number | null,
): Promise<void> {
  if (files.length === 0) return;
  const [added] = await tx.query<{ bytes: number }>(INSERT, [
    job,
    files.map(({ id }) => id),
    files.map(({ name }) => name),
    files.map(({ type }) => type),
    files.map(({ size }) => size),
    files.map(({ sha256 }) => sha256),
    files.map(({ createdAt }) => createdAt),
    files.map(({ expiresAt }) => expiresAt),
  ]);
  tx.count({ kind: "file", state: "files" }, files.length);
  tx.count({ kind: "file", state: "bytes" }, added?.bytes ?? 0);
}

export const createFile: Operation<"createFile"> = (tx, file) => insertFiles(tx, [file], null);

/** Returns a file that does not exist, or null. */
export async function findMissingFile(
  tx: Transaction,
  ids: readonly string[],
): Promise<string | null> {
  if (ids.length === 0) return null;
  const [missing] = await tx.query<{ position: number }>(
    `SELECT position FROM unnest($1::text[]) WITH ORDINALITY AS wanted (id, position)
     WHERE (SELECT seq FROM files WHERE files.id = wanted.id) IS NULL ORDER BY position LIMIT 1`,
    [ids],
  );
  return missing === undefined ? null : (ids[missing.position - 1] ?? null);
}

/** Keeps files for as long as the job. The group has locked those that no job has named before. */
export async function holdFiles(
  tx: Transaction,
  job: number,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `WITH held AS (UPDATE files SET held = true WHERE id = ANY ($2::text[]) AND NOT held)
     INSERT INTO job_files (job, file) SELECT $1, seq FROM files WHERE id = ANY ($2::text[])
     ON CONFLICT DO NOTHING`,
    [job, ids],
  );
}
