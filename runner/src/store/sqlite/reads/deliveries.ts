import type { DatabaseSync } from "node:sqlite";
import type { DeliveryFilter } from "../../../ports/store/deliveries.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";
import { SELECT_DELIVERIES, toDeliverySummary, type DeliveryRow } from "./delivery-summary.ts";
import { createFilteredStatement } from "./filtered-statement.ts";
import { pageBackwards } from "./page-backwards.ts";

const CONDITIONS: Record<keyof DeliveryFilter, string> = {
  jobId: "deliveries.job = (SELECT seq FROM jobs WHERE id = ?)",
  batchId: "deliveries.batch = (SELECT seq FROM batches WHERE id = ?)",
  webhookId: "deliveries.webhook = (SELECT seq FROM webhooks WHERE id = ?)",
  state: "state = ?",
};

export function prepareReadDeliveries(db: DatabaseSync): StoreReads["deliveries"] {
  const range = prepare<{ min: number; max: number }>(
    db,
    `SELECT (SELECT min(id) FROM deliveries) AS min, (SELECT max(id) FROM deliveries) AS max
     WHERE EXISTS (SELECT 1 FROM deliveries)`,
  );
  const find = createFilteredStatement<DeliveryFilter, DeliveryRow>(db, {
    conditions: CONDITIONS,
    toSql: (where) =>
      `${SELECT_DELIVERIES}
       WHERE deliveries.id >= ? AND deliveries.id < ?${where}
       ORDER BY deliveries.id DESC LIMIT ?`,
  });
  return async (filter, page) => {
    const { items, nextCursor } = await pageBackwards({
      page,
      range: range.get() ?? null,
      read: (keys) => find(filter, keys),
    });
    return { items: items.map(toDeliverySummary), nextCursor };
  };
}
