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

  /** In order, until they are over the bytes: rows are read before any is leased. */
  function* readDue(lane: { id: number; limit: number }, now: number): Iterable<DueRow> {
    let left = lane.limit;
    for (const find of [findFirstTries, findRetries]) {
      if (left <= 0) return;
      for (const row of find.iterate(lane.id, now, left)) {
        left -= 1;
        yield row;
      }
    }
  }

  return ({ owner, lanes, now, leaseUntil, maxBytes }) => {
    const claimed: ClaimedDelivery[] = [];
    let bytes = 0;
    for (const lane of lanes) {
      if (isDue.get(lane.id, now) === undefined) continue;
      const rows: DueRow[] = [];
      let isOver = false;
      for (const row of readDue(lane, now)) {
        isOver = bytes + row.bytes > maxBytes && claimed.length + rows.length > 0;
        if (isOver) break;
        bytes += row.bytes;
        rows.push(row);
      }
      for (const row of rows) lease.run(owner, leaseUntil, row.id);
      claimed.push(...rows.map((row) => toClaimed(row, lane.id)));
      // A lane that the bytes left nothing for keeps its turn, or large bodies would starve it.
      if (isOver && rows.length === 0) break;
      turn += 1;
      endTurn.run(now, turn, lane.id);
      if (isOver) break;
    }
    return claimed;
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
