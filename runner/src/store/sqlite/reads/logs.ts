import type { DatabaseSync } from "node:sqlite";
import type { LogEntry } from "../../../ports/store/logs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadLogs(db: DatabaseSync): StoreReads["logs"] {
  const find = prepare<LogEntry>(
    db,
    `SELECT id AS number, step, at, level, message, data FROM logs
     WHERE job = (SELECT seq FROM jobs WHERE id = ?) AND id > ?
     ORDER BY id LIMIT ?`,
  );
  return async (jobId, { after, limit }) =>
    find.all(jobId, after, limit).map((row) => ({ ...row }));
}
