import type { DatabaseSync } from "node:sqlite";
import type { WaitingFor } from "../../../domain/job.ts";
import { toWaitingFor, type WaitingColumns } from "../rows.ts";
import { prepare } from "../statement.ts";

/** The number of waits that end in one claim. More than a claim leases, so the others can end later. */
const MAX_ENDED = 1000;
/** Removes the wait. */
export const NOT_WAITING = `waiting_kind = NULL, waiting_on = NULL, waiting_since = NULL`;

export interface Waits {
  begin(job: number, plugin: string, now: number): void;
  endFor(plugins: readonly string[]): void;
  /** Ends and returns the waits that began at `since` or earlier, the longest first. */
  longest(since: number, limit: number): { readonly seq: number; readonly waitedFor: WaitingFor }[];
}

export function prepareWaits(db: DatabaseSync): Waits {
  const isAnyWaiting = prepare(
    db,
    `SELECT 1 FROM jobs INDEXED BY jobs_waiting_longest WHERE waiting_since IS NOT NULL LIMIT 1`,
  );
  const begin = prepare(
    db,
    `UPDATE jobs SET waiting_kind = 'plugin', waiting_on = ?, waiting_since = ? WHERE seq = ?`,
  );
  const end = prepare(db, `UPDATE jobs SET ${NOT_WAITING} WHERE seq = ?`);
  const findFor = prepare<{ seq: number }>(
    db,
    `SELECT seq FROM jobs INDEXED BY jobs_waiting
     WHERE waiting_on = ? AND waiting_since IS NOT NULL ORDER BY priority DESC, seq LIMIT ?`,
  );
  const findLongest = prepare<{ seq: number } & WaitingColumns>(
    db,
    `SELECT seq, waiting_kind, waiting_on, waiting_since FROM jobs INDEXED BY jobs_waiting_longest
     WHERE waiting_since <= ? ORDER BY waiting_since LIMIT ?`,
  );
  return {
    begin: (job, plugin, now) => void begin.run(plugin, now, job),
    endFor(plugins) {
      if (isAnyWaiting.get() === undefined) return;
      for (const plugin of plugins) {
        for (const { seq } of findFor.all(plugin, MAX_ENDED)) end.run(seq);
      }
    },
    longest(since, limit) {
      if (limit <= 0) return [];
      const rows = findLongest.all(since, limit);
      for (const { seq } of rows) end.run(seq);
      return rows.flatMap((row) => {
        const waitedFor = toWaitingFor(row);
        return waitedFor === null ? [] : [{ seq: row.seq, waitedFor }];
      });
    },
  };
}
