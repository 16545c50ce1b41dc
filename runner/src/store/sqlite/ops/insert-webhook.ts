import type { DatabaseSync } from "node:sqlite";
import type { JobWebhook } from "../../../ports/store/webhooks.ts";
import { toKindsText } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";

/** Whose own webhook it is; a persistent one is nobody's. */
export interface WebhookOwner {
  readonly job?: number;
  readonly batch?: number;
}

/** Stores a webhook in its destination; gives its key. */
export function prepareInsertWebhook(
  db: DatabaseSync,
): (webhook: JobWebhook, owner: WebhookOwner) => number {
  const insert = prepare(
    db,
    `INSERT INTO webhooks (id, job, batch, destination, url, kinds, retries, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const destinations = prepareDestinations(db);
  return ({ id, destination, url, on, retries, sealed }, { job = null, batch = null }) => {
    const kinds = toKindsText(on);
    const row = insert.run(
      id,
      job,
      batch,
      destinations.open(destination),
      url,
      kinds,
      retries,
      sealed,
    );
    return Number(row.lastInsertRowid);
  };
}
