import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { deleteBatches, deleteJobs } from "./delete-rows.ts";
import {
  exists,
  FIRST,
  needed,
  oldOf,
  OWN_BEFORE,
  placeOf,
  readEnded,
  type EndedRequest,
  type EndedTable,
  type Place,
} from "./ended-rows.ts";

/** Error groups looked at in one call. They have no jobs left, or are kept with their jobs. */
const GROUPS_PER_CALL = 1_000;

interface Table extends EndedTable {
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
async function prune(tx: Transaction, table: Table, request: EndedRequest) {
  const rows = await readEnded(tx, table, request);
  const old = oldOf(rows);
  await table.remove(tx, old);
  return {
    removed: old.length,
    at: placeOf(rows, request.after),
    more: rows.length === request.limit,
  };
}
