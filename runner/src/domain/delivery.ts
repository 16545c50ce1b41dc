/**
 * Decides what an attempt's answer means for its delivery and its destination. Pure. For the table of
 * statuses see "What an answer means" in docs/explanation/delivery.md. webhook-health.ts decides what
 * an answer means for the webhook.
 */
import type { EventKind } from "./event.ts";
import type { DestinationOutcome } from "./destination.ts";
import { parseRetryAfter, retryWaitMs } from "./retry.ts";

/**
 * `waiting`: an earlier event of the same job has not reached the same webhook yet.
 * `due`: sent at `dueAt`. `delivered` and `dead` (given up) are final.
 */
export const DELIVERY_STATES = ["waiting", "due", "delivered", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The result of one HTTP request. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly retryAfter: string | null;
      /** The first 16 KiB of the response's body, as text. */
      readonly body: string;
      /** Where a redirect leads to, in words. Contains no path, because the log contains the reason. */
      readonly redirectsTo?: string;
      /** From when the request was sent. The wait for a connection is not the endpoint's fault. */
      readonly tookMs: number;
    }
  | {
      /** No response: the connection was refused or reset, the request timed out, the host is unknown. */
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
    };

export type Verdict =
  | { readonly state: "delivered" }
  | { readonly state: "due"; readonly waitMs: number }
  | { readonly state: "dead"; readonly reason: string };

/**
 * Retried, as is every 5xx. The other statuses, such as 410, are final. Endpoints respond with 401
 * and 403 while a credential is being replaced, or while a firewall is misconfigured. 407 comes from
 * the forward proxy.
 */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 407, 408, 409, 425, 429]);
/** Make responds with 400 and this text when a scenario's queue is full. It accepts the event later. */
const MAKE_QUEUE_FULL = /^\s*queue is full\.?\s*$/i;

/** Not retried: every attempt fails until an operator changes the egress policy. */
const EGRESS_REFUSED = "EGRESS_REFUSED";

function isWorthRetrying(answer: Answer): boolean {
  if (answer.kind === "failed") return answer.code !== EGRESS_REFUSED;
  if (RETRIED_STATUSES.has(answer.status) || answer.status >= 500) return true;
  return answer.status === 400 && MAKE_QUEUE_FULL.test(answer.body);
}

/** A clause such as "the endpoint responded with status 500". */
export function describeAnswer(answer: Answer): string {
  if (answer.kind === "failed") return `the request failed with ${errorText(answer)}`;
  const { status, redirectsTo } = answer;
  return redirectsTo === undefined
    ? `the endpoint responded with status ${status}`
    : `the endpoint responded with status ${status} and redirects to ${redirectsTo}`;
}

export function errorText(failed: { readonly code: string; readonly message: string }): string {
  return `${failed.code}: ${failed.message}`;
}

/**
 * Decides whether the delivery is delivered, retried or given up. `retriesUsed` counts the retries
 * before this attempt; `random` is in [0, 1). A `Retry-After` longer than the table's wait replaces it.
 */
export function judgeAttempt(
  answer: Answer,
  policy: { retries: number; retriesUsed: number; now: number; random: number },
): Verdict {
  if (isSuccess(answer)) return { state: "delivered" };
  if (!isWorthRetrying(answer)) {
    const isRedirect = answer.kind === "answered" && answer.redirectsTo !== undefined;
    const why = isRedirect ? ". Redirects are not followed." : ", which is not retried.";
    return { state: "dead", reason: capitalize(describeAnswer(answer)) + why };
  }
  const wait = retryWaitMs(policy.retriesUsed, policy.retries, policy.random);
  if (wait === null) {
    const tries = policy.retriesUsed + 1;
    return {
      state: "dead",
      reason: `Given up after ${tries} ${tries === 1 ? "attempt" : "attempts"}: ${describeAnswer(answer)}.`,
    };
  }
  const asked =
    answer.kind === "answered" && answer.retryAfter !== null
      ? parseRetryAfter(answer.retryAfter, policy.now)
      : null;
  return { state: "due", waitMs: Math.max(wait, asked ?? 0) };
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function isSuccess(answer: Answer): boolean {
  return answer.kind === "answered" && answer.status >= 200 && answer.status < 300;
}

/** From this response time on, an endpoint's concurrency limit stops growing with each success. */
const SLOW_MS = 1_000;

/**
 * What an answer says about the destination. The webhooks of many jobs share an origin's destination,
 * and a 404 of one path says nothing about the others. A persistent webhook has its own destination.
 */
export function toDestinationOutcome(
  answer: Answer,
  { isPersistent, now }: { isPersistent: boolean; now: number },
): DestinationOutcome {
  if (answer.kind === "failed") {
    return answer.code === EGRESS_REFUSED ? { kind: "neutral" } : { kind: "failed", pauseMs: 0 };
  }
  const { status, retryAfter, tookMs } = answer;
  if (isSuccess(answer)) return { kind: tookMs < SLOW_MS ? "ok" : "slow" };
  if (!isPersistent && status < 500 && status !== 429) return { kind: "neutral" };
  const isThrottled = status === 429 || status === 503;
  const asked = isThrottled && retryAfter !== null ? parseRetryAfter(retryAfter, now) : null;
  return { kind: "failed", pauseMs: asked ?? 0 };
}

/** Whether a webhook with this `on` receives events of this kind. Null receives all kinds. */
export function wants(on: readonly EventKind[] | null, kind: EventKind): boolean {
  return on === null || on.includes(kind);
}

/**
 * The `webhook-id` header, by which receivers recognize an event: it is the same in every attempt and
 * at every webhook.
 */
export function eventId(delivery: {
  readonly subjectId: string;
  readonly sequence: number;
}): string {
  return `${delivery.subjectId.replace(/^[a-z]+_/, "evt_")}_${delivery.sequence}`;
}
