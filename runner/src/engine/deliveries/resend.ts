/** Deliveries that are sent again by hand. */
import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store } from "../../ports/store/store.ts";

export interface ResendDeps {
  readonly store: Pick<Store, "recoverDeliveries" | "redeliver" | "webhook" | "delivery">;
  readonly clock: Pick<Clock, "now">;
  /** The destination's hold is over, and deliveries may have become due. */
  readonly onResume: (destination: number) => void;
}

/** Deliveries that one call makes due at most: `more` tells to call again. */
const RECOVER_LIMIT = 10_000;

/**
 * Sends a persistent webhook again what it failed to take since the instant. Throws `Refused`:
 * WEBHOOK_NOT_FOUND, WEBHOOK_OFF.
 */
export async function recoverWebhook(
  id: string,
  since: number,
  { store, clock, onResume }: ResendDeps,
): Promise<{ recovered: number; more: boolean }> {
  const webhook = await store.webhook(id);
  if (webhook === null) throw new Refused("WEBHOOK_NOT_FOUND", `There is no webhook "${id}".`);
  if (webhook.state === "off") {
    throw new Refused(
      "WEBHOOK_OFF",
      `Webhook "${id}" is off. Switch it on first: PATCH /v1/webhooks/${id} with {"state": "active"}.`,
    );
  }
  const request = { webhookId: id, since, limit: RECOVER_LIMIT, now: clock.now() };
  const done = await store.recoverDeliveries(request);
  onResume(webhook.destination);
  return done;
}

/** Sends one again. Throws `Refused`: DELIVERY_NOT_FOUND, DELIVERY_NOT_RESENDABLE. */
export async function redeliver(id: string, { store, clock, onResume }: ResendDeps): Promise<void> {
  const delivery = await store.delivery(id);
  if (delivery === null) {
    throw new Refused("DELIVERY_NOT_FOUND", `There is no delivery "${id}".`);
  }
  if (!(await store.redeliver(id, { now: clock.now() }))) {
    throw new Refused(
      "DELIVERY_NOT_RESENDABLE",
      `Delivery "${id}" is being sent now, or waits behind an earlier event of its job.`,
    );
  }
  onResume(delivery.destination);
}
