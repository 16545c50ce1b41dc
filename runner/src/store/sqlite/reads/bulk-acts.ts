import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import { toStoredBulkAct, type BulkActRow } from "../../shared/stored-bulk-act.ts";
import { prepare } from "../statement.ts";

export function prepareReadBulkAct(db: DatabaseSync): StoreReads["bulkAct"] {
  const find = prepare<BulkActRow>(db, `SELECT * FROM bulk_acts WHERE id = ?`);
  return async (id) => {
    const row = find.get(id);
    return row === undefined ? null : toStoredBulkAct(row);
  };
}

export function prepareReadBulkActs(db: DatabaseSync): StoreReads["bulkActs"] {
  const find = prepare<BulkActRow>(
    db,
    `SELECT * FROM bulk_acts WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
  );
  return async ({ limit, cursor }) => {
    const [before = Number.MAX_SAFE_INTEGER] = cursor === null ? [] : parseCursor(cursor);
    const rows = find.all(before, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const hasMore = rows.length > limit && last !== undefined;
    return { items: items.map(toStoredBulkAct), nextCursor: hasMore ? toCursor(last.seq) : null };
  };
}

export function prepareReadRunningBulkActs(db: DatabaseSync): StoreReads["runningBulkActs"] {
  const find = prepare<BulkActRow>(
    db,
    `SELECT * FROM bulk_acts INDEXED BY bulk_acts_running WHERE state = 'running' ORDER BY seq`,
  );
  return async () => find.all().map(toStoredBulkAct);
}
