import type { DatabaseSync } from "node:sqlite";
import { MAX_LOG_LINES, NO_BODY, withinBytes } from "../../shared/payloads.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";
import {
  FIRST,
  needed,
  OWN_BEFORE,
  placeOf,
  prepareReadEnded,
  type EndedRow,
  type Place,
} from "./ended-rows.ts";

const isOld = (row: EndedRow): boolean => row.is_needed === 0;

export function prepareRemovePayloads(db: DatabaseSync): Operations["removePayloads"] {
  const emptyBatches = prepareEmptyBatches(db);
  const emptyJobs = prepareEmptyJobs(db);
  return ({ now, endedBefore, failedBefore = endedBefore, limit, after }) => {
    const [batch, job] = after === null ? [FIRST, FIRST] : (JSON.parse(after) as [Place, Place]);
    const earlier = Math.min(endedBefore, failedBefore);
    const later = Math.max(endedBefore, failedBefore);
    const batches = emptyBatches(batch, { endedBefore: earlier, limit }, now);
    const ages = [endedBefore, failedBefore];
    const jobs = emptyJobs(job, { endedBefore: later, limit, ages }, now);
    return {
      jobs: jobs.emptied,
      batches: batches.emptied,
      at: JSON.stringify([batches.at, jobs.at]),
      more: batches.more || jobs.more,
    };
  };
}

const withPayloads = (name: "batches" | "jobs") => ({
  name,
  key: "seq",
  endedAt: "ended_at",
  index: {
    name: `${name}_with_payloads`,
    condition: "ended_at IS NOT NULL AND payloads_removed_at IS NULL",
  },
});

function prepareEmptyBatches(db: DatabaseSync) {
  const readEnded = prepareReadEnded(db, {
    ...withPayloads("batches"),
    isNeeded: `EXISTS (SELECT 1 FROM deliveries WHERE batch = batches.seq AND ${needed("?1")})`,
  });
  const empty = prepare(
    db,
    `UPDATE batches SET payloads_removed_at = ?, body = '${NO_BODY}' WHERE seq = ?`,
  );
  return (after: Place, request: { endedBefore: number; limit: number }, now: number) => {
    const rows = readEnded(after, request);
    const old = rows.filter(isOld);
    for (const { seq } of old) empty.run(now, seq);
    return { emptied: old.length, at: placeOf(rows, after), more: rows.length === request.limit };
  };
}

function prepareEmptyJobs(db: DatabaseSync) {
  // A batch shows the outputs of its jobs, so that its callback goes first.
  const readEnded = prepareReadEnded(db, {
    ...withPayloads("jobs"),
    isNeeded: `ended_at >= ${OWN_BEFORE}
       OR EXISTS (SELECT 1 FROM deliveries WHERE job = jobs.seq AND ${needed(OWN_BEFORE)})
       OR EXISTS (
         SELECT 1 FROM batch_jobs CROSS JOIN batches ON batches.seq = batch
         WHERE job = jobs.seq AND batches.payloads_removed_at IS NULL
       )`,
    bytes: `(SELECT octet_length(plugins) + octet_length(input) FROM job_specs WHERE job = jobs.seq)
       + coalesce((SELECT sum(octet_length(output)) FROM steps WHERE job = jobs.seq), 0)
       + coalesce((SELECT sum(octet_length(body)) FROM events WHERE job = jobs.seq), 0)`,
  });
  const deleteLines = prepare(
    db,
    `DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE job = ? LIMIT ?)`,
  );
  const emptySpec = prepare(
    db,
    `UPDATE job_specs SET input = 'null', plugins = (
       SELECT json_group_array(json_object('name', value, 'options', 'null'))
       FROM json_each(plugin_names)
     ) WHERE job = ?`,
  );
  const emptyRows = [
    `UPDATE steps SET output = NULL WHERE job = ? AND output IS NOT NULL`,
    `UPDATE events SET body = '${NO_BODY}' WHERE job = ?`,
    `DELETE FROM job_files WHERE job = ?`,
    // As when the job is deleted: what another job names stays until nothing needs it.
    `UPDATE files SET job = NULL, expires_at = created_at WHERE job = ? AND holders > 0`,
    `DELETE FROM files WHERE job = ?`,
  ].map((sql) => prepare(db, sql));
  const mark = prepare(db, `UPDATE jobs SET payloads_removed_at = ? WHERE seq = ?`);

  /** False if some are left. */
  function deleteLogs(jobs: readonly EndedRow[]): boolean {
    let left = MAX_LOG_LINES;
    for (const { seq } of jobs) left -= Number(deleteLines.run(seq, left).changes);
    return left > 0;
  }

  return (
    after: Place,
    { ages, ...request }: { endedBefore: number; limit: number; ages: readonly number[] },
    now: number,
  ) => {
    const found = readEnded(after, request, ages);
    const rows = withinBytes(found);
    const old = rows.filter(isOld);
    if (!deleteLogs(old)) return { emptied: 0, at: after, more: true };
    for (const { seq } of old) {
      emptySpec.run(seq);
      for (const statement of emptyRows) statement.run(seq);
      mark.run(now, seq);
    }
    const more = rows.length < found.length || found.length === request.limit;
    return { emptied: old.length, at: placeOf(rows, after), more };
  };
}
