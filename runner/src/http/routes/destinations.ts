import type { FastifyInstance } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { toJsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { StoredDestination } from "../../ports/store/destinations.ts";
import type { Paged } from "../../ports/store/page.ts";
import type { Store } from "../../ports/store/store.ts";
import {
  getDestination,
  listDestinations,
  recoverDestination,
  type Destination,
} from "../contract/destinations.ts";
import { mount, sendJson } from "../mount.ts";
import { destinationView } from "../views/destination.ts";

export interface DestinationsDeps {
  readonly engine: Pick<Engine, "recoverDestination" | "holdOf" | "stats">;
  readonly reads: Pick<Store, "destination" | "destinationByKey" | "destinations">;
}

export function registerDestinations(
  app: FastifyInstance,
  { engine, reads }: DestinationsDeps,
): void {
  async function view(found: readonly StoredDestination[]): Promise<Destination[]> {
    const hours = await engine.stats.destinations(found.map(({ number }) => number));
    return found.map((each) =>
      destinationView(each, { hold: engine.holdOf(each.health), hours: hours.get(each.number) }),
    );
  }

  async function onlyThatOf(webhookId: string): Promise<Paged<StoredDestination>> {
    const found = await reads.destinationByKey(webhookId);
    return { items: found?.isPersistent === true ? [found] : [], nextCursor: null };
  }

  mount(app, getDestination, async ({ params: { id } }, reply) => {
    const found = await reads.destination(id);
    if (found === null) {
      throw new Refused("DESTINATION_NOT_FOUND", `There is no destination "${id}".`);
    }
    const [shown] = await view([found]);
    return sendJson(reply, toJsonText(shown));
  });

  mount(app, listDestinations, async ({ query }, reply) => {
    const { limit, cursor = null, webhookId } = query;
    const { items, nextCursor } =
      webhookId === undefined
        ? await reads.destinations({ limit, cursor })
        : await onlyThatOf(webhookId);
    const views = await view(items);
    return sendJson(reply, toJsonText({ items: views, nextCursor }));
  });

  mount(app, recoverDestination, async ({ params, body }, reply) => {
    const done = await engine.recoverDestination(params.id, Date.parse(body.since));
    return sendJson(reply, toJsonText(done));
  });
}
