import type { JobEvent } from "../../../domain/event.ts";
import type { HandOverRoom } from "../../shared/hand-over.ts";
import { toTrace } from "../../shared/rows.ts";
import type { PlacedRow } from "../gather-rows.ts";
import { together } from "../together.ts";
import type { Transaction } from "../transaction.ts";
import { toTarget } from "./delivery-target.ts";
import { findReceivers, type Receiver } from "./find-receivers.ts";

const INSERT_EVENT = `INSERT INTO events (job, sequence, kind, at, body)
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::text[])`;

/** Deliveries have the order of their events. */
const INSERT_DELIVERY = `WITH inserted AS (
    INSERT INTO deliveries (job, webhook, destination, sequence, state, due_at, created_at, fence,
      lease_owner, lease_until)
    SELECT job, webhook, destination, sequence, state, due_at, created_at, fence, owner, until
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::text[], $10::bigint[]) WITH ORDINALITY
      AS given (job, webhook, destination, sequence, state, due_at, created_at, fence, owner, until,
        place)
    ORDER BY place
    RETURNING id
  )
  SELECT id, row_number() OVER (ORDER BY id) AS place FROM inserted`;

/** A job, with the events of one transition and who gets each of them. */
export interface Emission {
  readonly job: { readonly seq: number; readonly id: string; readonly trace: string | null };
  readonly events: readonly { readonly event: JobEvent; readonly receivers: readonly Receiver[] }[];
}

/** Finds who gets each event of a transition. */
export function findReceiversOf(
  tx: Transaction,
  { job, events, now }: { job: number; events: readonly JobEvent[]; now: number | null },
): Promise<Emission["events"]> {
  return together(
    events.map(async (event) => ({
      event,
      receivers: await findReceivers(tx, { job, event }, now),
    })),
  );
}

/** Stores events, and a delivery of each to every webhook that wants it. */
export async function emitEvents(
  tx: Transaction,
  { job, events }: Emission,
  room: HandOverRoom | null,
): Promise<void> {
  const begun = new Set<number>();
  await together(
    events.flatMap(({ event, receivers }) => [
      tx.row(INSERT_EVENT, [job.seq, event.sequence, event.kind, event.at, event.body]),
      ...receivers.map((receiver) => {
        const isBlocked = receiver.is_blocked || begun.has(receiver.webhook);
        begun.add(receiver.webhook);
        return deliver(tx, { job, event, receiver, isBlocked }, room);
      }),
    ]),
  );
}

async function deliver(
  tx: Transaction,
  {
    job,
    event,
    receiver,
    isBlocked,
  }: Pick<Emission, "job"> & {
    readonly event: JobEvent;
    readonly receiver: Receiver;
    /** Whether an earlier delivery with the same ordering key is open. */
    readonly isBlocked: boolean;
  },
  room: HandOverRoom | null,
): Promise<void> {
  const { sequence, kind, at, body } = event;
  const { webhook, destination, is_free: isFree } = receiver;
  const lease = isBlocked ? null : room?.leaseFor({ destination, body, dueAt: at, isFree });
  const fence = lease ? 1 : 0;
  const state = isBlocked ? "waiting" : "due";
  tx.count({ kind: "delivery", state }, 1);
  const inserted = await tx.row<PlacedRow & { readonly id: number }>(INSERT_DELIVERY, [
    job.seq,
    webhook,
    destination,
    sequence,
    state,
    isBlocked ? null : at,
    at,
    fence,
    lease?.owner ?? null,
    lease?.until ?? null,
  ]);
  if (!lease || inserted === undefined) return;
  const delivery = { id: inserted.id, fence, destination, subjectId: job.id, eventAt: at };
  const sent = { sequence, kind, body, ...toTrace(job.trace) };
  room?.add({ ...delivery, ...sent, attempts: 0, retriesUsed: 0 }, toTarget(receiver));
}
