/** Makes one attempt of one delivery, decides what follows from it, and stores both. */
import {
  errorText,
  eventId,
  isSuccess,
  judgeAttempt,
  toDestinationOutcome,
  type Answer,
} from "../../domain/delivery.ts";
import type { TraceContext } from "../../domain/trace-context.ts";
import type { Messages } from "../bus/messages.ts";
import type { DestinationOutcome } from "../../domain/destination.ts";
import { DEFAULT_TIMEOUT_MS } from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Log } from "../../ports/log.ts";
import type { Outgoing, Sender } from "../../ports/sender.ts";
import type {
  AttemptOutcome,
  ClaimedDelivery,
  DeliveryClaim,
  HandOver,
  Recorded,
} from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";
import type { Beats } from "../upkeep/beat-loop.ts";
import type { JobTraces } from "../tracing/job-traces.ts";
import { reportAttempt } from "./report-attempt.ts";
import { toRequestHeaders } from "./request-headers.ts";

export interface DeliverDeps {
  readonly store: Pick<Store, "recordAttempt" | "releaseDeliveries">;
  readonly sender: Pick<Sender, "send">;
  readonly sealedContents: Pick<SealedContents, "open">;
  readonly clock: Pick<Clock, "now">;
  readonly ids: Pick<Ids, "random">;
  readonly telemetry: Pick<Telemetry, "attemptEnded">;
  readonly log: Log;
  readonly messages: Pick<Messages, "publish">;
  readonly beats: Pick<Beats, "isHeard">;
  readonly traces: Pick<JobTraces, "attempt">;
  readonly userAgent: string;
  readonly maxDeliveryAgeMs: number;
}

export interface Attempt {
  readonly answer: Answer;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What the receiver goes on with. */
  readonly trace: TraceContext | null;
  /** What the answer says about the delivery's destination. */
  readonly destinationOutcome: DestinationOutcome;
}

/** Sends the request and resolves with the result. Never rejects. */
export async function makeAttempt(
  delivery: ClaimedDelivery,
  deps: DeliverDeps,
  signals: Pick<Outgoing, "signal" | "recall">,
): Promise<Attempt> {
  const startedAt = deps.clock.now();
  const span = deps.traces.attempt(delivery);
  const { trace } = span;
  let answer: Answer;
  try {
    answer = await deps.sender.send(toRequest(delivery, deps, { startedAt, trace, signals }));
  } catch (error) {
    // For example a seal that cannot be opened. It counts as a failed attempt and is retried.
    const { code, name, message } = error as Error & { code?: string };
    answer = { kind: "failed", code: code ?? name, message };
  }
  span.end(answer);
  const endedAt = deps.clock.now();
  const destinationOutcome = isAborted(answer)
    ? ({ kind: "neutral" } as const)
    : toDestinationOutcome(answer, { isPersistent: delivery.target.isPersistent, now: endedAt });
  return { answer, startedAt, endedAt, trace, destinationOutcome };
}

/**
 * Resolves when the attempt is stored. An attempt does not count when a shutdown cut it off or a
 * pause of its destination kept it from being sent: the delivery stays due.
 */
export async function recordAttempt(
  { delivery, attempt }: { readonly delivery: ClaimedDelivery; readonly attempt: Attempt },
  deps: DeliverDeps,
  handOver?: HandOver,
): Promise<Recorded> {
  const { store, ids } = deps;
  const { answer } = attempt;
  if (isAborted(answer)) {
    await store.releaseDeliveries([claimOf(delivery)]);
    return null;
  }
  const { maxDeliveryAgeMs: maxAgeMs } = deps;
  const outcome = toOutcome(delivery, attempt, { maxAgeMs, random: ids.random() });
  const recorded = await store.recordAttempt(outcome, handOver);
  if (recorded !== "lost")
    reportAttempt(delivery, outcome, {
      ...deps,
      trace: attempt.trace,
      tooOld: recorded?.tooOld ?? null,
    });
  return recorded;
}

export function claimOf({ id, fence, owner }: ClaimedDelivery): DeliveryClaim {
  return { deliveryId: id, fence, owner };
}

function isAborted(answer: Answer): boolean {
  return answer.kind === "failed" && answer.code === "ABORTED";
}

interface Sending extends Pick<Attempt, "startedAt" | "trace"> {
  readonly signals: Pick<Outgoing, "signal" | "recall">;
}

/** Throws when the webhook's headers and secrets cannot be decrypted. */
function toRequest(
  { target, subjectId, sequence, body }: ClaimedDelivery,
  { sealedContents, userAgent, beats }: DeliverDeps,
  { startedAt, trace, signals }: Sending,
): Outgoing {
  const id = eventId({ subjectId, sequence });
  const contents = sealedContents.open(target.sealed, target.webhookId);
  const headers = toRequestHeaders(contents, { id, body, now: startedAt, userAgent, trace });
  const timeoutMs = target.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  // Otherwise another daemon may have sent this event and the next ones since it was claimed.
  const maySend = beats.isHeard;
  const { verifyTls, clientCertificate } = contents;
  const { url } = target;
  return { url, headers, body, timeoutMs, verifyTls, clientCertificate, maySend, ...signals };
}

function toOutcome(
  delivery: ClaimedDelivery,
  { answer, startedAt, endedAt: now, destinationOutcome }: Attempt,
  { maxAgeMs, random }: { maxAgeMs: number; random: number },
): AttemptOutcome {
  const { retries } = delivery.target;
  const { retriesUsed } = delivery;
  const verdict = judgeAttempt(answer, { retries, retriesUsed, now, random });
  return {
    ...claimOf(delivery),
    attempt: {
      number: delivery.attempts + 1,
      // The next delivery is due from this instant, which must not be ahead of a clock that was set back.
      at: Math.min(startedAt, now),
      durationMs: Math.max(0, now - startedAt),
      status: answer.kind === "answered" ? answer.status : null,
      response: answer.kind === "answered" ? answer.body : null,
      error: answer.kind === "failed" ? errorText(answer) : null,
    },
    state: verdict.state,
    dueAt: verdict.state === "due" ? now + verdict.waitMs : null,
    retriesUsed: retriesUsed + (verdict.state === "due" ? 1 : 0),
    reason: verdict.state === "dead" ? verdict.reason : null,
    succeeded: isSuccess(answer),
    destinationOutcome,
    maxAgeMs,
  };
}
