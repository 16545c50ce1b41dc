import type { FileInfo } from "../../../domain/file.ts";
import type { StoredFile } from "../../../ports/store/files.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import type { Query } from "../reader.ts";
import { toPage } from "./page.ts";

interface Row extends StoredFile {
  readonly seq: number;
}

const SELECT = `SELECT files.seq, files.id, files.name, type, size, sha256, jobs.id AS "jobId",
    files.created_at AS "createdAt", expires_at AS "expiresAt"
  FROM files LEFT JOIN jobs ON jobs.seq = files.job`;

/** The files of job $1: those that it wrote, and those that its request names. */
const OF_JOB = `ARRAY(
    SELECT seq FROM files WHERE job = (SELECT seq FROM jobs WHERE id = $1)
    UNION ALL
    SELECT file FROM job_files WHERE job = (SELECT seq FROM jobs WHERE id = $1)
  )`;

export function createReadFile(query: Query): StoreReads["file"] {
  return async (id) => {
    const [row] = await query<Row>(`${SELECT} WHERE files.id = $1`, [id]);
    return row === undefined ? null : toStoredFile(row);
  };
}

export function createReadFiles(query: Query): StoreReads["files"] {
  return async ({ jobId }, { limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    // One row more than requested shows whether there is a next page.
    const rows =
      jobId === undefined
        ? await query<Row>(`${SELECT} WHERE files.seq < $1 ORDER BY files.seq DESC LIMIT $2`, [
            before,
            limit + 1,
          ])
        : await query<Row>(
            `${SELECT} WHERE files.seq = ANY (${OF_JOB}) AND files.seq < $2
             ORDER BY files.seq DESC LIMIT $3`,
            [jobId, before, limit + 1],
          );
    const { items, last } = toPage(rows, limit);
    return {
      items: items.map(toStoredFile),
      nextCursor: last === null ? null : toCursor(last.seq),
    };
  };
}

export function createReadFilesOfJob(query: Query): StoreReads["filesOfJob"] {
  return (jobId) =>
    query<FileInfo>(
      `SELECT id, name, type, size, sha256 FROM files WHERE seq = ANY (${OF_JOB}) ORDER BY seq`,
      [jobId],
    );
}

export function createReadUsedContents(query: Query): StoreReads["usedContents"] {
  return async (sha256s) => {
    const rows = await query<{ sha256: string }>(
      `SELECT sha256 FROM file_contents WHERE sha256 = ANY ($1::text[])`,
      [sha256s],
    );
    return new Set(rows.map(({ sha256 }) => sha256));
  };
}

export function createReadFileUsage(query: Query): StoreReads["fileUsage"] {
  return async () => {
    const rows = await query<{ state: string; count: number }>(
      `SELECT state, sum(count)::bigint AS count FROM counts WHERE kind = 'file' GROUP BY state`,
    );
    const of = (state: string) => rows.find((row) => row.state === state)?.count ?? 0;
    return { files: of("files"), bytes: of("bytes") };
  };
}

function toStoredFile(row: Row): StoredFile {
  const { id, name, type, size, sha256, jobId, createdAt, expiresAt } = row;
  return { id, name, type, size, sha256, jobId, createdAt, expiresAt };
}
