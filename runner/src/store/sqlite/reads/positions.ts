import type { DatabaseSync } from "node:sqlite";
import type { BatchPosition, JobPosition } from "../../../ports/store/positions.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadPositions(db: DatabaseSync): StoreReads["positions"] {
  // CROSS JOIN keeps the order of the tables: the ids are looked up, and no table is read.
  const findJobs = prepare<JobPosition>(
    db,
    `SELECT 'job' AS kind, jobs.id, status, fence, lease_owner AS owner, sequence,
       coalesce((SELECT max(logs.id) FROM logs WHERE logs.job = jobs.seq), 0) AS lastLog
     FROM json_each(?) CROSS JOIN jobs ON jobs.id = json_each.value`,
  );
  const findBatches = prepare<BatchPosition>(
    db,
    `SELECT 'batch' AS kind, batches.id, ended_at AS endedAt
     FROM json_each(?) CROSS JOIN batches ON batches.id = json_each.value`,
  );
  return async (ids) => {
    const given = JSON.stringify(ids);
    return [...findJobs.all(given), ...findBatches.all(given)].map((row) => ({ ...row }));
  };
}
