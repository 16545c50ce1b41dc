import { showCertificate } from "../../domain/client-certificate.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import type { StoredWebhook } from "../../ports/store/webhooks.ts";
import { createLoop, type Loop } from "../loop.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";

const DAY_MS = 24 * 60 * 60_000;
const SOON_MS = 14 * DAY_MS;
const PAGE_SIZE = 100;

export interface CertificateLoop extends Loop {
  /** The webhooks whose certificate had expired at the last look, or was to expire soon. */
  old(): readonly WebhookCertificate[];
}

export interface WebhookCertificate {
  readonly webhookId: string;
  /** The webhook's sealed contents at the look. */
  readonly sealed: string | null;
  readonly validUntil: number;
}

/** Looks once a day for webhooks whose client certificate has expired or will soon, and warns of them. */
export function createCertificateLoop(deps: {
  readonly store: Pick<Store, "webhooks">;
  readonly sealedContents: Pick<SealedContents, "open">;
  readonly clock: Clock;
  readonly log: Log;
}): CertificateLoop {
  const { store, sealedContents, clock, log } = deps;
  let old: readonly WebhookCertificate[] = [];

  function look(webhook: StoredWebhook): WebhookCertificate[] {
    try {
      return lookInside(webhook);
    } catch (error) {
      // Its deliveries fail for the same reason. It keeps no other webhook from being looked at.
      log.error({ webhookId: webhook.id, err: error }, "webhook.certificate-unreadable");
      return [];
    }
  }

  function lookInside({ id: webhookId, url, sealed }: StoredWebhook): WebhookCertificate[] {
    const { clientCertificate } = sealedContents.open(sealed, webhookId);
    if (clientCertificate === undefined) return [];
    const { validUntil, subject } = showCertificate(clientCertificate);
    const leftMs = validUntil - clock.now();
    if (leftMs > SOON_MS) return [];
    const fields = { webhookId, url, subject, validUntil: new Date(validUntil).toISOString() };
    log.warn(
      fields,
      leftMs < 0 ? "webhook.certificate-expired" : "webhook.certificate-expires-soon",
    );
    return [{ webhookId, sealed, validUntil }];
  }

  async function tick(): Promise<number> {
    const found: WebhookCertificate[] = [];
    let cursor: string | null = null;
    do {
      const page = await store.webhooks({ limit: PAGE_SIZE, cursor });
      found.push(...page.items.flatMap(look));
      cursor = page.nextCursor;
    } while (cursor !== null);
    old = found;
    return DAY_MS;
  }

  return { ...createLoop({ name: "certificates", tick, clock, log }), old: () => old };
}
