/** What a persistent webhook is, apart from where it is stored. Pure. */
import { EVENT_KINDS, type EventKind } from "./event.ts";

/** How long the secret before a rotation still signs beside the new one. */
export const ROTATION_MS = 24 * 60 * 60 * 1000;
/** A webhook whose every attempt failed for so long is switched off (as Svix does). */
export const OFF_AFTER_MS = 5 * 24 * 60 * 60 * 1000;
export const DEFAULT_TIMEOUT_MS = 30_000;
export const MAX_TIMEOUT_MS = 300_000;

/** Make answers 429 above 300 requests in 10 s; this stays below it, bursts included. */
const MAKE_RATE_PER_SECOND = 25;

/** What lies sealed in the store. */
export interface Sealed {
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | null;
  readonly previous: { readonly secret: string; readonly until: number } | null;
}

export const NOTHING_SEALED: Sealed = { headers: {}, secret: null, previous: null };

/** The secrets that sign now, the newest first. */
export function signingSecrets(sealed: Sealed, now: number): readonly string[] {
  const { secret, previous } = sealed;
  if (secret === null) return [];
  return previous !== null && now < previous.until ? [secret, previous.secret] : [secret];
}

export function withSecret(sealed: Sealed, secret: string, now: number): Sealed {
  if (secret === sealed.secret) return sealed;
  const previous =
    sealed.secret === null ? null : { secret: sealed.secret, until: now + ROTATION_MS };
  return { ...sealed, secret, previous };
}

/**
 * What makes two registrations the same one: where the events go, and which. All kinds are the same
 * as none named. Stored: whatever changes here needs a migration.
 */
export function toIdentity(webhook: {
  readonly url: string;
  readonly on: readonly EventKind[] | null;
  readonly plugins: readonly string[] | null;
  readonly jobName: string | null;
}): string {
  const { url, plugins, jobName } = webhook;
  const kinds = toSet(webhook.on);
  const on = kinds?.length === EVENT_KINDS.length ? null : kinds;
  return JSON.stringify([url, on, toSet(plugins), jobName]);
}

/** Each once, in one order. */
function toSet(names: readonly string[] | null): readonly string[] | null {
  return names === null ? null : [...new Set(names)].toSorted();
}

/** Attempts a second that an endpoint is known to take; null when nothing is known. */
export function knownRatePerSecond(url: string): number | null {
  const { hostname } = new URL(url);
  return /(^|\.)make\.com$/.test(hostname) ? MAKE_RATE_PER_SECOND : null;
}
