import type { StoredLimit } from "../../../ports/store/limits.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import {
  MAX_COUNTED,
  SHOWN_COLUMNS,
  toStoredLimit,
  type PauseRow,
  type ShownRow,
} from "../../shared/limit-rows.ts";
import type { Query } from "../reader.ts";

const COUNT_RUNNING = `SELECT count(*)::integer AS running FROM (
    SELECT 1 FROM jobs WHERE limit_name = $1 AND blocked_since IS NULL AND ended_at IS NULL
    LIMIT ${MAX_COUNTED}) AS running`;

const FIND_WAITING = `SELECT limit_key AS key FROM jobs
  WHERE status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NOT NULL
    AND limit_name = $1 LIMIT ${MAX_COUNTED}`;

const FIND_PAUSES = `SELECT is_key AS "isKey", limit_key AS key, paused_at, paused_until, paused_by
  FROM limit_states WHERE paused_at IS NOT NULL AND limit_name = $1 ORDER BY limit_key LIMIT 101`;

export function createReadLimits(query: Query): Pick<StoreReads, "limits" | "limit"> {
  async function toShown(row: ShownRow): Promise<StoredLimit> {
    const [[count], waiting, pauses] = await Promise.all([
      query<{ running: number }>(COUNT_RUNNING, [row.name]),
      query<{ key: string }>(FIND_WAITING, [row.name]),
      query<PauseRow>(FIND_PAUSES, [row.name]),
    ]);
    return toStoredLimit(row, { running: count?.running ?? 0, waiting, pauses });
  }

  return {
    async limits() {
      const rows = await query<ShownRow>(
        `SELECT ${SHOWN_COLUMNS} FROM limits ORDER BY name LIMIT 1000`,
      );
      // One by one: the queries of a thousand limits would keep all other readers waiting.
      const limits = [];
      for (const row of rows) limits.push(await toShown(row));
      return limits;
    },
    async limit(name) {
      const [row] = await query<ShownRow>(`SELECT ${SHOWN_COLUMNS} FROM limits WHERE name = $1`, [
        name,
      ]);
      return row === undefined ? null : toShown(row);
    },
  };
}
