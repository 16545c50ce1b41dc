import type { FastifyInstance } from "fastify";
import { toJsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Store } from "../../ports/store/store.ts";
import { listDestinations, recoverDestination } from "../contract/destinations.ts";
import { mount, sendJson } from "../mount.ts";
import { destinationView } from "../views/destination.ts";

export interface DestinationsDeps {
  readonly engine: Pick<Engine, "recoverDestination" | "holdOf">;
  readonly reads: Pick<Store, "destinations">;
}

export function registerDestinations(
  app: FastifyInstance,
  { engine, reads }: DestinationsDeps,
): void {
  mount(app, listDestinations, async ({ query }, reply) => {
    const { limit, cursor = null } = query;
    const { items, nextCursor } = await reads.destinations({ limit, cursor });
    const views = items.map((each) => destinationView(each, engine.holdOf));
    return sendJson(reply, toJsonText({ items: views, nextCursor }));
  });

  mount(app, recoverDestination, async ({ params, body }, reply) => {
    const done = await engine.recoverDestination(params.id, Date.parse(body.since));
    return sendJson(reply, toJsonText(done));
  });
}
