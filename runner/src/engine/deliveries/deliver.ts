/** One attempt of one delivery: signed and sent, then judged and kept. */
import {
  describe,
  isGone,
  isTaken,
  judge,
  toDestinationOutcome,
  type Answer,
} from "../../domain/delivery.ts";
import type { DestinationOutcome } from "../../domain/destination.ts";
import { DEFAULT_TIMEOUT_MS, OFF_AFTER_MS } from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Log } from "../../ports/log.ts";
import type { Outgoing, Sender } from "../../ports/sender.ts";
import type { AttemptOutcome, ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { toRequestHeaders } from "./request-headers.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";

export interface DeliverDeps {
  readonly store: Pick<
    Store,
    "recordAttempt" | "releaseDeliveries" | "updateWebhook" | "removeWebhook"
  >;
  readonly sender: Pick<Sender, "send">;
  readonly sealedContents: Pick<SealedContents, "open">;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "random">;
  readonly telemetry: Pick<Telemetry, "attemptEnded">;
  readonly log: Log;
  readonly userAgent: string;
}

export interface Exchange {
  readonly answer: Answer;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What the answer says of the delivery's destination. */
  readonly destinationOutcome: DestinationOutcome;
}

/** Resolves with what came of it, and never rejects. */
export async function makeAttempt(
  delivery: ClaimedDelivery,
  deps: DeliverDeps,
  signals: Pick<Outgoing, "signal" | "recall">,
): Promise<Exchange> {
  const startedAt = deps.clock.now();
  let answer: Answer;
  try {
    answer = await deps.sender.send(prepare(delivery, deps, { startedAt, signals }));
  } catch (error) {
    // As a seal that does not open: shown with the delivery, and tried again as any other failure.
    const { code, name, message } = error as Error & { code?: string };
    answer = { kind: "failed", code: code ?? name, message };
  }
  const endedAt = deps.clock.now();
  const destinationOutcome = isAborted(answer)
    ? ({ kind: "neutral" } as const)
    : toDestinationOutcome(answer, { isPersistent: delivery.target.isPersistent, now: endedAt });
  return { answer, startedAt, endedAt, destinationOutcome };
}

/** Resolves when the attempt is stored. One that a shutdown cut off, or a hold of its destination kept from being sent, is none: the delivery is due as before. */
export async function keepAttempt(
  delivery: ClaimedDelivery,
  { answer, startedAt, endedAt }: Exchange,
  deps: DeliverDeps,
): Promise<void> {
  const { store } = deps;
  if (isAborted(answer)) return store.releaseDeliveries([delivery.id]);
  const random = deps.ids.random();
  const outcome = toOutcome(delivery, answer, { startedAt, now: endedAt, random });
  tell(delivery, outcome, deps);
  await store.recordAttempt(outcome);
  if (delivery.target.isPersistent && !isTaken(answer)) {
    await endWebhookIfDue(delivery, { answer, isDead: outcome.state === "dead" }, deps);
  }
}

function isAborted(answer: Answer): boolean {
  return answer.kind === "failed" && answer.code === "ABORTED";
}

/** Throws when what is sealed cannot be opened. */
function prepare(
  { target, subjectId, sequence, body }: ClaimedDelivery,
  { sealedContents, userAgent }: DeliverDeps,
  { startedAt, signals }: { startedAt: number; signals: Pick<Outgoing, "signal" | "recall"> },
): Outgoing {
  const id = eventId({ subjectId, sequence });
  const contents = sealedContents.open(target.sealed);
  const headers = toRequestHeaders(contents, { id, body, now: startedAt, userAgent });
  const timeoutMs = target.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return { url: target.url, headers, body, timeoutMs, ...signals };
}

/** The receiver tells events apart by `webhook-id`: the same in every attempt and at every webhook. */
export function eventId(delivery: Pick<ClaimedDelivery, "subjectId" | "sequence">): string {
  return `${delivery.subjectId.replace(/^[a-z]+_/, "evt_")}_${delivery.sequence}`;
}

function toOutcome(
  delivery: ClaimedDelivery,
  answer: Answer,
  { startedAt, now, random }: { startedAt: number; now: number; random: number },
): AttemptOutcome {
  const { retries } = delivery.target;
  const { retriesUsed } = delivery;
  const verdict = judge(answer, { retries, retriesUsed, now, random });
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
    retriesUsed: retriesUsed + (verdict.state === "due" ? 1 : 0),
    reason: verdict.state === "dead" ? verdict.reason : null,
    succeeded: isTaken(answer),
  };
}

/**
 * Switches the webhook off, or removes it, when this answer was the last straw. That is a delivery
 * given up: where events are few, two attempts that fail days apart are no outage.
 */
async function endWebhookIfDue(
  { target, attempts }: ClaimedDelivery,
  { answer, isDead }: { answer: Answer; isDead: boolean },
  { store, clock, log }: DeliverDeps,
): Promise<void> {
  const now = clock.now();
  const { webhookId, expiresAt, failingSince } = target;
  const isRepeated404 = answer.kind === "answered" && answer.status === 404 && attempts > 0;
  if (isRepeated404 && expiresAt !== null && now >= expiresAt) {
    await store.removeWebhook(webhookId);
    log.info({ webhookId }, "webhook.removed-after-expiry");
    return;
  }
  const reason = isGone(answer)
    ? "The endpoint answered 410: it is gone."
    : isDead && failingSince !== null && now - failingSince >= OFF_AFTER_MS
      ? `Every attempt has failed since ${new Date(failingSince).toISOString()}.`
      : null;
  if (reason === null) return;
  await store.updateWebhook(webhookId, { state: "off", reason }, { now });
  log.warn({ webhookId, reason }, "webhook.switched-off");
}

function tell(delivery: ClaimedDelivery, outcome: AttemptOutcome, deps: DeliverDeps): void {
  const { attempt, state, dueAt, reason } = outcome;
  deps.telemetry.attemptEnded({
    outcome: state === "due" ? "retry" : state,
    first: attempt.number === 1,
    durationMs: attempt.durationMs,
    sinceEventMs: Math.max(0, attempt.at + attempt.durationMs - delivery.eventAt),
  });
  const level = state === "delivered" ? "debug" : "warn";
  // Nobody asks for most of them, and there are thousands a second.
  if (!deps.log.isLevelEnabled(level)) return;
  const fields = {
    deliveryId: delivery.id,
    subjectId: delivery.subjectId,
    webhookId: delivery.target.webhookId,
    sequence: delivery.sequence,
    kind: delivery.kind,
    origin: URL.parse(delivery.target.url)?.origin,
    attempt: attempt.number,
    status: attempt.status,
    error: attempt.error ?? undefined,
    ms: attempt.durationMs,
    outcome: state,
    retryAt: dueAt === null ? undefined : new Date(dueAt).toISOString(),
    reason: reason ?? undefined,
  };
  deps.log[level](fields, "delivery.attempted");
}
