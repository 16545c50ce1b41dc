/** Decides when a failed attempt switches a persistent webhook off, or removes it. Pure. */
import type { Answer } from "./delivery.ts";

/** A webhook is switched off when every attempt has failed for this long (Svix does the same). */
export const OFF_AFTER_MS = 5 * 24 * 60 * 60 * 1000;

export type WebhookVerdict =
  | { readonly kind: "keep" }
  /** `reason` is stored with the webhook and shown to users. */
  | { readonly kind: "switch-off"; readonly reason: string }
  | { readonly kind: "remove" };

export interface FailedAttempt {
  readonly answer: Answer;
  /** 1 for the first attempt of its delivery. */
  readonly number: number;
  /** Whether the delivery was given up with this attempt. */
  readonly isGivenUp: boolean;
}

const KEEP: WebhookVerdict = { kind: "keep" };

/**
 * A 410 switches off. Five days of failures switch off only when a delivery is given up: when events are
 * rare, two attempts that fail days apart are no outage. A 404 to the second or a later attempt of a
 * delivery removes an expired webhook.
 */
export function judgeWebhook(
  { answer, number, isGivenUp }: FailedAttempt,
  webhook: { readonly expiresAt: number | null; readonly failingSince: number | null },
  now: number,
): WebhookVerdict {
  const { expiresAt, failingSince } = webhook;
  const status = answer.kind === "answered" ? answer.status : null;
  const isExpired = expiresAt !== null && now >= expiresAt;
  if (isExpired && status === 404 && number > 1) return { kind: "remove" };
  if (status === 410)
    return { kind: "switch-off", reason: "The endpoint responded with 410 Gone." };
  if (isGivenUp && failingSince !== null && now - failingSince >= OFF_AFTER_MS) {
    const since = new Date(failingSince).toISOString();
    return { kind: "switch-off", reason: `Every attempt has failed since ${since}.` };
  }
  return KEEP;
}
