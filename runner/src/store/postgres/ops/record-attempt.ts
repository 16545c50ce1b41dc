import { tooOldReason } from "../../../domain/delivery-age.ts";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { AttemptOutcome } from "../../../ports/store/deliveries.ts";
import { openRoom, type HandOverRoom } from "../../shared/hand-over.ts";
import type { HealthColumns } from "../../shared/decide-health.ts";
import type { WebhookColumns } from "../../shared/decide-webhook-health.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import type { Operation } from "../change.ts";
import type { PlacedRow } from "../gather-rows.ts";
import { together } from "../together.ts";
import type { Transaction } from "../transaction.ts";
import { readActiveMs } from "./idle-spans.ts";
import { handOverNext } from "./hand-over-next.ts";
import { hasOpenPredecessor, promote } from "./ordering-key.ts";
import { recordHealth } from "./record-health.ts";
import { recordWebhookHealth } from "./record-webhook-health.ts";

interface DeliveryRow extends PlacedRow, HealthColumns, WebhookColumns {
  readonly id: number;
  readonly job: number | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** The instant from which its age counts. */
  readonly from_at: number;
  readonly fence: number;
  readonly lease_owner: string | null;
}

const FIND = `SELECT place, deliveries.id, job, deliveries.webhook, deliveries.destination, deliveries.state,
    attempts, fence, lease_owner, persistent_webhooks.webhook IS NOT NULL AS is_persistent,
    failing_since, key, failures, paused_until, held_since, probe,
    coalesce(revived_at, deliveries.created_at) AS from_at
  FROM unnest($1::bigint[]) WITH ORDINALITY AS given (id, place)
    JOIN deliveries ON deliveries.id = given.id
    JOIN destinations ON destinations.id = deliveries.destination
    LEFT JOIN persistent_webhooks ON persistent_webhooks.webhook = deliveries.webhook
`;

const INSERT = `INSERT INTO attempts (delivery, number, at, duration_ms, status, error, response)
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::double precision[],
    $5::integer[], $6::text[], $7::text[])`;

const MOVE = `UPDATE deliveries SET state = given.state, due_at = given.due_at,
    ended_at = given.ended_at, attempts = given.attempts, retries_used = given.retries_used,
    reason = given.reason, lease_owner = NULL, lease_until = NULL
  FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::integer[], $6::integer[],
    $7::text[]) AS given (id, state, due_at, ended_at, attempts, retries_used, reason)
  WHERE deliveries.id = given.id`;

export const recordAttempt: Operation<"recordAttempt"> = async (tx, given, handOver) => {
  const { deliveryId, attempt } = given;
  const key = parseDeliveryId(deliveryId);
  const delivery = key === null ? undefined : await tx.row<DeliveryRow>(FIND, [key]);
  if (delivery === undefined || delivery.fence !== given.fence) return "lost";
  if (delivery.lease_owner !== given.owner) {
    // Stored already under this claim, by a call whose reply was lost.
    const isStored = delivery.lease_owner === null && attempt.number <= delivery.attempts;
    return isStored ? null : "lost";
  }
  const tooOld = await whyTooOld(tx, delivery, given);
  const outcome: AttemptOutcome =
    tooOld === null ? given : { ...given, state: "dead", dueAt: null, reason: tooOld };
  const { number, at, durationMs, status, error, response } = attempt;
  const columns = [delivery.id, number, at, durationMs, status, error, response];
  // After a failure, the destination can be paused and the webhook switched off below.
  const isGood = outcome.state === "delivered" && outcome.destinationOutcome.kind !== "failed";
  const room = handOver !== undefined && isGood ? openRoom(handOver) : null;
  const insert = tx.row(INSERT, columns);
  await together([insert, move(tx, { delivery, outcome }, room)]);
  const destination = await recordHealth(tx, delivery, outcome);
  const webhook = await recordWebhookHealth(tx, delivery, outcome);
  const isNothing = destination === null && tooOld === null && webhook === null;
  if (room === null) return isNothing ? null : { destination, tooOld, webhook };
  return { destination, tooOld, webhook, handedOver: room.result() };
};

/** Returns why a delivery that was to be retried is too old for it, or null. */
async function whyTooOld(
  tx: Transaction,
  { from_at: from, destination, state }: DeliveryRow,
  { dueAt, maxAgeMs, attempt }: AttemptOutcome,
): Promise<string | null> {
  if (state !== "due" || dueAt === null || dueAt - from < maxAgeMs) return null;
  const ageMs = await readActiveMs(tx, { destination, from, until: dueAt });
  return ageMs >= maxAgeMs ? tooOldReason(maxAgeMs, attempt.number) : null;
}

async function move(
  tx: Transaction,
  { delivery, outcome }: { readonly delivery: DeliveryRow; readonly outcome: AttemptOutcome },
  room: HandOverRoom | null,
): Promise<void> {
  const { id, job, webhook, destination } = delivery;
  const { state, attempt, dueAt, retriesUsed, reason } = outcome;
  const { number, at, durationMs } = attempt;
  // It was given up, or put behind another, while in flight: only a success changes its state.
  if (delivery.state !== "due" && state !== "delivered") {
    await tx.query(
      `UPDATE deliveries SET attempts = $2, lease_owner = NULL, lease_until = NULL WHERE id = $1`,
      [id, number],
    );
    return;
  }
  const retryAt = state === "due" ? (dueAt ?? at) : null;
  const endedAt = retryAt === null ? Math.floor(at + durationMs) : null;
  const waits = retryAt !== null && (await hasOpenPredecessor(tx, delivery));
  const after = waits ? "waiting" : state;
  const dueMs = waits ? null : retryAt;
  const update = tx.row(MOVE, [id, after, dueMs, endedAt, number, retriesUsed, reason]);
  tx.count({ kind: "delivery", state: delivery.state }, -1);
  tx.count({ kind: "delivery", state: after }, 1);
  // Due from the attempt's start, so that it can be claimed even if the clock has not moved since.
  if (endedAt === null || job === null) return void (await update);
  const next =
    room === null
      ? promote(tx, { job, webhook }, at)
      : handOverNext(tx, { job, webhook, destination, at }, room);
  await together([update, next]);
}
