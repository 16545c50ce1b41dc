import { takeTokens } from "../../../domain/destination.ts";
import type { JsonText } from "../../../domain/json-text.ts";
import type { ClaimedDelivery, DeliveryKind } from "../../../ports/store/deliveries.ts";
import type { StoreWrites } from "../../../ports/store/store.ts";
import { toDeliveryId, toTrace } from "../../shared/rows.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { PERSISTENT, TARGET_COLUMNS, toTarget, type TargetColumns } from "./delivery-target.ts";
import { findDue, type DueRow, type Limits, type Share } from "./find-due.ts";

type Request = Parameters<StoreWrites["claimDeliveries"]>[0];

interface ClaimedRow extends TargetColumns {
  readonly id: number;
  readonly fence: number;
  readonly destination: number;
  readonly subject_id: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly body: JsonText;
  readonly bytes: number;
  readonly at: number;
  readonly attempts: number;
  readonly retries_used: number;
  readonly trace_context: string | null;
}

const CLAIM = `WITH claimed AS (
    UPDATE deliveries SET fence = fence + 1, lease_owner = $2, lease_until = $3
    WHERE id = ANY ($1::bigint[])
    RETURNING id, fence, job, batch, webhook, destination, sequence, created_at, attempts, retries_used
  )
  SELECT claimed.id, claimed.fence, claimed.destination, coalesce(jobs.id, batches.id) AS subject_id,
    claimed.sequence, coalesce(kind, 'batch') AS kind, coalesce(events.body, batches.body) AS body,
    coalesce(octet_length(events.body), octet_length(batches.body)) AS bytes,
    claimed.created_at AS at, attempts, retries_used, ${TARGET_COLUMNS},
    CASE WHEN claimed.batch IS NULL THEN jobs.trace_context ELSE (
      SELECT first.trace_context FROM batch_jobs JOIN jobs AS first ON first.seq = batch_jobs.job
      WHERE batch_jobs.batch = claimed.batch AND batch_jobs.position = 0
    ) END AS trace_context
  FROM claimed
    JOIN webhooks ON webhooks.seq = claimed.webhook
    ${PERSISTENT}
    LEFT JOIN jobs ON jobs.seq = claimed.job
    LEFT JOIN events ON events.job = claimed.job AND events.sequence = claimed.sequence
    LEFT JOIN batches ON batches.seq = claimed.batch`;

export const claimDeliveries: Operation<"claimDeliveries"> = async (tx, request) => {
  const { owner, destinations, now, leaseUntil, maxBytes } = request;
  const shares = await findDue(tx, destinations, now);
  const chosen = within(shares, maxBytes);
  const rows =
    chosen.length === 0 ? [] : await tx.query<ClaimedRow>(CLAIM, [chosen, owner, leaseUntil]);
  const claimed = new Set(chosen);
  for (const share of shares) {
    const sent = share.due.filter(({ id }) => claimed.has(id));
    if (share.limits !== null)
      await spend(tx, { ...share, limits: share.limits }, { sent, request });
    // A limited one has the instant in its row.
    const servedAt = share.limits === null ? now : 0;
    if (sent.length > 0) tx.onCommit(() => tx.turns.served(share.destination, servedAt));
  }
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return chosen.flatMap((id) => {
    const row = rowOf.get(id);
    return row === undefined ? [] : [toClaimed(row, owner)];
  });
};

/** The deliveries in order, until their bodies exceed `maxBytes`. */
function within(shares: readonly Share[], maxBytes: number): number[] {
  const chosen: number[] = [];
  let bytes = 0;
  for (const row of shares.flatMap(({ due }) => due)) {
    bytes += row.bytes;
    if (bytes > maxBytes && chosen.length > 0) break;
    chosen.push(row.id);
  }
  return chosen;
}

/** Takes tokens, and makes the delivery of an open circuit its probe. The row is locked. */
async function spend(
  tx: Transaction,
  { destination, mustWait, limits }: Share & { limits: Limits },
  { sent, request }: { sent: readonly DueRow[]; request: Request },
): Promise<void> {
  const { now, leaseUntil } = request;
  const [first] = sent;
  const { bucket, nextAt } = take(limits, now, sent.length);
  if (first !== undefined) {
    await tx.query(
      `UPDATE destinations SET tokens = $2, refilled_at = $3, paused_until = $4, probe = $5,
         held_since = CASE WHEN $6 THEN held_since END
       WHERE id = $1`,
      [
        destination,
        bucket.tokens,
        bucket.refilledAt,
        limits.isOpen ? Math.max(leaseUntil, nextAt) : nextAt,
        limits.isOpen ? first.id : null,
        limits.isOpen,
      ],
    );
  } else if (mustWait) {
    // One with large bodies that got nothing keeps its place.
    await tx.query(
      `UPDATE destinations SET paused_until = $2, held_since = CASE WHEN $3 THEN held_since END
       WHERE id = $1`,
      [destination, nextAt, limits.isOpen],
    );
  }
}

function take({ ratePerSecond, ...bucket }: Limits, now: number, wanted: number) {
  if (ratePerSecond === null) return { bucket, nextAt: now };
  return takeTokens(bucket, { ratePerSecond, now, wanted });
}

function toClaimed(row: ClaimedRow, owner: string): ClaimedDelivery {
  return {
    id: toDeliveryId(row.id),
    fence: row.fence,
    owner,
    subjectId: row.subject_id,
    sequence: row.sequence,
    kind: row.kind,
    body: row.body,
    bytes: row.bytes,
    destination: row.destination,
    eventAt: row.at,
    target: toTarget(row),
    attempts: row.attempts,
    retriesUsed: row.retries_used,
    ...toTrace(row.trace_context),
  };
}
