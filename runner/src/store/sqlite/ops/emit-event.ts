import type { DatabaseSync } from "node:sqlite";
import { wants, type DeliveryState } from "../../../domain/delivery.ts";
import type { JobEvent } from "../../../domain/event.ts";
import { toKinds } from "../rows.ts";
import { prepare } from "../statement.ts";

/** Stores an event and its delivery to every webhook that wants it. */
export function prepareEmitEvent(db: DatabaseSync): (job: number, event: JobEvent) => void {
  const insertEvent = prepare(
    db,
    `INSERT INTO events (job, sequence, kind, at, body) VALUES (?, ?, ?, ?, ?)`,
  );
  const findWebhooks = prepare<{ seq: number; kinds: string | null }>(
    db,
    `SELECT seq, kinds FROM webhooks WHERE job = ?`,
  );
  const findLastInLine = prepare<{ state: DeliveryState }>(
    db,
    `SELECT state FROM deliveries WHERE job = ? AND webhook = ? ORDER BY id DESC LIMIT 1`,
  );
  const insertDelivery = prepare(
    db,
    `INSERT INTO deliveries (job, webhook, sequence, state, due_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );

  return (job, event) => {
    insertEvent.run(job, event.sequence, event.kind, event.at, event.body);
    for (const webhook of findWebhooks.all(job)) {
      if (!wants(toKinds(webhook.kinds), event.kind)) continue;
      const before = findLastInLine.get(job, webhook.seq)?.state;
      const isFirst = before === undefined || before === "delivered" || before === "dead";
      const state = isFirst ? "due" : "waiting";
      insertDelivery.run(
        job,
        webhook.seq,
        event.sequence,
        state,
        isFirst ? event.at : null,
        event.at,
      );
    }
  };
}
