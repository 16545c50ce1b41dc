import { MAX_LOG_LINES, NO_BODY, withinBytes } from "../../shared/payloads.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { deleteFilesOf } from "./delete-files.ts";
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

const WITH_PAYLOADS = {
  key: "seq",
  endedAt: "ended_at",
  condition: "ended_at IS NOT NULL AND payloads_removed_at IS NULL",
};

const BATCHES: EndedTable = {
  ...WITH_PAYLOADS,
  name: "batches",
  isNeeded: exists(`FROM deliveries WHERE batch = batches.seq AND ${needed("$1")}`),
};

/** A batch shows the outputs of its jobs, so that its callback goes first. */
const JOBS: EndedTable = {
  ...WITH_PAYLOADS,
  name: "jobs",
  isNeeded: `ended_at >= ${OWN_BEFORE}
    OR ${exists(`FROM deliveries WHERE job = jobs.seq AND ${needed(OWN_BEFORE)}`)}
    OR ${exists(`FROM batch_jobs JOIN batches ON batches.seq = batch_jobs.batch
      WHERE batch_jobs.job = jobs.seq AND batches.payloads_removed_at IS NULL`)}`,
  bytes: `coalesce((
      SELECT octet_length(plugins) + octet_length(input) FROM job_specs WHERE job = jobs.seq
    ), 0)
    + coalesce((SELECT sum(octet_length(output)) FROM steps WHERE job = jobs.seq), 0)
    + coalesce((SELECT sum(octet_length(body)) FROM events WHERE job = jobs.seq), 0)`,
};

export const removePayloads: Operation<"removePayloads"> = async (
  tx,
  { now, endedBefore, failedBefore = endedBefore, limit, after },
) => {
  const [batch, job] = after === null ? [FIRST, FIRST] : (JSON.parse(after) as [Place, Place]);
  const earlier = Math.min(endedBefore, failedBefore);
  const later = Math.max(endedBefore, failedBefore);
  const batches = await emptyBatches(tx, { after: batch, endedBefore: earlier, limit }, now);
  const request = { after: job, endedBefore: later, limit, values: [endedBefore, failedBefore] };
  const jobs = await emptyJobs(tx, request, now);
  return {
    jobs: jobs.emptied,
    batches: batches.emptied,
    at: JSON.stringify([batches.at, jobs.at]),
    more: batches.more || jobs.more,
  };
};

async function emptyBatches(tx: Transaction, request: EndedRequest, now: number) {
  const rows = await readEnded(tx, BATCHES, request);
  const old = oldOf(rows);
  await tx.query(
    `UPDATE batches SET payloads_removed_at = $2, body = '${NO_BODY}' WHERE seq = ANY ($1::bigint[])`,
    [old, now],
  );
  return {
    emptied: old.length,
    at: placeOf(rows, request.after),
    more: rows.length === request.limit,
  };
}

async function emptyJobs(tx: Transaction, request: EndedRequest, now: number) {
  const found = await readEnded(tx, JOBS, request);
  const rows = withinBytes(found);
  const old = oldOf(rows);
  if (!(await deleteLogs(tx, old))) return { emptied: 0, at: request.after, more: true };
  await Promise.all([
    tx.query(
      `UPDATE job_specs SET input = 'null', plugins = (
         SELECT json_agg(json_build_object('name', name, 'options', 'null') ORDER BY number)::text
         FROM unnest(plugin_names) WITH ORDINALITY AS plugin (name, number)
       ) WHERE job = ANY ($1::bigint[])`,
      [old],
    ),
    tx.query(
      `UPDATE steps SET output = NULL WHERE job = ANY ($1::bigint[]) AND output IS NOT NULL`,
      [old],
    ),
    tx.query(`UPDATE events SET body = '${NO_BODY}' WHERE job = ANY ($1::bigint[])`, [old]),
    deleteFilesOf(tx, old),
    tx.query(`UPDATE jobs SET payloads_removed_at = $2 WHERE seq = ANY ($1::bigint[])`, [old, now]),
  ]);
  const more = rows.length < found.length || found.length === request.limit;
  return { emptied: old.length, at: placeOf(rows, request.after), more };
}

/** False if some are left. */
async function deleteLogs(tx: Transaction, jobs: readonly number[]): Promise<boolean> {
  const deleted = await tx.query<{ id: number }>(
    `DELETE FROM logs WHERE id = ANY (ARRAY(
       SELECT id FROM logs WHERE job = ANY ($1::bigint[]) LIMIT $2
     )) RETURNING id`,
    [jobs, MAX_LOG_LINES],
  );
  return deleted.length < MAX_LOG_LINES;
}
