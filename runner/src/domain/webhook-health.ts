/** Decides when a failed attempt switches a persistent webhook off, pauses it or removes it. Pure. */

const MINUTE_MS = 60 * 1000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A webhook is switched off when every attempt has failed for this many days (Svix does the same). */
const OFF_AFTER_DAYS = 5;
/** On how many of those days an attempt must have failed. When events are rare, two bad hours are no outage. */
const MIN_FAILING_DAYS = 4;

export type WebhookVerdict =
  | { readonly kind: "keep" }
  /** `reason` is stored with the webhook and shown to users. */
  | { readonly kind: "switch-off" | "pause"; readonly reason: string }
  | { readonly kind: "remove" };

/** The days with failed attempts since the last success. */
export interface FailingDays {
  /** The last one: 0 is the day that began with the first failure. */
  readonly last: number;
  /** A bit for each of the five days that end with `last`, which is the lowest bit. */
  readonly days: number;
  /**
   * Since which minute after the first failure every attempt got n8n's response for a path that no
   * published workflow has. Null if the last attempt did not.
   */
  readonly unregisteredFrom: number | null;
}

export interface FailedAttempt {
  readonly status: number | null;
  /** The beginning of the response's body. */
  readonly response: string | null;
  /** 1 for the first attempt of its delivery. */
  readonly number: number;
  readonly endedAt: number;
}

export interface WebhookHealth {
  readonly expiresAt: number | null;
  /** The instant of the first failed attempt since the last success; it can be this one. */
  readonly failingSince: number;
  /** How long the daemon was up since then. */
  readonly upMs: number;
  /** This attempt's day included. */
  readonly failingDays: FailingDays;
}

const UNREGISTERED =
  "For 24 hours n8n has responded that the webhook is not registered: its workflow was deleted or is not published.";

const KEEP: WebhookVerdict = { kind: "keep" };

/** `upMs` is how long the daemon was up since the first failure. */
export function addFailure(
  { last, days, unregisteredFrom: from }: FailingDays,
  attempt: Pick<FailedAttempt, "status" | "response">,
  upMs: number,
): FailingDays {
  const today = Math.floor(upMs / DAY_MS);
  const unregisteredFrom = isUnregistered(attempt) ? (from ?? Math.ceil(upMs / MINUTE_MS)) : null;
  // A clock that was set back must not shift the days.
  if (today <= last) return { last, days: days | 1, unregisteredFrom };
  const passed = Math.min(OFF_AFTER_DAYS, today - last);
  const shifted = ((days << passed) | 1) & (2 ** OFF_AFTER_DAYS - 1);
  return { last: today, days: shifted, unregisteredFrom };
}

/**
 * n8n's 404 for a webhook of a workflow that was deleted or is not published:
 * `{"code":404,"message":"The requested webhook \"POST …\" is not registered.", …}`. That of a proxy is another.
 */
function isUnregistered({ status, response }: Pick<FailedAttempt, "status" | "response">): boolean {
  if (status !== 404 || response === null) return false;
  const message = messageOf(response);
  return message.includes("webhook") && message.includes("is not registered");
}

function messageOf(response: string): string {
  try {
    const { message } = JSON.parse(response) as { message?: unknown };
    return typeof message === "string" ? message : "";
  } catch {
    return "";
  }
}

/**
 * A day in which the daemon was up and n8n always responded that the webhook is not registered pauses
 * it, so that its events are kept. A 410 switches off. So do five days in which the daemon was up without a success, with failed
 * attempts on at least four of them. A 404 to the second or a later attempt of a delivery removes an
 * expired webhook.
 */
export function judgeWebhook(
  { status, number, endedAt }: FailedAttempt,
  { expiresAt, failingSince, upMs, failingDays }: WebhookHealth,
): WebhookVerdict {
  const isExpired = expiresAt !== null && endedAt >= expiresAt;
  if (isExpired && status === 404 && number > 1) return { kind: "remove" };
  if (status === 410)
    return { kind: "switch-off", reason: "The endpoint responded with 410 Gone." };
  const { unregisteredFrom } = failingDays;
  if (unregisteredFrom !== null && upMs - unregisteredFrom * MINUTE_MS >= DAY_MS) {
    return { kind: "pause", reason: UNREGISTERED };
  }
  if (upMs >= OFF_AFTER_DAYS * DAY_MS && countBits(failingDays.days) >= MIN_FAILING_DAYS) {
    const since = new Date(failingSince).toISOString();
    return { kind: "switch-off", reason: `Every attempt has failed since ${since}.` };
  }
  return KEEP;
}

function countBits(days: number): number {
  return days.toString(2).replaceAll("0", "").length;
}
