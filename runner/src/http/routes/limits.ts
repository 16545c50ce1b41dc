import type { FastifyInstance } from "fastify";
import type { LimitOverride } from "../../domain/plugin-limits.ts";
import type { Engine } from "../../engine/engine.ts";
import {
  getLimit,
  listLimits,
  overrideLimit,
  pauseLimit,
  resetLimit,
  resumeLimit,
} from "../contract/limits.ts";
import { mount } from "../mount.ts";
import { limitView } from "../views/limit.ts";

export function registerLimits(
  app: FastifyInstance,
  { engine }: { readonly engine: Pick<Engine, "limits"> },
): void {
  const { limits } = engine;

  mount(app, listLimits, async () => ({ limits: (await limits.list()).map(limitView) }));

  mount(app, getLimit, async ({ params }) => limitView(await limits.get(params.name)));

  mount(app, overrideLimit, async ({ params, body, caller }) =>
    // Fields that are left out of the body are not there.
    limitView(await limits.override(params.name, body as LimitOverride, caller?.name ?? null)),
  );

  mount(app, resetLimit, async ({ params, caller }) =>
    limitView(await limits.reset(params.name, caller?.name ?? null)),
  );

  mount(app, pauseLimit, async ({ params, body, caller }) => {
    const { key = null, until, forMs = null } = body;
    const instant = until === undefined ? null : Date.parse(until);
    const request = { key, until: instant, forMs };
    return limitView(await limits.pause(params.name, request, caller?.name ?? null));
  });

  mount(app, resumeLimit, async ({ params, body, caller }) =>
    limitView(await limits.resume(params.name, body.key ?? null, caller?.name ?? null)),
  );
}
