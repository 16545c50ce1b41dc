import type { DatabaseSync } from "node:sqlite";
import type { NewFile } from "../../../ports/store/files.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

/** Stores a file. `job` is the `seq` of the job that wrote it, or null. */
export function prepareInsertFile(db: DatabaseSync): (file: NewFile, job: number | null) => void {
  const insert = prepare(
    db,
    `INSERT INTO files (id, job, name, type, size, sha256, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return ({ id, name, type, size, sha256, createdAt, expiresAt }, job) => {
    insert.run(id, job, name, type, size, sha256, createdAt, expiresAt);
  };
}

export function prepareCreateFile(db: DatabaseSync): Operations["createFile"] {
  const insertFile = prepareInsertFile(db);
  return (file) => insertFile(file, null);
}

/** Keeps the files that a job names for as long as the job. */
export function prepareHoldFiles(db: DatabaseSync) {
  const find = prepare<{ seq: number }>(db, `SELECT seq FROM files WHERE id = ?`);
  const insert = prepare(db, `INSERT OR IGNORE INTO job_files (job, file) VALUES (?, ?)`);
  const findSeq = (id: string): number | null => find.get(id)?.seq ?? null;
  return {
    find: findSeq,
    add(job: number, id: string): void {
      insert.run(job, findSeq(id));
    },
  };
}

interface FileRow {
  readonly seq: number;
  readonly is_needed: 0 | 1;
}

export function prepareDeleteFile(db: DatabaseSync): Operations["deleteFile"] {
  const find = prepare<FileRow>(
    db,
    `SELECT seq, (job IS NOT NULL OR holders > 0) AS is_needed FROM files WHERE id = ?`,
  );
  const remove = prepare(db, `DELETE FROM files WHERE seq = ?`);
  return (id) => {
    const file = find.get(id);
    if (file === undefined) return "unknown";
    if (file.is_needed === 1) return "in-use";
    remove.run(file.seq);
    return "deleted";
  };
}

export function preparePruneFiles(db: DatabaseSync): Operations["pruneFiles"] {
  const remove = prepare(
    db,
    `DELETE FROM files WHERE seq IN (
       SELECT seq FROM files INDEXED BY files_expiring
       WHERE expires_at < ? AND holders = 0 AND job IS NULL LIMIT ?
     )`,
  );
  return ({ now, limit }) => Number(remove.run(now, limit).changes);
}
