import type { DatabaseSync } from "node:sqlite";
import type { JobWebhook } from "../../../ports/store/webhooks.ts";
import { toKindsText } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";

/** The job or batch that the webhook was given with; empty for a persistent webhook. */
export interface WebhookOwner {
  readonly job?: number;
  readonly batch?: number;
}

/** Stores a webhook, and its destination if that is new. Returns the webhook's `seq`. */
export function prepareInsertWebhook(
  db: DatabaseSync,
): (webhook: JobWebhook, owner: WebhookOwner) => number {
  const insert = prepare(
    db,
    `INSERT INTO webhooks (id, job, batch, destination, url, kinds, retries, sealed, timeout_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const destinations = prepareDestinations(db);
  return (
    { id, destination, url, on, retries, sealed, timeoutMs },
    { job = null, batch = null },
  ) => {
    const kinds = toKindsText(on);
    const row = insert.run(
      id,
      job,
      batch,
      destinations.findOrCreate(destination),
      url,
      kinds,
      retries,
      sealed,
      timeoutMs,
    );
    return Number(row.lastInsertRowid);
  };
}
