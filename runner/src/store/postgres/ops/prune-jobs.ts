import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { deleteBatches, deleteJobs } from "./delete-rows.ts";

/** Open, or given up so recently that an operator can still have it sent again. */
const needed = (before: string): string =>
  `(state IN ('waiting', 'due') OR (state = 'dead' AND deliveries.ended_at >= ${before}))`;

/** The instant before which a job must have ended. */
const OWN_BEFORE = `CASE jobs.status WHEN 'failed' THEN $6::bigint ELSE $5::bigint END`;

/** EXISTS that looks once for each row. PostgreSQL can turn EXISTS itself into a read of the whole table. */
function exists(from: string): string {
  return `coalesce((SELECT true ${from} LIMIT 1), false)`;
}

/** A place in the order in which batches or jobs have ended. */
type Place = readonly [endedAt: number, seq: number];

const FIRST: Place = [0, 0];

/** Error groups looked at in one call. They have no jobs left, or are kept with their jobs. */
const GROUPS_PER_CALL = 1_000;

interface EndedRow {
  readonly seq: number;
  readonly ended_at: number;
  readonly is_needed: boolean;
}

interface Table {
  readonly name: string;
  readonly key: string;
  readonly endedAt: string;
  readonly isNeeded: string;
  readonly remove: (tx: Transaction, keys: readonly number[]) => Promise<unknown>;
}

const BATCHES: Table = {
  name: "batches",
  key: "seq",
  endedAt: "ended_at",
  isNeeded: exists(`FROM deliveries WHERE batch = batches.seq AND ${needed("$1")}`),
  remove: deleteBatches,
};

/** Jobs of a batch are kept as long as the batch, because it lists them all. */
const JOBS: Table = {
  name: "jobs",
  key: "seq",
  endedAt: "ended_at",
  isNeeded: `ended_at >= ${OWN_BEFORE}
    OR ${exists(`FROM deliveries WHERE job = jobs.seq AND ${needed(OWN_BEFORE)}`)}
    OR ${exists("FROM batch_jobs WHERE job = jobs.seq")}`,
  remove: deleteJobs,
};

const ERROR_GROUPS: Table = {
  name: "error_groups",
  key: "id",
  endedAt: "last_seen_at",
  isNeeded: exists("FROM jobs WHERE error_group = error_groups.id"),
  remove: (tx, keys) => tx.query(`DELETE FROM error_groups WHERE id = ANY ($1::bigint[])`, [keys]),
};

export const pruneJobs: Operation<"pruneJobs"> = async (
  tx,
  { endedBefore, failedBefore = endedBefore, limit, after },
) => {
  const earlier = Math.min(endedBefore, failedBefore);
  const later = Math.max(endedBefore, failedBefore);
  const [batch, job, group] =
    after === null ? [FIRST, FIRST, FIRST] : (JSON.parse(after) as [Place, Place, Place]);
  const batches = await prune(tx, BATCHES, { after: batch, endedBefore: earlier, limit });
  const jobs = await prune(tx, JOBS, {
    after: job,
    endedBefore: later,
    limit,
    values: [endedBefore, failedBefore],
  });
  const groups = await prune(tx, ERROR_GROUPS, {
    after: group,
    endedBefore: earlier,
    limit: GROUPS_PER_CALL,
  });
  return {
    jobs: jobs.removed,
    batches: batches.removed,
    at: JSON.stringify([batches.at, jobs.at, groups.more ? groups.at : FIRST]),
    more: batches.more || jobs.more,
  };
};

/** Looks at the rows of a table in the order in which they ended, and deletes those that are not needed. */
async function prune(
  tx: Transaction,
  { name, key, endedAt, isNeeded, remove }: Table,
  {
    after,
    endedBefore,
    limit,
    values = [],
  }: { after: Place; endedBefore: number; limit: number; values?: readonly number[] },
) {
  const rows = await tx.query<EndedRow>(
    `SELECT ${key} AS seq, ${endedAt} AS ended_at, (${isNeeded}) AS is_needed FROM ${name}
     WHERE ${endedAt} < $1 AND (${endedAt}, ${key}) > ($2, $3) ORDER BY ${endedAt}, ${key} LIMIT $4`,
    [endedBefore, ...after, limit, ...values],
  );
  const old = rows.filter((row) => !row.is_needed).map(({ seq }) => seq);
  await remove(tx, old);
  const last = rows.at(-1);
  const at: Place = last === undefined ? after : [last.ended_at, last.seq];
  return { removed: old.length, at, more: rows.length === limit };
}
