import type { Operation } from "../change.ts";

/** Removes the lease. A job without an event has not started, whatever the claim set. */
export const FREED = `status = 'queued', fence = jobs.fence + 1, lease_owner = NULL,
  lease_until = NULL, started_at = CASE WHEN sequence = 0 THEN NULL ELSE started_at END`;

/** The new fence ends the claim, so the previous owner can no longer change the job. */
export const releaseJobs: Operation<"releaseJobs"> = async (tx, claims, { countsAttempt }) => {
  const released = await tx.query(
    `UPDATE jobs SET ${FREED}, step_attempts = step_attempts - $4
     FROM unnest($1::text[], $2::bigint[], $3::text[]) AS claim (job_id, fence, owner)
     WHERE jobs.id = job_id AND jobs.fence = claim.fence AND lease_owner = owner
       AND status = 'running'
     RETURNING seq`,
    [
      claims.map(({ jobId }) => jobId),
      claims.map(({ fence }) => fence),
      claims.map(({ owner }) => owner),
      countsAttempt ? 0 : 1,
    ],
  );
  tx.count({ kind: "job", state: "running" }, -released.length);
  tx.count({ kind: "job", state: "queued" }, released.length);
};
