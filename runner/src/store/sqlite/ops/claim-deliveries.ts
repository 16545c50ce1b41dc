import type { DatabaseSync } from "node:sqlite";
import type { JsonText } from "../../../domain/json-text.ts";
import type { ClaimedDelivery, DeliveryKind } from "../../../ports/store.ts";
import type { Operations } from "../change.ts";
import { toDeliveryId } from "../rows.ts";
import { prepare } from "../statement.ts";
import { LEAST_DUE_AT } from "./lanes.ts";

interface DueRow {
  readonly id: number;
  readonly subject_id: string;
  readonly sequence: number;
  readonly kind: DeliveryKind;
  readonly body: JsonText;
  readonly bytes: number;
  readonly at: number;
  readonly attempts: number;
  readonly retries_used: number;
  readonly webhook_id: string;
  readonly is_persistent: 0 | 1;
  readonly url: string;
  readonly sealed: string | null;
  readonly retries: number;
  readonly timeout_ms: number | null;
  readonly expires_at: number | null;
  readonly failing_since: number | null;
}

/** Rows read by one statement. */
const AT_ONCE = 16;

interface Claiming {
  readonly owner: string;
  readonly now: number;
  readonly leaseUntil: number;
  readonly maxBytes: number;
  readonly claimed: ClaimedDelivery[];
  bytes: number;
}

export function prepareClaimDeliveries(db: DatabaseSync): Operations["claimDeliveries"] {
  const isDue = prepare(db, `SELECT 1 FROM lanes WHERE id = ? AND wake_at <= ?`);
  const findFirstTries = prepare<DueRow>(db, selectDue("deliveries_first", "attempts = 0"));
  const findRetries = prepare<DueRow>(db, selectDue("deliveries_retries", "attempts > 0"));
  const lease = prepare(db, `UPDATE deliveries SET lease_owner = ?, lease_until = ? WHERE id = ?`);
  const endTurn = prepare(
    db,
    `UPDATE lanes SET hold_until = ?, turn = ?, ready_at = ${LEAST_DUE_AT}
     WHERE id = ?`,
  );
  let { turn } = prepare<{ turn: number }>(
    db,
    `SELECT coalesce(max(turn), 0) AS turn FROM lanes`,
  ).get() ?? { turn: 0 };

  /** Leases what is due in the lane, up to its limit; false once a body is over the bytes. */
  function claimFrom(lane: { id: number; limit: number }, claim: Claiming): boolean {
    let left = lane.limit;
    for (const find of [findFirstTries, findRetries]) {
      while (left > 0) {
        // A few at a time, since bodies may be large: what is leased is out of the index for the next.
        const wanted = Math.min(left, AT_ONCE);
        const rows = find.all(lane.id, claim.now, wanted);
        for (const row of rows) {
          if (claim.bytes + row.bytes > claim.maxBytes && claim.claimed.length > 0) return false;
          claim.bytes += row.bytes;
          lease.run(claim.owner, claim.leaseUntil, row.id);
          claim.claimed.push(toClaimed(row, lane.id));
          left -= 1;
        }
        if (rows.length < wanted) break;
      }
    }
    return true;
  }

  return ({ lanes, ...request }) => {
    const claim: Claiming = { ...request, claimed: [], bytes: 0 };
    for (const lane of lanes) {
      if (isDue.get(lane.id, claim.now) === undefined) continue;
      const before = claim.claimed.length;
      const isWithin = claimFrom(lane, claim);
      // A lane that the bytes left nothing for keeps its turn, or large bodies would starve it.
      if (!isWithin && claim.claimed.length === before) break;
      turn += 1;
      endTurn.run(claim.now, turn, lane.id);
      if (!isWithin) break;
    }
    return claim.claimed;
  };
}

/** What is due in a lane. CROSS JOIN keeps the order of the tables, so the index gives the order. */
function selectDue(index: string, condition: string): string {
  return `
    SELECT deliveries.id, coalesce(jobs.id, batches.id) AS subject_id, deliveries.sequence,
      coalesce(kind, 'batch') AS kind, coalesce(events.body, batches.body) AS body,
      coalesce(octet_length(events.body), octet_length(batches.body)) AS bytes,
      deliveries.created_at AS at, attempts, retries_used, webhooks.id AS webhook_id,
      persistent_webhooks.webhook IS NOT NULL AS is_persistent, url, sealed, retries, timeout_ms,
      expires_at, failing_since
    FROM deliveries INDEXED BY ${index}
      CROSS JOIN webhooks ON webhooks.seq = deliveries.webhook
      LEFT JOIN persistent_webhooks ON persistent_webhooks.webhook = deliveries.webhook
      LEFT JOIN jobs ON jobs.seq = deliveries.job
      LEFT JOIN events
        ON events.job = deliveries.job AND events.sequence = deliveries.sequence
      LEFT JOIN batches ON batches.seq = deliveries.batch
    WHERE deliveries.lane = ? AND deliveries.state = 'due' AND deliveries.lease_owner IS NULL
      AND ${condition} AND due_at <= ?
    ORDER BY due_at, deliveries.id LIMIT ?`;
}

function toClaimed(row: DueRow, lane: number): ClaimedDelivery {
  return {
    id: toDeliveryId(row.id),
    subjectId: row.subject_id,
    sequence: row.sequence,
    kind: row.kind,
    body: row.body,
    bytes: row.bytes,
    lane,
    eventAt: row.at,
    target: {
      webhookId: row.webhook_id,
      isPersistent: row.is_persistent === 1,
      url: row.url,
      sealed: row.sealed,
      retries: row.retries,
      timeoutMs: row.timeout_ms,
      expiresAt: row.expires_at,
      failingSince: row.failing_since,
    },
    attempts: row.attempts,
    retriesUsed: row.retries_used,
  };
}
