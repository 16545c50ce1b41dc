import type { Operation } from "../change.ts";
import { addVacancies, lineUp } from "./line-up.ts";

/** Removes the lease. A job without an event has not started, whatever the claim set. */
export const FREED = `status = 'queued', fence = jobs.fence + 1, lease_owner = NULL,
  lease_until = NULL, started_at = CASE WHEN sequence = 0 THEN NULL ELSE started_at END,
  ${lineUp({ at: `coalesce((SELECT max(ended_at) FROM steps WHERE job = jobs.seq), run_at)` })}`;

/** The new fence ends the claim, so the previous owner can no longer change the job. */
export const releaseJobs: Operation<"releaseJobs"> = async (tx, claims, { countsAttempt }) => {
  const released = await tx.query(
    `WITH held AS MATERIALIZED (
       SELECT seq, limit_name, limit_key
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS claim (job_id, fence, owner)
         JOIN jobs ON jobs.id = job_id
       WHERE jobs.fence = claim.fence AND lease_owner = owner AND status = 'running'
     ), released AS (
       UPDATE jobs SET ${FREED}, step_attempts = step_attempts - $4
       FROM held WHERE jobs.seq = held.seq
       RETURNING jobs.seq, jobs.limit_name, jobs.limit_key
     ), vacancy AS (${addVacancies("held", "released")})
     SELECT seq FROM released`,
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
