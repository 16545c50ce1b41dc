import type { DatabaseSync } from "node:sqlite";
import type { JobEvent } from "../../../domain/event.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadEvents(db: DatabaseSync): StoreReads["events"] {
  const find = prepare<JobEvent>(
    db,
    `SELECT kind, sequence, at, body FROM events
     WHERE job = (SELECT seq FROM jobs WHERE id = ?) AND sequence > ?
     ORDER BY sequence LIMIT ?`,
  );
  return async (jobId, { after, limit }) =>
    find.all(jobId, after, limit).map((row) => ({ ...row }));
}
