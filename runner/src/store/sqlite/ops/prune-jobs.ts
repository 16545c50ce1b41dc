import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

/** Open, or given up so recently that an operator can still have it sent again. */
const needed = (before: string): string =>
  `(state IN ('waiting', 'due') OR (state = 'dead' AND deliveries.ended_at >= ${before}))`;

/** The instant before which a job must have ended. */
const OWN_BEFORE = `CASE jobs.status WHEN 'failed' THEN ?6 ELSE ?5 END`;

/** A place in the order in which batches or jobs have ended. */
type Place = readonly [endedAt: number, seq: number];

const FIRST: Place = [0, 0];

/** Error groups looked at in one call, in 0.3 ms. They have no jobs left, or are kept with their jobs. */
const GROUPS_PER_CALL = 1_000;

interface EndedRow {
  readonly seq: number;
  readonly ended_at: number;
  readonly is_needed: 0 | 1;
}

/** Looks at the rows of a table in the order in which they ended, and deletes those that are not needed. */
function preparePrune(
  db: DatabaseSync,
  table: { name: string; key: string; endedAt: string; isNeeded: string },
) {
  const { name, key, endedAt, isNeeded } = table;
  const find = prepare<EndedRow>(
    db,
    `SELECT ${key} AS seq, ${endedAt} AS ended_at, (${isNeeded}) AS is_needed FROM ${name}
     WHERE ${endedAt} < ?1 AND (${endedAt}, ${key}) > (?2, ?3) ORDER BY ${endedAt}, ${key} LIMIT ?4`,
  );
  const remove = prepare(db, `DELETE FROM ${name} WHERE ${key} = ?`);
  return (
    after: Place,
    { endedBefore, limit }: { endedBefore: number; limit: number },
    values: readonly number[] = [],
  ) => {
    const rows = find.all(endedBefore, ...after, limit, ...values);
    const old = rows.filter((row) => row.is_needed === 0);
    for (const { seq } of old) remove.run(seq);
    const last = rows.at(-1);
    const at: Place = last === undefined ? after : [last.ended_at, last.seq];
    return { removed: old.length, at, more: rows.length === limit };
  };
}

export function preparePruneJobs(db: DatabaseSync): Operations["pruneJobs"] {
  const columns = { key: "seq", endedAt: "ended_at" };
  const pruneBatches = preparePrune(db, {
    ...columns,
    name: "batches",
    isNeeded: `EXISTS (SELECT 1 FROM deliveries WHERE batch = batches.seq AND ${needed("?1")})`,
  });
  // Jobs of a batch are kept as long as the batch, because it lists them all.
  const pruneJobs = preparePrune(db, {
    ...columns,
    name: "jobs",
    isNeeded: `ended_at >= ${OWN_BEFORE}
       OR EXISTS (SELECT 1 FROM deliveries WHERE job = jobs.seq AND ${needed(OWN_BEFORE)})
       OR EXISTS (SELECT 1 FROM batch_jobs WHERE job = jobs.seq)`,
  });
  const pruneErrorGroups = preparePrune(db, {
    name: "error_groups",
    key: "id",
    endedAt: "last_seen_at",
    isNeeded: `EXISTS (
      SELECT 1 FROM jobs INDEXED BY jobs_by_error_group WHERE error_group = error_groups.id
    )`,
  });

  return ({ endedBefore, failedBefore = endedBefore, limit, after }) => {
    const earlier = Math.min(endedBefore, failedBefore);
    const later = Math.max(endedBefore, failedBefore);
    const [batch, job, group] =
      after === null ? [FIRST, FIRST, FIRST] : (JSON.parse(after) as [Place, Place, Place]);
    const batches = pruneBatches(batch, { endedBefore: earlier, limit });
    const jobs = pruneJobs(job, { endedBefore: later, limit }, [endedBefore, failedBefore]);
    const groups = pruneErrorGroups(group, { endedBefore: earlier, limit: GROUPS_PER_CALL });
    return {
      jobs: jobs.removed,
      batches: batches.removed,
      at: JSON.stringify([batches.at, jobs.at, groups.more ? groups.at : FIRST]),
      more: batches.more || jobs.more,
    };
  };
}
