import type { DatabaseSync } from "node:sqlite";
import { wants } from "../../../domain/delivery.ts";
import type { JobEvent } from "../../../domain/event.ts";
import { toKinds } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { prepareOrderingKey } from "./ordering-key.ts";
import { prepareFindReceivers, type Receiver } from "./routes.ts";

/** Stores a job's event and a delivery of it to every webhook that wants it. */
export function prepareEmitEvent(db: DatabaseSync): (job: number, event: JobEvent) => void {
  const insertEvent = prepare(
    db,
    `INSERT INTO events (job, sequence, kind, at, body) VALUES (?, ?, ?, ?, ?)`,
  );
  const findOwn = prepare<Receiver & { readonly kinds: string | null }>(
    db,
    `SELECT seq, destination, kinds FROM webhooks WHERE job = ?`,
  );
  const findReceivers = prepareFindReceivers(db);
  const deliver = prepareDeliver(db);

  return (job, event) => {
    insertEvent.run(job, event.sequence, event.kind, event.at, event.body);
    const own = findOwn.get(job);
    if (own !== undefined && wants(toKinds(own.kinds), event.kind)) deliver(job, own, event);
    for (const receiver of findReceivers(job, event)) deliver(job, receiver, event);
  };
}

function prepareDeliver(db: DatabaseSync) {
  const insert = prepare(
    db,
    `INSERT INTO deliveries (job, webhook, destination, sequence, state, due_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const destinations = prepareDestinations(db);
  const orderingKey = prepareOrderingKey(db);

  return (
    job: number,
    { seq: webhook, destination }: Receiver,
    { sequence, at }: JobEvent,
  ): void => {
    if (orderingKey.isBlocked({ job, webhook })) {
      insert.run(job, webhook, destination, sequence, "waiting", null, at);
      return;
    }
    insert.run(job, webhook, destination, sequence, "due", at, at);
    destinations.lowerReadyAt(destination, at);
  };
}
