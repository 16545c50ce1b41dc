import type { WebhookVerdict } from "../../domain/webhook-health.ts";
import type { Log } from "../../ports/log.ts";

/** Logs that a failed attempt switched a persistent webhook off, paused it or removed it. */
export function reportVerdict(webhookId: string, verdict: WebhookVerdict, log: Log): void {
  switch (verdict.kind) {
    case "keep":
      return;
    case "remove":
      log.info({ webhookId }, "webhook.removed-after-expiry");
      return;
    case "switch-off":
      log.warn({ webhookId, reason: verdict.reason }, "webhook.switched-off");
      return;
    case "pause":
      log.warn({ webhookId, reason: verdict.reason }, "webhook.paused");
  }
}
