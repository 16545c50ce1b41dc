import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

/** Nobody has the job any more; one that told of no start has not begun. */
export const FREED = `lease_owner = NULL, lease_until = NULL,
  started_at = iif(sequence = 0, NULL, started_at)`;

export function prepareReleaseJobs(db: DatabaseSync): Operations["releaseJobs"] {
  // The fence grows here too: whoever gave the job back can no longer change it.
  const release = prepare(
    db,
    `UPDATE jobs SET status = 'queued', fence = fence + 1, step_attempts = step_attempts - ?,
       ${FREED}
     WHERE id = ? AND fence = ? AND status = 'running'`,
  );
  return (claims, { countsAttempt }) => {
    for (const { jobId, fence } of claims) release.run(countsAttempt ? 0 : 1, jobId, fence);
  };
}
