import type { DatabaseSync } from "node:sqlite";
import type { FileInfo } from "../../../domain/file.ts";
import type { StoredFile } from "../../../ports/store/files.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";

interface Row extends FileInfo {
  readonly seq: number;
  readonly job_id: string | null;
  readonly created_at: number;
  readonly expires_at: number | null;
}

const COLUMNS = `files.seq, files.id, files.name, type, size, sha256, jobs.id AS job_id,
  files.created_at, expires_at`;
const FILES = `files LEFT JOIN jobs ON jobs.seq = files.job`;

export function prepareReadFile(db: DatabaseSync): StoreReads["file"] {
  const find = prepare<Row>(db, `SELECT ${COLUMNS} FROM ${FILES} WHERE files.id = ?`);
  return async (id) => {
    const row = find.get(id);
    return row === undefined ? null : toStoredFile(row);
  };
}

/** The files of a job, by its id: those that it wrote, and those that its request names. */
const OF_JOB = `(
  SELECT files.seq FROM jobs CROSS JOIN files ON files.job = jobs.seq WHERE jobs.id = ?1
  UNION ALL
  SELECT file FROM jobs CROSS JOIN job_files ON job_files.job = jobs.seq WHERE jobs.id = ?1
)`;

export function prepareReadFiles(db: DatabaseSync): StoreReads["files"] {
  const page = `files.seq < ?2 ORDER BY files.seq DESC LIMIT ?3`;
  const findAll = prepare<Row>(db, `SELECT ${COLUMNS} FROM ${FILES} WHERE ?1 IS NULL AND ${page}`);
  const findOfJob = prepare<Row>(
    db,
    `SELECT ${COLUMNS} FROM ${FILES} WHERE files.seq IN ${OF_JOB} AND ${page}`,
  );
  return async ({ jobId = null }, { limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    const find = jobId === null ? findAll : findOfJob;
    // One row more than requested shows whether there is a next page.
    const rows = find.all(jobId, before, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const hasMore = rows.length > limit && last !== undefined;
    return { items: items.map(toStoredFile), nextCursor: hasMore ? toCursor(last.seq) : null };
  };
}

export function prepareReadFilesOfJob(db: DatabaseSync): StoreReads["filesOfJob"] {
  const find = prepare<Row>(
    db,
    `SELECT seq, id, name, type, size, sha256 FROM files WHERE seq IN ${OF_JOB}`,
  );
  return async (jobId) =>
    find.all(jobId).map(({ id, name, type, size, sha256 }) => ({ id, name, type, size, sha256 }));
}

export function prepareReadUsedContents(db: DatabaseSync): StoreReads["usedContents"] {
  const find = prepare<{ sha256: string }>(db, `SELECT sha256 FROM files WHERE sha256 = ? LIMIT 1`);
  return async (sha256s) => new Set(sha256s.filter((each) => find.get(each) !== undefined));
}

export function prepareReadFileUsage(db: DatabaseSync): StoreReads["fileUsage"] {
  const find = prepare<{ files: number; bytes: number }>(
    db,
    `SELECT files, bytes FROM file_usage WHERE id = 1`,
  );
  return async () => {
    const { files = 0, bytes = 0 } = find.get() ?? {};
    return { files, bytes };
  };
}

function toStoredFile(row: Row): StoredFile {
  const { id, name, type, size, sha256 } = row;
  const times = { createdAt: row.created_at, expiresAt: row.expires_at };
  return { id, name, type, size, sha256, jobId: row.job_id, ...times };
}
