import { setImmediate } from "node:timers/promises";
import type { DatabaseSync } from "node:sqlite";
import type { StoredLimit } from "../../../ports/store/limits.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import {
  MAX_COUNTED,
  SHOWN_COLUMNS,
  toStoredLimit,
  type PauseRow,
  type ShownRow,
} from "../../shared/limit-rows.ts";
import { prepare } from "../statement.ts";

/** Limits read before the event loop runs again. Each counts up to 2,000 jobs: 0.8 ms for a thousand. */
const LIMITS_PER_SLICE = 3;

export function prepareReadLimits(db: DatabaseSync): Pick<StoreReads, "limits" | "limit"> {
  const findAll = prepare<ShownRow>(
    db,
    `SELECT ${SHOWN_COLUMNS} FROM limits WHERE name > '' ORDER BY name LIMIT 1000`,
  );
  const find = prepare<ShownRow>(db, `SELECT ${SHOWN_COLUMNS} FROM limits WHERE name = ?`);
  const countRunning = prepare<{ running: number }>(
    db,
    `SELECT count(*) AS running FROM (
       SELECT 1 FROM jobs INDEXED BY jobs_with_slot
       WHERE limit_name = ? AND blocked_since IS NULL AND ended_at IS NULL LIMIT ${MAX_COUNTED}
     )`,
  );
  const findWaiting = prepare<{ key: string }>(
    db,
    `SELECT limit_key AS key FROM jobs INDEXED BY jobs_blocked
     WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL
       AND limit_name = ? LIMIT ${MAX_COUNTED}`,
  );
  const findPauses = prepare<PauseRow>(
    db,
    `SELECT is_key AS isKey, limit_key AS key, paused_at, paused_until, paused_by
     FROM limit_states INDEXED BY limit_states_paused
     WHERE paused_at IS NOT NULL AND limit_name = ? ORDER BY limit_key LIMIT 101`,
  );
  const toShown = (row: ShownRow): StoredLimit =>
    toStoredLimit(row, {
      running: countRunning.get(row.name)?.running ?? 0,
      waiting: findWaiting.all(row.name),
      pauses: findPauses.all(row.name),
    });
  return {
    async limits() {
      const limits = [];
      for (const [index, row] of findAll.all().entries()) {
        if (index > 0 && index % LIMITS_PER_SLICE === 0) await setImmediate();
        limits.push(toShown(row));
      }
      return limits;
    },
    async limit(name) {
      const row = find.get(name);
      return row === undefined ? null : toShown(row);
    },
  };
}
