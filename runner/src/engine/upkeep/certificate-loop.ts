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

/** Warns once a day of webhooks whose client certificate has expired or will soon. */
export function createCertificateLoop(deps: {
  readonly store: Pick<Store, "webhooks">;
  readonly sealedContents: Pick<SealedContents, "open">;
  readonly clock: Clock;
  readonly log: Log;
}): Loop {
  const { store, sealedContents, clock, log } = deps;

  function look(webhook: StoredWebhook): void {
    try {
      warnIfOld(webhook);
    } catch (error) {
      // Its deliveries fail for the same reason. It keeps no other webhook from being looked at.
      log.error({ webhookId: webhook.id, err: error }, "webhook.certificate-unreadable");
    }
  }

  function warnIfOld({ id: webhookId, url, sealed }: StoredWebhook): void {
    const { clientCertificate } = sealedContents.open(sealed, webhookId);
    if (clientCertificate === undefined) return;
    const { validUntil, subject } = showCertificate(clientCertificate);
    const leftMs = validUntil - clock.now();
    if (leftMs > SOON_MS) return;
    const fields = { webhookId, url, subject, validUntil: new Date(validUntil).toISOString() };
    log.warn(
      fields,
      leftMs < 0 ? "webhook.certificate-expired" : "webhook.certificate-expires-soon",
    );
  }

  async function tick(): Promise<number> {
    let cursor: string | null = null;
    do {
      const page = await store.webhooks({ limit: PAGE_SIZE, cursor });
      for (const webhook of page.items) look(webhook);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return DAY_MS;
  }

  return createLoop({ name: "certificates", tick, clock, log });
}
