import type { DatabaseSync } from "node:sqlite";
import { wants } from "../../../domain/delivery.ts";
import type { JobEvent } from "../../../domain/event.ts";
import type { HandOverRoom } from "../../shared/hand-over.ts";
import { toKinds, toTrace } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { prepareDestinations } from "./destinations.ts";
import { PERSISTENT, TARGET_COLUMNS, toTarget, type TargetColumns } from "./delivery-target.ts";
import { IS_FREE } from "./hand-over.ts";
import { prepareOrderingKey } from "./ordering-key.ts";
import { prepareFindReceivers, type Receiver } from "./routes.ts";

interface Job {
  readonly seq: number;
  readonly id: string;
  readonly trace_context: string | null;
}

interface Emitted {
  readonly job: Job;
  readonly event: JobEvent;
  readonly room: HandOverRoom | null;
}

/** What handing over a delivery of a webhook needs to know. */
interface TargetRow extends TargetColumns {
  readonly is_free: 0 | 1;
}

/** Stores a job's event and a delivery of it to every webhook that wants it. */
export function prepareEmitEvent(
  db: DatabaseSync,
): (job: Job, event: JobEvent, room: HandOverRoom | null) => void {
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

  return (job, event, room) => {
    insertEvent.run(job.seq, event.sequence, event.kind, event.at, event.body);
    const own = findOwn.get(job.seq);
    if (own !== undefined && wants(toKinds(own.kinds), event.kind))
      deliver({ job, event, room }, own);
    for (const receiver of findReceivers(job.seq, event)) deliver({ job, event, room }, receiver);
  };
}

function prepareDeliver(db: DatabaseSync) {
  const insert = prepare(
    db,
    `INSERT INTO deliveries (job, webhook, destination, sequence, state, due_at, created_at,
       fence, lease_owner, lease_until)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const findTarget = prepare<TargetRow>(
    db,
    `SELECT ${TARGET_COLUMNS}, ${IS_FREE} AS is_free
     FROM webhooks CROSS JOIN destinations ON destinations.id = destination ${PERSISTENT}
     WHERE webhooks.seq = ?2`,
  );
  const destinations = prepareDestinations(db);
  const orderingKey = prepareOrderingKey(db);

  return ({ job, event, room }: Emitted, { seq: webhook, destination }: Receiver): void => {
    const { sequence, kind, body, at } = event;
    const isBlocked = orderingKey.isBlocked({ job: job.seq, webhook });
    const target = isBlocked || room === null ? undefined : findTarget.get(room.now, webhook);
    const lease =
      target && room?.leaseFor({ destination, body, dueAt: at, isFree: target.is_free === 1 });
    const fence = lease ? 1 : 0;
    const { lastInsertRowid: id } = insert.run(
      job.seq,
      webhook,
      destination,
      sequence,
      isBlocked ? "waiting" : "due",
      isBlocked ? null : at,
      at,
      fence,
      lease?.owner ?? null,
      lease?.until ?? null,
    );
    if (lease && target) {
      const delivery = { id: Number(id), fence, destination, subjectId: job.id, eventAt: at };
      const trace = toTrace(job.trace_context);
      room?.add(
        { ...delivery, sequence, kind, body, attempts: 0, retriesUsed: 0, ...trace },
        toTarget(target),
      );
    } else if (!isBlocked) destinations.lowerReadyAt(destination, at);
  };
}
