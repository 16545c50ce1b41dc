import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import { lineUp } from "./line-up.ts";

/** Removes the lease. A job without an event has not started, whatever the claim set. */
export const FREED = `lease_owner = NULL, lease_until = NULL,
  started_at = iif(sequence = 0, NULL, started_at),
  ${lineUp({ at: `coalesce((SELECT max(ended_at) FROM steps WHERE job = jobs.seq), run_at)` })}`;

export function prepareReleaseJobs(db: DatabaseSync): Operations["releaseJobs"] {
  // The new fence ends the claim, so the previous owner can no longer change the job.
  const release = prepare(
    db,
    `UPDATE jobs SET status = 'queued', fence = fence + 1, step_attempts = step_attempts - ?,
       ${FREED}
     WHERE id = ? AND fence = ? AND lease_owner = ? AND status = 'running'`,
  );
  return (claims, { countsAttempt }) => {
    for (const { jobId, fence, owner } of claims)
      release.run(countsAttempt ? 0 : 1, jobId, fence, owner);
  };
}
