import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareReleaseJobs(db: DatabaseSync): Operations["releaseJobs"] {
  // The fence grows here too: whoever gave the job back can no longer change it.
  const release = prepare(
    db,
    `UPDATE jobs SET status = 'queued', fence = fence + 1, step_attempts = step_attempts - 1,
       lease_owner = NULL, lease_until = NULL
     WHERE id = ? AND fence = ? AND status = 'running'`,
  );
  return (claims) => {
    for (const { jobId, fence } of claims) release.run(jobId, fence);
  };
}
