import type { FastifyInstance } from "fastify";
import { Refused } from "../../domain/errors.ts";
import type { DeliveryFilter, StoreReads } from "../../ports/store.ts";
import { getDelivery, listDeliveries } from "../contract/deliveries.ts";
import { mount, sendJson } from "../mount.ts";
import { deliverySummaryText, deliveryText } from "../views/delivery.ts";
import { pageText } from "../views/json-fields.ts";

export function registerDeliveries(
  app: FastifyInstance,
  reads: Pick<StoreReads, "delivery" | "deliveries">,
): void {
  mount(app, listDeliveries, async ({ query }, reply) => {
    const { limit, cursor = null, ...filter } = query;
    const page = await reads.deliveries(filter as DeliveryFilter, { limit, cursor });
    return sendJson(reply, pageText(page, deliverySummaryText));
  });

  mount(app, getDelivery, async ({ params }, reply) => {
    const delivery = await reads.delivery(params.id);
    if (delivery === null) {
      throw new Refused("DELIVERY_NOT_FOUND", `There is no delivery "${params.id}".`);
    }
    return sendJson(reply, deliveryText(delivery));
  });
}
