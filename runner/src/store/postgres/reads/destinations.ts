import type { StoredDestination } from "../../../ports/store/destinations.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import {
  HEALTH_COLUMNS,
  toHealth,
  type DestinationHealthRow,
} from "../../shared/destination-health.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import { parseDestinationId, toDestinationId } from "../../shared/rows.ts";
import type { Query } from "../reader.ts";
import { toPage } from "./page.ts";

/** Due deliveries that are counted. */
const MAX_BACKLOG = 1_000;

interface DestinationRow extends DestinationHealthRow {
  readonly id: number;
  readonly key: string;
  readonly rate_per_second: number | null;
  readonly is_persistent: boolean;
  readonly backlog: number;
}

const SELECT_DESTINATIONS = `SELECT id, key, rate_per_second, ${HEALTH_COLUMNS},
    EXISTS (SELECT 1 FROM webhooks JOIN persistent_webhooks ON webhook = seq
      WHERE webhooks.destination = destinations.id) AS is_persistent,
    (SELECT count(*) FROM (
      SELECT 1 FROM deliveries
      WHERE destination = destinations.id AND state = 'due' AND lease_owner IS NULL
      LIMIT ${MAX_BACKLOG}) AS due) AS backlog
  FROM destinations`;

export function createReadDestinations(query: Query): StoreReads["destinations"] {
  return async ({ limit, cursor }) => {
    const rows = await query<DestinationRow>(
      `${SELECT_DESTINATIONS} WHERE id > $1 ORDER BY id LIMIT $2`,
      [...(cursor === null ? [0] : parseCursor(cursor)), limit + 1],
    );
    const { items, last } = toPage(rows, limit);
    return { items: items.map(toStored), nextCursor: last === null ? null : toCursor(last.id) };
  };
}

export function createReadDestination(query: Query): StoreReads["destination"] {
  return async (id) => {
    const sql = `${SELECT_DESTINATIONS} WHERE id = $1`;
    const [row] = await query<DestinationRow>(sql, [parseDestinationId(id)]);
    return row === undefined ? null : toStored(row);
  };
}

export function createReadDestinationByKey(query: Query): StoreReads["destinationByKey"] {
  return async (key) => {
    const [row] = await query<DestinationRow>(`${SELECT_DESTINATIONS} WHERE key = $1`, [key]);
    return row === undefined ? null : toStored(row);
  };
}

export function createReadHeldDestinations(query: Query): StoreReads["heldDestinations"] {
  return async ({ limit }) => {
    const [held, stopped] = await Promise.all([
      query<DestinationRow>(
        `${SELECT_DESTINATIONS} WHERE held_since IS NOT NULL AND NOT stopped
         ORDER BY held_since LIMIT $1`,
        [limit],
      ),
      query<DestinationRow>(
        `${SELECT_DESTINATIONS} WHERE stopped_since IS NOT NULL ORDER BY stopped_since LIMIT $1`,
        [limit],
      ),
    ]);
    return [...held, ...stopped].map(toStored);
  };
}

function toStored(row: DestinationRow): StoredDestination {
  return {
    id: toDestinationId(row.id),
    number: row.id,
    key: row.key,
    isPersistent: row.is_persistent,
    ratePerSecond: row.rate_per_second,
    health: toHealth(row),
    backlog: row.backlog,
  };
}
