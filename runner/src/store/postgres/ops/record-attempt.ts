import { tooOldReason } from "../../../domain/delivery-age.ts";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { AttemptOutcome } from "../../../ports/store/deliveries.ts";
import type { HealthColumns } from "../../shared/decide-health.ts";
import type { WebhookColumns } from "../../shared/decide-webhook-health.ts";
import { parseDeliveryId } from "../../shared/rows.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { readActiveMs } from "./idle-spans.ts";
import { hasOpenPredecessor, promote } from "./ordering-key.ts";
import { recordHealth } from "./record-health.ts";
import { recordWebhookHealth } from "./record-webhook-health.ts";

interface DeliveryRow extends HealthColumns, WebhookColumns {
  readonly id: number;
  readonly job: number | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** The instant from which its age counts. */
  readonly from_at: number;
  readonly fence: number;
  readonly lease_owner: string | null;
}

const FIND = `SELECT deliveries.id, job, deliveries.webhook, deliveries.destination, deliveries.state,
    attempts, fence, lease_owner, persistent_webhooks.webhook IS NOT NULL AS is_persistent,
    failing_since, key, failures, paused_until, held_since, probe,
    coalesce(revived_at, deliveries.created_at) AS from_at
  FROM deliveries
    JOIN destinations ON destinations.id = deliveries.destination
    LEFT JOIN persistent_webhooks ON persistent_webhooks.webhook = deliveries.webhook
  WHERE deliveries.id = $1`;

export const recordAttempt: Operation<"recordAttempt"> = async (tx, given) => {
  const { deliveryId, attempt } = given;
  const key = parseDeliveryId(deliveryId);
  const [delivery] = key === null ? [] : await tx.query<DeliveryRow>(FIND, [key]);
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
  const insert = tx.query(
    `INSERT INTO attempts (delivery, number, at, duration_ms, status, error, response)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [delivery.id, number, at, durationMs, status, error, response],
  );
  await Promise.all([insert, move(tx, delivery, outcome)]);
  const destination = await recordHealth(tx, delivery, outcome);
  const webhook = await recordWebhookHealth(tx, delivery, outcome);
  const isNothing = destination === null && tooOld === null && webhook === null;
  return isNothing ? null : { destination, tooOld, webhook };
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
  delivery: DeliveryRow,
  { state, attempt, dueAt, retriesUsed, reason }: AttemptOutcome,
): Promise<void> {
  const { id, job, webhook } = delivery;
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
  const next = waits ? "waiting" : state;
  const update = tx.query(
    `UPDATE deliveries SET state = $2, due_at = $3, ended_at = $4, attempts = $5, retries_used = $6,
       reason = $7, lease_owner = NULL, lease_until = NULL
     WHERE id = $1`,
    [id, next, waits ? null : retryAt, endedAt, number, retriesUsed, reason],
  );
  tx.count({ kind: "delivery", state: delivery.state }, -1);
  tx.count({ kind: "delivery", state: next }, 1);
  // Due from the attempt's start, so that it can be claimed even if the clock has not moved since.
  const promoted = endedAt !== null && job !== null ? promote(tx, { job, webhook }, at) : null;
  await Promise.all([update, promoted]);
}
