import type { DatabaseSync } from "node:sqlite";
import type { JobState } from "../../../ports/store/jobs.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadJobState(db: DatabaseSync): StoreReads["jobState"] {
  const find = prepare<JobState>(
    db,
    `SELECT status, fence, lease_owner AS owner, ended_at AS endedAt FROM jobs WHERE id = ?`,
  );
  return async (id) => {
    const row = find.get(id);
    return row === undefined ? null : { ...row };
  };
}
