/** What one attempt's answer means for its delivery. Pure; the table is the contract's guarantee 4. */
import type { EventKind } from "./event.ts";
import type { DestinationOutcome } from "./destination.ts";
import { parseRetryAfter, retryWaitMs } from "./retry.ts";

/**
 * `waiting`: an earlier event of the same job has not reached the same webhook yet.
 * `due`: first in line, to be sent at `dueAt`. The other two are ends.
 */
export const DELIVERY_STATES = ["waiting", "due", "delivered", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What came back from one HTTP try. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly retryAfter: string | null;
      /** The first 16 KiB of the answer's body, as text. */
      readonly body: string;
      /** From when the request was sent: the wait for a connection is not the endpoint's. */
      readonly tookMs: number;
    }
  | {
      /** No answer: refused, reset, timed out, no such host. */
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
    };

export type Verdict =
  | { readonly state: "delivered" }
  | { readonly state: "due"; readonly waitMs: number }
  | { readonly state: "dead"; readonly reason: string };

const RETRIED_STATUSES: ReadonlySet<number> = new Set([404, 408, 409, 425, 429]);
/** Make answers 400 with this text when a scenario's queue is full, and takes the event later. */
const MAKE_QUEUE_FULL = /^\s*queue is full\.?\s*$/i;

/** The policy may be changed, but until then every attempt ends the same. */
const EGRESS_REFUSED = "EGRESS_REFUSED";

function isWorthRetrying(answer: Answer): boolean {
  if (answer.kind === "failed") return answer.code !== EGRESS_REFUSED;
  if (RETRIED_STATUSES.has(answer.status) || answer.status >= 500) return true;
  return answer.status === 400 && MAKE_QUEUE_FULL.test(answer.body);
}

export function describe(answer: Answer): string {
  return answer.kind === "answered"
    ? `answered with status ${answer.status}`
    : `failed with ${answer.code}: ${answer.message}`;
}

/**
 * Judges an attempt. `retriesUsed` counts the retries spent before this attempt; `random` is in
 * [0, 1). A `Retry-After` longer than the table's wait replaces it.
 */
export function judge(
  answer: Answer,
  policy: { retries: number; retriesUsed: number; now: number; random: number },
): Verdict {
  if (isTaken(answer)) return { state: "delivered" };
  if (!isWorthRetrying(answer)) {
    return { state: "dead", reason: `The endpoint ${describe(answer)}, which is final.` };
  }
  const wait = retryWaitMs(policy.retriesUsed, policy.retries, policy.random);
  if (wait === null) {
    const tries = policy.retriesUsed + 1;
    return {
      state: "dead",
      reason: `Given up after ${tries} ${tries === 1 ? "attempt" : "attempts"}: the endpoint ${describe(answer)}.`,
    };
  }
  const asked =
    answer.kind === "answered" && answer.retryAfter !== null
      ? parseRetryAfter(answer.retryAfter, policy.now)
      : null;
  return { state: "due", waitMs: Math.max(wait, asked ?? 0) };
}

export function isTaken(answer: Answer): boolean {
  return answer.kind === "answered" && answer.status >= 200 && answer.status < 300;
}

/** The endpoint says that it is gone for good: it switches a persistent webhook off. */
export function isGone(answer: Answer): boolean {
  return answer.kind === "answered" && answer.status === 410;
}

/** An endpoint that takes as long for an answer is not sent ever more of them at once. */
const SLOW_MS = 1_000;

/**
 * What an answer says of the destination. An origin's destination is shared by many jobs' webhooks, and one
 * path's 404 says nothing about the next; a persistent webhook has its destination for itself.
 */
export function toDestinationOutcome(
  answer: Answer,
  { isPersistent, now }: { isPersistent: boolean; now: number },
): DestinationOutcome {
  if (answer.kind === "failed") {
    return answer.code === EGRESS_REFUSED ? { kind: "neutral" } : { kind: "failed", pauseMs: 0 };
  }
  const { status, retryAfter, tookMs } = answer;
  if (isTaken(answer)) return { kind: tookMs < SLOW_MS ? "ok" : "slow" };
  if (!isPersistent && status < 500 && status !== 429) return { kind: "neutral" };
  const isThrottled = status === 429 || status === 503;
  const asked = isThrottled && retryAfter !== null ? parseRetryAfter(retryAfter, now) : null;
  return { kind: "failed", pauseMs: asked ?? 0 };
}

/** Whether a webhook with this `on` wants this kind; no `on` wants all. */
export function wants(on: readonly EventKind[] | null, kind: EventKind): boolean {
  return on === null || on.includes(kind);
}
