import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { deleteBatches, deleteJobs } from "./delete-rows.ts";

/** Open, or given up so recently that an operator can still have it sent again. */
const NEEDED = `(state IN ('waiting', 'due') OR (state = 'dead' AND deliveries.ended_at >= $1))`;

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
  isNeeded: exists(`FROM deliveries WHERE batch = batches.seq AND ${NEEDED}`),
  remove: deleteBatches,
};

/** Jobs of a batch are kept as long as the batch, because it lists them all. */
const JOBS: Table = {
  name: "jobs",
  key: "seq",
  endedAt: "ended_at",
  isNeeded: `${exists(`FROM deliveries WHERE job = jobs.seq AND ${NEEDED}`)}
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

export const pruneJobs: Operation<"pruneJobs"> = async (tx, { endedBefore, limit, after }) => {
  const [batch, job, group] =
    after === null ? [FIRST, FIRST, FIRST] : (JSON.parse(after) as [Place, Place, Place]);
  const batches = await prune(tx, BATCHES, { after: batch, endedBefore, limit });
  const jobs = await prune(tx, JOBS, { after: job, endedBefore, limit });
  const groups = await prune(tx, ERROR_GROUPS, {
    after: group,
    endedBefore,
    limit: GROUPS_PER_CALL,
  });
  return {
    jobs: jobs.removed,
    at: JSON.stringify([batches.at, jobs.at, groups.more ? groups.at : FIRST]),
    more: batches.more || jobs.more,
  };
};

/** Looks at the rows of a table in the order in which they ended, and deletes those that are not needed. */
async function prune(
  tx: Transaction,
  { name, key, endedAt, isNeeded, remove }: Table,
  { after, endedBefore, limit }: { after: Place; endedBefore: number; limit: number },
) {
  const rows = await tx.query<EndedRow>(
    `SELECT ${key} AS seq, ${endedAt} AS ended_at, (${isNeeded}) AS is_needed FROM ${name}
     WHERE ${endedAt} < $1 AND (${endedAt}, ${key}) > ($2, $3) ORDER BY ${endedAt}, ${key} LIMIT $4`,
    [endedBefore, ...after, limit],
  );
  const old = rows.filter((row) => !row.is_needed).map(({ seq }) => seq);
  await remove(tx, old);
  const last = rows.at(-1);
  const at: Place = last === undefined ? after : [last.ended_at, last.seq];
  return { removed: old.length, at, more: rows.length === limit };
}
