import type { StoreReads } from "../../../ports/store/store.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import { toStoredBulkAct, type BulkActRow } from "../../shared/stored-bulk-act.ts";
import type { Query } from "../reader.ts";
import { toPage } from "./page.ts";

export function createReadBulkAct(query: Query): StoreReads["bulkAct"] {
  return async (id) => {
    const [row] = await query<BulkActRow>(`SELECT * FROM bulk_acts WHERE id = $1`, [id]);
    return row === undefined ? null : toStoredBulkAct(row);
  };
}

export function createReadBulkActs(query: Query): StoreReads["bulkActs"] {
  return async ({ limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    const rows = await query<BulkActRow>(
      `SELECT * FROM bulk_acts WHERE seq < $1 ORDER BY seq DESC LIMIT $2`,
      [before, limit + 1],
    );
    const { items, last } = toPage(rows, limit);
    return {
      items: items.map(toStoredBulkAct),
      nextCursor: last === null ? null : toCursor(last.seq),
    };
  };
}

export function createReadRunningBulkActs(query: Query): StoreReads["runningBulkActs"] {
  return async () => {
    const rows = await query<BulkActRow>(
      `SELECT * FROM bulk_acts WHERE state = 'running' ORDER BY seq`,
    );
    return rows.map(toStoredBulkAct);
  };
}
