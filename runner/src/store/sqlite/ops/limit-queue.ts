import type { DatabaseSync } from "node:sqlite";
import type { NewJob } from "../../../ports/store/jobs.ts";
import { joiningOf, toLimitFull, type LimitFull } from "../../shared/limit-queue.ts";
import { prepare } from "../statement.ts";

/** Returns the first limit for which new jobs may not wait, or null. */
export function prepareFindFullLimit(
  db: DatabaseSync,
): (jobs: readonly NewJob[]) => LimitFull | null {
  const find = prepare<{ max_queued: number | null }>(
    db,
    `SELECT max_queued FROM limits WHERE name = ?`,
  );
  const count = prepare<{ queued: number }>(
    db,
    `SELECT count(*) AS queued FROM (
       SELECT 1 FROM jobs INDEXED BY jobs_blocked
       WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL
         AND blocked_since IS NOT NULL AND limit_name = ? LIMIT ?
     )`,
  );
  return (jobs) => {
    for (const joining of joiningOf(jobs)) {
      const stored = find.get(joining.name);
      const maxQueued = stored === undefined ? joining.declared : stored.max_queued;
      if (maxQueued === null) continue;
      const queued = count.get(joining.name, maxQueued)?.queued ?? 0;
      const full = toLimitFull(joining, { maxQueued, queued });
      if (full !== null) return full;
    }
    return null;
  };
}
