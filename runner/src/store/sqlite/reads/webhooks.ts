import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import {
  SELECT_PERSISTENT,
  toStoredWebhook,
  type PersistentRow,
} from "../../shared/persistent-webhook.ts";
import { prepare } from "../statement.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";

export function prepareReadWebhook(db: DatabaseSync): StoreReads["webhook"] {
  const find = prepare<PersistentRow>(db, `${SELECT_PERSISTENT} WHERE webhooks.id = ?`);
  return async (id) => {
    const row = find.get(id);
    return row === undefined ? null : toStoredWebhook(row);
  };
}

export function prepareReadWebhooks(db: DatabaseSync): StoreReads["webhooks"] {
  const find = prepare<PersistentRow>(
    db,
    `${SELECT_PERSISTENT} WHERE webhook > ? ORDER BY webhook LIMIT ?`,
  );
  return async ({ limit, cursor }) => {
    // One row more than requested shows whether there is a next page.
    const rows = find.all(...(cursor === null ? [0] : parseCursor(cursor)), limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const hasMore = rows.length > limit && last !== undefined;
    return { items: items.map(toStoredWebhook), nextCursor: hasMore ? toCursor(last.seq) : null };
  };
}
