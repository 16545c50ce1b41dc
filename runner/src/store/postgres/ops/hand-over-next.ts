import type { EventKind } from "../../../domain/event.ts";
import type { JsonText } from "../../../domain/json-text.ts";
import type { HandOverRoom } from "../../shared/hand-over.ts";
import { toTrace } from "../../shared/rows.ts";
import type { PlacedRow } from "../gather-rows.ts";
import type { Transaction } from "../transaction.ts";
import { PERSISTENT, TARGET_COLUMNS, toTarget, type TargetColumns } from "./delivery-target.ts";
import { isFree } from "./is-free.ts";
import { HEAD_OF_GIVEN } from "./ordering-key.ts";

/** What would be claimed next is claimed at once, if there is room for its body. */
const IS_HANDED_OVER = `given.owner IS NOT NULL AND head.lease_owner IS NULL
  AND octet_length(events.body) <= given.max_bytes AND ${isFree("given.now")}`;

/** Materialized: otherwise whether it is handed over would be looked up for each column that depends on it. */
const PROMOTE = `WITH next AS MATERIALIZED (
    SELECT place, head.id, given.at, owner, until, jobs.id AS subject_id, trace_context, events.kind, body,
      ${TARGET_COLUMNS}, coalesce(${IS_HANDED_OVER}, false) AS is_handed_over
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[],
          $7::bigint[]) WITH ORDINALITY
        AS given (job, webhook, at, now, owner, until, max_bytes, place)
      CROSS JOIN LATERAL ${HEAD_OF_GIVEN} AS head
      JOIN jobs ON jobs.seq = head.job
      JOIN events ON events.job = head.job AND events.sequence = head.sequence
      JOIN webhooks ON webhooks.seq = head.webhook
      JOIN destinations ON destinations.id = head.destination
      ${PERSISTENT}
    WHERE head.state = 'waiting'
  )
  UPDATE deliveries SET state = 'due', due_at = next.at,
    fence = deliveries.fence + CASE WHEN is_handed_over THEN 1 ELSE 0 END,
    lease_owner = CASE WHEN is_handed_over THEN next.owner ELSE deliveries.lease_owner END,
    lease_until = CASE WHEN is_handed_over THEN next.until ELSE deliveries.lease_until END
  FROM next
  WHERE deliveries.id = next.id
  RETURNING place, is_handed_over, deliveries.id, fence, subject_id, trace_context, sequence, kind,
    CASE WHEN is_handed_over THEN body END AS body, created_at AS at, attempts, retries_used,
    webhook_id, is_persistent, url, sealed, retries, timeout_ms`;

interface NextRow extends PlacedRow, TargetColumns {
  readonly is_handed_over: boolean;
  readonly id: number;
  readonly fence: number;
  readonly subject_id: string;
  readonly trace_context: string | null;
  readonly sequence: number;
  readonly kind: EventKind;
  readonly body: JsonText;
  readonly at: number;
  readonly attempts: number;
  readonly retries_used: number;
}

/** Makes the head of an ordering key due if it is waiting, and hands it over if it can. */
export async function handOverNext(
  tx: Transaction,
  key: {
    readonly job: number;
    readonly webhook: number;
    readonly destination: number;
    /** From when on the head is due. */
    readonly at: number;
  },
  room: HandOverRoom,
): Promise<void> {
  const { job, webhook, destination, at } = key;
  const lease = room.offer({ destination, dueAt: at });
  const row = await tx.row<NextRow>(PROMOTE, [
    job,
    webhook,
    at,
    room.now,
    lease?.owner ?? null,
    lease?.until ?? null,
    lease?.maxBytes ?? null,
  ]);
  if (row === undefined) return;
  tx.count({ kind: "delivery", state: "waiting" }, -1);
  tx.count({ kind: "delivery", state: "due" }, 1);
  if (!row.is_handed_over) return room.leave();
  const { id, fence, subject_id: subjectId, sequence, kind, body, at: eventAt, attempts } = row;
  const tries = { attempts, retriesUsed: row.retries_used };
  const event = { subjectId, sequence, kind, body, eventAt, ...toTrace(row.trace_context) };
  room.add({ id, fence, destination, ...event, ...tries }, toTarget(row));
}
