import type { NewJob } from "../../../ports/store/jobs.ts";
import { joiningOf, toLimitFull, type LimitFull } from "../../shared/limit-queue.ts";
import type { Transaction } from "../transaction.ts";

const COUNT = `SELECT name, max_queued AS "maxQueued", (
    SELECT count(*) FROM (
      SELECT 1 FROM jobs
      WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NOT NULL
        AND limit_name = limits.name LIMIT limits.max_queued
    ) AS waiting
  )::int AS queued
  FROM limits WHERE name = ANY ($1::text[])`;

/**
 * Returns the first limit for which new jobs may not wait, or null. Daemons that store jobs at the same
 * instant do not see those of one another.
 */
export async function findFullLimit(
  tx: Transaction,
  jobs: readonly NewJob[],
): Promise<LimitFull | null> {
  const all = joiningOf(jobs);
  if (all.length === 0) return null;
  const rows = await tx.query<{ name: string; maxQueued: number | null; queued: number }>(COUNT, [
    all.map(({ name }) => name),
  ]);
  const stored = new Map(rows.map((row) => [row.name, row]));
  for (const joining of all) {
    const counted = stored.get(joining.name) ?? { maxQueued: joining.declared, queued: 0 };
    const full = toLimitFull(joining, counted);
    if (full !== null) return full;
  }
  return null;
}
