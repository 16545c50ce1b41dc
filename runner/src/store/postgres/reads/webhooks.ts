import type { StoreReads } from "../../../ports/store/store.ts";
import {
  SELECT_PERSISTENT,
  toStoredWebhook,
  type PersistentRow,
} from "../../shared/persistent-webhook.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import type { Query } from "../reader.ts";
import { toPage } from "./page.ts";

export function createReadWebhook(query: Query): StoreReads["webhook"] {
  return async (id) => {
    const [row] = await query<PersistentRow>(`${SELECT_PERSISTENT} WHERE webhooks.id = $1`, [id]);
    return row === undefined ? null : toStoredWebhook(row);
  };
}

export function createReadWebhooks(query: Query): StoreReads["webhooks"] {
  return async ({ limit, cursor }) => {
    const rows = await query<PersistentRow>(
      `${SELECT_PERSISTENT} WHERE webhook > $1 ORDER BY webhook LIMIT $2`,
      [...(cursor === null ? [0] : parseCursor(cursor)), limit + 1],
    );
    const { items, last } = toPage(rows, limit);
    return {
      items: items.map(toStoredWebhook),
      nextCursor: last === null ? null : toCursor(last.seq),
    };
  };
}
