/** Sends deliveries again when a person asks for it. */
import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { StoredDelivery } from "../../ports/store/deliveries.ts";
import type { StoredDestination } from "../../ports/store/destinations.ts";
import type { Store } from "../../ports/store/store.ts";
import type { StoredWebhook } from "../../ports/store/webhooks.ts";
import { payloadsRemoved } from "../../domain/payloads-removed.ts";
import type { Messages } from "../bus/messages.ts";

export interface ResendDeps {
  readonly store: Pick<
    Store,
    "recoverDeliveries" | "redeliver" | "webhook" | "delivery" | "destination"
  >;
  readonly clock: Pick<Clock, "now">;
  readonly messages: Pick<Messages, "publish">;
}

/** The most deliveries that one call makes due; `more` says that another call is needed. */
const RECOVER_LIMIT = 10_000;
/** Deliveries of one transaction. More would make other changes wait for it. */
const SLICE_SIZE = 200;

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
  if (webhook.state === "off") throw isOff(id);
  return webhook;
}

function isOff(id: string): Refused {
  return new Refused(
    "WEBHOOK_OFF",
    `Webhook "${id}" is off. Switch it on first with PATCH /v1/webhooks/${id} and {"state": "active"}.`,
  );
}

async function recover(
  { key, number }: Pick<StoredDestination, "key" | "number">,
  since: number,
  { store, clock, messages }: ResendDeps,
): Promise<{ recovered: number; more: boolean }> {
  const request = { destination: key, since, limit: SLICE_SIZE, now: clock.now() };
  let recovered = 0;
  let more = true;
  while (more && recovered < RECOVER_LIMIT) {
    const slice = await store.recoverDeliveries(request);
    recovered += slice.recovered;
    more = slice.more;
  }
  messages.publish({ kind: "resumed", destination: number });
  return { recovered, more };
}

/**
 * Makes one delivery due again. Throws `Refused`: DELIVERY_NOT_FOUND, WEBHOOK_OFF,
 * DELIVERY_NOT_RESENDABLE, PAYLOADS_REMOVED.
 */
export async function redeliver(id: string, { store, clock, messages }: ResendDeps): Promise<void> {
  const delivery = await find(id, store);
  if (!(await store.redeliver(id, { now: clock.now() }))) {
    // The delivery may have changed since it was read.
    const { webhookId, payloadsRemovedAt: at } = await find(id, store);
    const webhook = await store.webhook(webhookId);
    if (webhook?.state === "off") throw isOff(webhook.id);
    if (at !== null) throw payloadsRemoved(`the event of delivery "${id}"`, at);
    throw new Refused(
      "DELIVERY_NOT_RESENDABLE",
      `Delivery "${id}" cannot be sent again now: it is being sent, it waits for an earlier event of its job, or its webhook was deleted.`,
    );
  }
  messages.publish({ kind: "resumed", destination: delivery.destination });
}

async function find(id: string, store: Pick<Store, "delivery">): Promise<StoredDelivery> {
  const delivery = await store.delivery(id);
  if (delivery !== null) return delivery;
  throw new Refused("DELIVERY_NOT_FOUND", `There is no delivery "${id}".`);
}
