import type { DatabaseSync } from "node:sqlite";
import type { StoredDestination } from "../../../ports/store/destinations.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import {
  HEALTH_COLUMNS,
  toHealth,
  type DestinationHealthRow,
} from "../../shared/destination-health.ts";
import { parseDestinationId, toDestinationId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";

/** Due deliveries that are counted. More would hold up the main thread. */
const MAX_BACKLOG = 1_000;

export interface DestinationRow extends DestinationHealthRow {
  readonly id: number;
  readonly key: string;
  readonly rate_per_second: number | null;
  readonly is_persistent: 0 | 1;
  readonly backlog: number;
}

const countDue = (index: string, condition: string): string => `(SELECT count(*) FROM (
    SELECT 1 FROM deliveries INDEXED BY ${index}
    WHERE destination = destinations.id AND state = 'due' AND lease_owner IS NULL AND ${condition}
    LIMIT ${MAX_BACKLOG}))`;

export const SELECT_DESTINATIONS = `SELECT id, key, rate_per_second, ${HEALTH_COLUMNS},
    EXISTS (SELECT 1 FROM webhooks CROSS JOIN persistent_webhooks ON webhook = seq
      WHERE webhooks.destination = destinations.id) AS is_persistent,
    ${countDue("deliveries_first", "attempts = 0")}
      + ${countDue("deliveries_retries", "attempts > 0")} AS backlog
  FROM destinations`;

export function prepareReadDestinations(db: DatabaseSync): StoreReads["destinations"] {
  const find = prepare<DestinationRow>(
    db,
    `${SELECT_DESTINATIONS} WHERE id > ? ORDER BY id LIMIT ?`,
  );
  return async ({ limit, cursor }) => {
    // One row more than requested shows whether there is a next page.
    const rows = find.all(...(cursor === null ? [0] : parseCursor(cursor)), limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    const hasMore = rows.length > limit && last !== undefined;
    return { items: items.map(toStored), nextCursor: hasMore ? toCursor(last.id) : null };
  };
}

export function prepareReadDestination(db: DatabaseSync): StoreReads["destination"] {
  const find = prepare<DestinationRow>(db, `${SELECT_DESTINATIONS} WHERE id = ?`);
  return async (id) => {
    const row = find.get(parseDestinationId(id));
    return row === undefined ? null : toStored(row);
  };
}

export function prepareReadDestinationByKey(db: DatabaseSync): StoreReads["destinationByKey"] {
  const find = prepare<DestinationRow>(db, `${SELECT_DESTINATIONS} WHERE key = ?`);
  return async (key) => {
    const row = find.get(key);
    return row === undefined ? null : toStored(row);
  };
}

export function toStored(row: DestinationRow): StoredDestination {
  return {
    id: toDestinationId(row.id),
    number: row.id,
    key: row.key,
    isPersistent: row.is_persistent === 1,
    ratePerSecond: row.rate_per_second,
    health: toHealth(row),
    backlog: Math.min(MAX_BACKLOG, row.backlog),
  };
}
