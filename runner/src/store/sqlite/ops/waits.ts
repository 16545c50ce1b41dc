import type { DatabaseSync } from "node:sqlite";
import type { WaitingForPlugin } from "../../../domain/waiting-for.ts";
import { toWaitingForPlugin, type WaitingColumns } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";

/** The number of waits that end in one claim. More than a claim leases, so the others can end later. */
const MAX_ENDED = 1000;
/** Removes the wait. */
export const NOT_WAITING = `waiting_kind = NULL, waiting_on = NULL, waiting_since = NULL`;

export interface Waits {
  begin(job: number, plugin: string, now: number): void;
  endFor(plugins: readonly string[]): void;
  /**
   * Ends and returns up to `limit` waits that began at `since` or earlier, the longest first. Those for a plugin
   * of `elsewhere` are not returned: they begin again at `now`.
   */
  endLongest(request: {
    since: number;
    limit: number;
    elsewhere: readonly string[];
    now: number;
  }): { readonly seq: number; readonly waitedFor: WaitingForPlugin }[];
}

export function prepareWaits(db: DatabaseSync): Waits {
  const isAnyWaiting = prepare(
    db,
    `SELECT 1 FROM jobs INDEXED BY jobs_waiting_longest WHERE waiting_since IS NOT NULL LIMIT 1`,
  );
  const begin = prepare(
    db,
    // It gives back its slot.
    `UPDATE jobs SET waiting_kind = 'plugin', waiting_on = ?1, waiting_since = ?2,
       blocked_since = iif(limit_name IS NULL, NULL, ?2)
     WHERE seq = ?3`,
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
      let left = MAX_ENDED;
      for (const plugin of plugins) {
        const ended = findFor.all(plugin, left);
        for (const { seq } of ended) end.run(seq);
        left -= ended.length;
        if (left === 0) return;
      }
    },
    endLongest({ since, limit, elsewhere, now }) {
      if (limit <= 0) return [];
      return findLongest.all(since, limit).flatMap((row) => {
        const { seq } = row;
        const waitedFor = toWaitingForPlugin(row);
        if (waitedFor !== null && elsewhere.includes(waitedFor.on)) {
          begin.run(waitedFor.on, now, seq);
          return [];
        }
        end.run(seq);
        return waitedFor === null ? [] : [{ seq, waitedFor }];
      });
    },
  };
}
