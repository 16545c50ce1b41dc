/** Converts a client's webhook request to the stored form. */
import type { ClientCertificate } from "../../domain/client-certificate.ts";
import type { EventKind } from "../../domain/event.ts";
import { DEFAULT_RETRIES } from "../../domain/retry.ts";
import {
  DEFAULT_TIMEOUT_MS,
  knownRatePerSecond,
  NOTHING_SEALED,
  tlsPart,
  toIdentity,
  withSecret,
  type Sealed,
} from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { NewWebhook, StoredWebhook, WebhookPatch } from "../../ports/store/webhooks.ts";
import { checkHttps, checkNotExpired } from "./check-certificate.ts";
import type { SealedContents } from "./sealed-contents.ts";

/** Fields left out keep their value; those of a new webhook get their default. */
export interface WebhookRequest {
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly on?: readonly EventKind[] | null | undefined;
  readonly retries?: number | undefined;
  readonly plugins?: readonly string[] | null | undefined;
  readonly jobName?: string | null | undefined;
  readonly timeoutMs?: number | undefined;
  readonly verifyTls?: boolean | undefined;
  /** Null removes it. */
  readonly clientCertificate?: ClientCertificate | null | undefined;
  readonly ratePerSecond?: number | null | undefined;
  readonly expiresAt?: number | null | undefined;
  readonly secret?: string | undefined;
}

interface RequestDeps {
  readonly sealedContents: SealedContents;
  readonly clock: Pick<Clock, "now">;
}

export function toNewWebhook(
  request: WebhookRequest & { id: string; url: string; secret: string },
  { sealedContents, clock }: RequestDeps,
): NewWebhook {
  const { id, url, secret, on = null, plugins = null, jobName = null } = request;
  const { headers = {}, ratePerSecond = knownRatePerSecond(url) } = request;
  const { verifyTls, clientCertificate } = request;
  if (clientCertificate) {
    checkNotExpired(clientCertificate, clock.now());
    checkHttps(url);
  }
  return {
    id,
    identity: toIdentity({ url, on, plugins, jobName }),
    url,
    sealed: toSealed(
      { ...NOTHING_SEALED, headers, secret, ...tlsPart({ verifyTls, clientCertificate }) },
      id,
      sealedContents,
    ),
    on,
    retries: request.retries ?? DEFAULT_RETRIES,
    plugins,
    jobName,
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ratePerSecond,
    expiresAt: request.expiresAt ?? null,
    createdAt: clock.now(),
  };
}

export function toWebhookPatch(
  webhook: StoredWebhook,
  request: WebhookRequest,
  { sealedContents, clock }: RequestDeps,
): WebhookPatch {
  const { headers, secret, verifyTls, clientCertificate, ...plain } = request;
  const given = Object.fromEntries(
    Object.entries(plain).filter(([, value]) => value !== undefined),
  ) as Partial<StoredWebhook>;
  const before = sealedContents.open(webhook.sealed, webhook.id);
  const {
    verifyTls: _,
    clientCertificate: __,
    ...others
  } = secret === undefined ? before : withSecret(before, secret, clock.now());
  if (clientCertificate) checkNotExpired(clientCertificate, clock.now());
  const certificate =
    clientCertificate === undefined ? before.clientCertificate : clientCertificate;
  if (certificate) checkHttps(request.url ?? webhook.url);
  const contents = {
    ...others,
    headers: headers ?? before.headers,
    ...tlsPart({ verifyTls: verifyTls ?? before.verifyTls, clientCertificate: certificate }),
  };
  const isSame = JSON.stringify(contents) === JSON.stringify(before);
  const identity = toIdentity({ ...webhook, ...given });
  return {
    ...toHostRate(webhook, given),
    ...given,
    ...(isSame ? {} : { sealed: toSealed(contents, webhook.id, sealedContents) }),
    // An older daemon could store two webhooks with one identity. Both can still be changed.
    ...(identity === toIdentity(webhook) ? {} : { identity }),
  };
}

/** Never null: a persistent webhook always has a secret. */
export function toSealed(
  contents: Sealed,
  webhookId: string,
  { seal }: Pick<SealedContents, "seal">,
): string {
  return seal(contents, webhookId) ?? "";
}

/** A new URL replaces the rate limit of the old host, but not one that a client chose. */
function toHostRate(
  { url: before, ratePerSecond }: StoredWebhook,
  { url }: Partial<StoredWebhook>,
): Pick<WebhookPatch, "ratePerSecond"> {
  const isHostRate = url !== undefined && ratePerSecond === knownRatePerSecond(before);
  return isHostRate ? { ratePerSecond: knownRatePerSecond(url) } : {};
}
