/** One attempt of one delivery: sends it, judges the answer, keeps both. */
import { describe, judge, type Answer } from "../domain/delivery.ts";
import type { Clock } from "../ports/clock.ts";
import type { Ids } from "../ports/ids.ts";
import type { Log } from "../ports/log.ts";
import type { Sender } from "../ports/sender.ts";
import type { AttemptOutcome, ClaimedDelivery, DeliveryWrites } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** For an attempt's whole exchange (Standard Webhooks: 15 to 30 s). */
export const ATTEMPT_TIMEOUT_MS = 30_000;

export interface DeliverDeps {
  readonly store: Pick<DeliveryWrites, "recordAttempt" | "releaseDeliveries">;
  readonly sender: Pick<Sender, "send">;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "random">;
  readonly telemetry: Pick<Telemetry, "attemptEnded">;
  readonly log: Log;
  readonly userAgent: string;
}

export async function deliver(
  delivery: ClaimedDelivery,
  deps: DeliverDeps,
  signal: AbortSignal,
): Promise<void> {
  const { store, sender, clock } = deps;
  const startedAt = clock.now();
  const answer = await sender.send({
    url: delivery.webhook.url,
    headers: toHeaders(delivery, { userAgent: deps.userAgent, now: startedAt }),
    body: delivery.body,
    timeoutMs: ATTEMPT_TIMEOUT_MS,
    signal,
  });
  if (answer.kind === "failed" && answer.code === "ABORTED") {
    await store.releaseDeliveries([delivery.id]);
    return;
  }
  const outcome = toOutcome(delivery, answer, {
    startedAt,
    now: clock.now(),
    random: deps.ids.random(),
  });
  tell(delivery, outcome, deps);
  await store.recordAttempt(outcome);
}

/** The receiver tells events apart by `webhook-id`: the same in every attempt and at every webhook. */
export function eventId(delivery: Pick<ClaimedDelivery, "jobId" | "sequence">): string {
  return `${delivery.jobId.replace(/^job_/, "evt_")}_${delivery.sequence}`;
}

function toHeaders(
  delivery: ClaimedDelivery,
  { userAgent, now }: { userAgent: string; now: number },
): Record<string, string> {
  return {
    ...delivery.webhook.headers,
    "content-type": "application/json",
    "user-agent": userAgent,
    "webhook-id": eventId(delivery),
    "webhook-timestamp": String(Math.floor(now / 1000)),
  };
}

function toOutcome(
  delivery: ClaimedDelivery,
  answer: Answer,
  { startedAt, now, random }: { startedAt: number; now: number; random: number },
): AttemptOutcome {
  const { retries } = delivery.webhook;
  const { retriesUsed } = delivery;
  const verdict = judge(answer, { retries, retriesUsed, now, random });
  const spent = verdict.state === "due" && verdict.spendsRetry ? 1 : 0;
  return {
    deliveryId: delivery.id,
    attempt: {
      number: delivery.attempts + 1,
      at: startedAt,
      durationMs: Math.max(0, now - startedAt),
      status: answer.kind === "answered" ? answer.status : null,
      response: answer.kind === "answered" ? answer.body : null,
      error: answer.kind === "failed" ? describe(answer) : null,
    },
    state: verdict.state,
    dueAt: verdict.state === "due" ? now + verdict.waitMs : null,
    retriesUsed: retriesUsed + spent,
    reason: verdict.state === "dead" ? verdict.reason : null,
  };
}

function tell(delivery: ClaimedDelivery, outcome: AttemptOutcome, deps: DeliverDeps): void {
  const { attempt, state, dueAt, reason } = outcome;
  deps.telemetry.attemptEnded({
    outcome: state === "due" ? "retry" : state,
    first: attempt.number === 1,
    durationMs: attempt.durationMs,
    sinceEventMs: Math.max(0, attempt.at + attempt.durationMs - delivery.eventAt),
  });
  const fields = {
    deliveryId: delivery.id,
    jobId: delivery.jobId,
    sequence: delivery.sequence,
    kind: delivery.kind,
    origin: new URL(delivery.webhook.url).origin,
    attempt: attempt.number,
    status: attempt.status,
    error: attempt.error ?? undefined,
    ms: attempt.durationMs,
    outcome: state,
    retryAt: dueAt === null ? undefined : new Date(dueAt).toISOString(),
    reason: reason ?? undefined,
  };
  if (state === "delivered") deps.log.debug(fields, "delivery.attempted");
  else deps.log.warn(fields, "delivery.attempted");
}
