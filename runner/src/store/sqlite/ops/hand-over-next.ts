import type { DatabaseSync } from "node:sqlite";
import type { EventKind } from "../../../domain/event.ts";
import type { JsonText } from "../../../domain/json-text.ts";
import type { HandOverRoom } from "../../shared/hand-over.ts";
import { toTrace } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { PERSISTENT, TARGET_COLUMNS, toTarget, type TargetColumns } from "./delivery-target.ts";
import { IS_FREE } from "./hand-over.ts";
import { headOf } from "./ordering-key.ts";

interface NextRow extends TargetColumns {
  readonly id: number;
  readonly fence: number;
  readonly subject_id: string;
  readonly sequence: number;
  readonly kind: EventKind;
  readonly body: JsonText;
  readonly at: number;
  readonly attempts: number;
  readonly retries_used: number;
  readonly is_free: 0 | 1;
  readonly trace_context: string | null;
}

/** Hands over the head of an ordering key, which is waiting although the one before it has ended. */
export function prepareHandOverNext(
  db: DatabaseSync,
): (
  ended: { readonly job: number; readonly webhook: number; readonly destination: number },
  dueAt: number,
  room: HandOverRoom,
) => boolean {
  const find = prepare<NextRow>(
    db,
    `SELECT deliveries.id, deliveries.fence, jobs.id AS subject_id, deliveries.sequence,
       events.kind, body, deliveries.created_at AS at, attempts, retries_used, ${IS_FREE} AS is_free,
       trace_context, ${TARGET_COLUMNS}
     FROM deliveries
       CROSS JOIN jobs ON jobs.seq = deliveries.job
       CROSS JOIN events
         ON events.job = deliveries.job AND events.sequence = deliveries.sequence
       CROSS JOIN destinations ON destinations.id = deliveries.destination
       CROSS JOIN webhooks ON webhooks.seq = deliveries.webhook
       ${PERSISTENT}
     WHERE deliveries.id = (SELECT id ${headOf("?2", "?3")})
       AND deliveries.state = 'waiting' AND deliveries.lease_owner IS NULL`,
  );
  const claim = prepare(
    db,
    `UPDATE deliveries SET state = 'due', due_at = ?, fence = ?, lease_owner = ?, lease_until = ?
     WHERE id = ?`,
  );

  return ({ job, webhook, destination }, dueAt, room) => {
    const row = find.get(room.now, job, webhook);
    if (row === undefined) return false;
    const { id, subject_id: subjectId, sequence, kind, body, at: eventAt, attempts } = row;
    const lease = room.leaseFor({ destination, body, dueAt, isFree: row.is_free === 1 });
    if (lease === null) return false;
    const fence = row.fence + 1;
    claim.run(dueAt, fence, lease.owner, lease.until, id);
    const event = { subjectId, sequence, kind, body, eventAt, ...toTrace(row.trace_context) };
    const tries = { attempts, retriesUsed: row.retries_used };
    room.add({ id, fence, destination, ...event, ...tries }, toTarget(row));
    return true;
  };
}
