import type { DatabaseSync } from "node:sqlite";
import { wants } from "../../../domain/delivery.ts";
import type { JobEvent } from "../../../domain/event.ts";
import { toKinds } from "../rows.ts";
import { prepare } from "../statement.ts";
import { prepareLanes } from "./destinations.ts";
import { prepareLine } from "./ordering-key.ts";
import { prepareFindReceivers, type Receiver } from "./routes.ts";

/** Stores an event of a job and its delivery to every webhook that wants it. */
export function prepareEmitEvent(db: DatabaseSync): (job: number, event: JobEvent) => void {
  const insertEvent = prepare(
    db,
    `INSERT INTO events (job, sequence, kind, at, body) VALUES (?, ?, ?, ?, ?)`,
  );
  const findOwn = prepare<Receiver & { readonly kinds: string | null }>(
    db,
    `SELECT seq, lane, kinds FROM webhooks WHERE job = ?`,
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
    `INSERT INTO deliveries (job, webhook, lane, sequence, state, due_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const lanes = prepareLanes(db);
  const line = prepareLine(db);

  return (job: number, { seq: webhook, lane }: Receiver, { sequence, at }: JobEvent): void => {
    if (line.isHeld({ job, webhook })) {
      insert.run(job, webhook, lane, sequence, "waiting", null, at);
      return;
    }
    insert.run(job, webhook, lane, sequence, "due", at, at);
    lanes.readyFrom(lane, at);
  };
}
