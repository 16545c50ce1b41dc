import type { FastifyInstance, FastifyReply } from "fastify";
import { Refused } from "../../domain/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import type { DeliveryFilter } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import { getDelivery, listDeliveries, redeliver } from "../contract/deliveries.ts";
import { mount, sendJson } from "../mount.ts";
import { deliverySummaryText, deliveryText } from "../views/delivery.ts";
import { pageText } from "../views/json-fields.ts";

export interface DeliveriesDeps {
  readonly engine: Pick<Engine, "redeliver" | "holdOf">;
  readonly reads: Pick<Store, "delivery" | "deliveries">;
}

export function registerDeliveries(app: FastifyInstance, { engine, reads }: DeliveriesDeps): void {
  async function sendDelivery(id: string, reply: FastifyReply): Promise<FastifyReply> {
    const delivery = await reads.delivery(id);
    if (delivery === null) {
      throw new Refused("DELIVERY_NOT_FOUND", `There is no delivery "${id}".`);
    }
    return sendJson(reply, deliveryText(delivery, engine.holdOf));
  }

  mount(app, listDeliveries, async ({ query }, reply) => {
    const { limit, cursor = null, ...filter } = query;
    const page = await reads.deliveries(filter as DeliveryFilter, { limit, cursor });
    return sendJson(
      reply,
      pageText(page, (each) => deliverySummaryText(each, engine.holdOf)),
    );
  });

  mount(app, getDelivery, async ({ params }, reply) => sendDelivery(params.id, reply));

  mount(app, redeliver, async ({ params }, reply) => {
    await engine.redeliver(params.id);
    return sendDelivery(
      params.id,
      reply.code(202).header("location", `/v1/deliveries/${params.id}`),
    );
  });
}
