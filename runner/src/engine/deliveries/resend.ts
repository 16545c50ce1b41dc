/** Sends deliveries again when a person asks for it. */
import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { StoredDestination } from "../../ports/store/destinations.ts";
import type { Store } from "../../ports/store/store.ts";
import type { StoredWebhook } from "../../ports/store/webhooks.ts";

export interface ResendDeps {
  readonly store: Pick<
    Store,
    "recoverDeliveries" | "redeliver" | "webhook" | "delivery" | "destination"
  >;
  readonly clock: Pick<Clock, "now">;
  /** Called when the destination's pause has ended and deliveries can have become due. */
  readonly onResume: (destination: number) => void;
}

/** The most deliveries that one call makes due; `more` says that another call is needed. */
const RECOVER_LIMIT = 10_000;

/**
 * Makes the deliveries due again that a persistent webhook has not accepted since the instant. Throws
 * `Refused`: WEBHOOK_NOT_FOUND, WEBHOOK_OFF.
 */
export async function recoverWebhook(
  id: string,
  since: number,
  deps: ResendDeps,
): Promise<{ recovered: number; more: boolean }> {
  const webhook = await findUsable(id, deps.store);
  return recover({ key: id, number: webhook.destination }, since, deps);
}

/**
 * Makes the deliveries due again that were given up at one destination since the instant. Throws
 * `Refused`: DESTINATION_NOT_FOUND, WEBHOOK_OFF.
 */
export async function recoverDestination(
  id: string,
  since: number,
  deps: ResendDeps,
): Promise<{ recovered: number; more: boolean }> {
  const destination = await deps.store.destination(id);
  if (destination === null)
    throw new Refused("DESTINATION_NOT_FOUND", `There is no destination "${id}".`);
  if (destination.isPersistent) await findUsable(destination.key, deps.store);
  return recover(destination, since, deps);
}

async function findUsable(id: string, store: Pick<Store, "webhook">): Promise<StoredWebhook> {
  const webhook = await store.webhook(id);
  if (webhook === null) throw new Refused("WEBHOOK_NOT_FOUND", `There is no webhook "${id}".`);
  if (webhook.state === "off") {
    throw new Refused(
      "WEBHOOK_OFF",
      `Webhook "${id}" is off. Switch it on first with PATCH /v1/webhooks/${id} and {"state": "active"}.`,
    );
  }
  return webhook;
}

async function recover(
  { key, number }: Pick<StoredDestination, "key" | "number">,
  since: number,
  { store, clock, onResume }: ResendDeps,
): Promise<{ recovered: number; more: boolean }> {
  const request = { destination: key, since, limit: RECOVER_LIMIT, now: clock.now() };
  const recovered = await store.recoverDeliveries(request);
  onResume(number);
  return recovered;
}

/** Makes one delivery due again. Throws `Refused`: DELIVERY_NOT_FOUND, DELIVERY_NOT_RESENDABLE. */
export async function redeliver(id: string, { store, clock, onResume }: ResendDeps): Promise<void> {
  const delivery = await store.delivery(id);
  if (delivery === null) {
    throw new Refused("DELIVERY_NOT_FOUND", `There is no delivery "${id}".`);
  }
  if (!(await store.redeliver(id, { now: clock.now() }))) {
    throw new Refused(
      "DELIVERY_NOT_RESENDABLE",
      `Delivery "${id}" cannot be sent again now: it is being sent, or it waits for an earlier event of its job.`,
    );
  }
  onResume(delivery.destination);
}
