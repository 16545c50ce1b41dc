import type { DatabaseSync } from "node:sqlite";
import type { AttemptRecord } from "../../../ports/store/deliveries.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import {
  SELECT_DELIVERIES,
  toDeliverySummary,
  type DeliveryRow,
} from "../../shared/delivery-summary.ts";

export function prepareReadDelivery(db: DatabaseSync): StoreReads["delivery"] {
  const find = prepare<DeliveryRow>(db, `${SELECT_DELIVERIES} WHERE deliveries.id = ?`);
  const findAttempts = prepare<AttemptRecord>(
    db,
    `SELECT number, at, duration_ms AS durationMs, status, response, error
     FROM attempts WHERE delivery = ? ORDER BY number`,
  );
  return async (id) => {
    const key = parseDeliveryId(id);
    const row = key === null ? undefined : find.get(key);
    if (row === undefined) return null;
    const log = findAttempts.all(row.key).map((attempt) => ({ ...attempt }));
    return { ...toDeliverySummary(row), destination: row.destination, log };
  };
}
