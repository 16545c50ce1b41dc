import type { WebhookVerdict } from "../../domain/webhook-health.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";

/** Switches the webhook off or removes it, as the verdict says. */
export async function applyWebhookVerdict(
  webhookId: string,
  verdict: WebhookVerdict,
  {
    store,
    log,
    now,
  }: { store: Pick<Store, "updateWebhook" | "removeWebhook">; log: Log; now: number },
): Promise<void> {
  switch (verdict.kind) {
    case "keep":
      return;
    case "remove":
      await store.removeWebhook(webhookId);
      log.info({ webhookId }, "webhook.removed-after-expiry");
      return;
    case "switch-off": {
      const { reason } = verdict;
      await store.updateWebhook(webhookId, { state: "off", reason }, { now });
      log.warn({ webhookId, reason }, "webhook.switched-off");
    }
  }
}
