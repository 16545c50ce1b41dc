/** Decides when a failed attempt switches a persistent webhook off, or removes it. Pure. */

const DAY_MS = 24 * 60 * 60 * 1000;
/** A webhook is switched off when every attempt has failed for this many days (Svix does the same). */
const OFF_AFTER_DAYS = 5;
/** On how many of those days an attempt must have failed. When events are rare, two bad hours are no outage. */
const MIN_FAILING_DAYS = 4;

export type WebhookVerdict =
  | { readonly kind: "keep" }
  /** `reason` is stored with the webhook and shown to users. */
  | { readonly kind: "switch-off"; readonly reason: string }
  | { readonly kind: "remove" };

/** The days with failed attempts since the last success. */
export interface FailingDays {
  /** The last one: 0 is the day that began with the first failure. */
  readonly last: number;
  /** A bit for each of the five days that end with `last`, which is the lowest bit. */
  readonly days: number;
}

export interface FailedAttempt {
  readonly status: number | null;
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

const KEEP: WebhookVerdict = { kind: "keep" };

/** `upMs` is how long the daemon was up since the first failure. */
export function addFailingDay({ last, days }: FailingDays, upMs: number): FailingDays {
  const today = Math.floor(upMs / DAY_MS);
  // A clock that was set back must not shift the days.
  if (today <= last) return { last, days: days | 1 };
  const passed = Math.min(OFF_AFTER_DAYS, today - last);
  return { last: today, days: ((days << passed) | 1) & (2 ** OFF_AFTER_DAYS - 1) };
}

/**
 * A 410 switches off. So do five days in which the daemon was up without a success, with failed
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
  if (upMs >= OFF_AFTER_DAYS * DAY_MS && countBits(failingDays.days) >= MIN_FAILING_DAYS) {
    const since = new Date(failingSince).toISOString();
    return { kind: "switch-off", reason: `Every attempt has failed since ${since}.` };
  }
  return KEEP;
}

function countBits(days: number): number {
  return days.toString(2).replaceAll("0", "").length;
}
