/** A persistent webhook's secrets, identity and known rate limit. Pure. */
import type { ClientCertificate } from "./client-certificate.ts";
import { EVENT_KINDS, type EventKind } from "./event.ts";

/** After a rotation the previous secret signs for this long as well. */
export const ROTATION_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_TIMEOUT_MS = 30_000;
export const MAX_TIMEOUT_MS = 300_000;

/** Make responds with 429 above 300 requests in 10 s. This rate stays below that, bursts included. */
const MAKE_RATE_PER_SECOND = 25;

/** The part of a webhook that is encrypted in the store. */
export interface Sealed {
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | null;
  readonly previous: { readonly secret: string; readonly until: number } | null;
  /** False: the endpoint's certificate is not checked. Left out otherwise. */
  readonly verifyTls?: false;
  /** Of a persistent webhook. Left out without one. */
  readonly clientCertificate?: ClientCertificate;
}

export const NOTHING_SEALED: Sealed = { headers: {}, secret: null, previous: null };

/** What `Sealed` has of what a request says about TLS. */
export function tlsPart({
  verifyTls,
  clientCertificate,
}: {
  readonly verifyTls?: boolean | undefined;
  readonly clientCertificate?: ClientCertificate | null | undefined;
}): Pick<Sealed, "verifyTls" | "clientCertificate"> {
  return {
    ...(verifyTls === false && { verifyTls }),
    ...(clientCertificate && { clientCertificate }),
  };
}

/** The secrets that sign at `now`, the newest first. */
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
 * Webhooks with the same URL and filter have the same identity, and are registered once. Naming all
 * kinds equals naming none. The identity is stored, so a change of its format needs a migration.
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

/** Removes duplicates and sorts. */
function toSet(names: readonly string[] | null): readonly string[] | null {
  return names === null ? null : [...new Set(names)].toSorted();
}

/** The rate limit of a known host, in attempts a second; null for other hosts. */
export function knownRatePerSecond(url: string): number | null {
  const { hostname } = new URL(url);
  return /(^|\.)make\.com$/.test(hostname) ? MAKE_RATE_PER_SECOND : null;
}
