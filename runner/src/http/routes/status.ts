import type { FastifyInstance } from "fastify";
import { toJsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Limit } from "../../engine/status/read-status.ts";
import { getPluginStats, getStats } from "../contract/stats.ts";
import { getStatus } from "../contract/status.ts";
import { mount, sendJson } from "../mount.ts";
import { pluginStatsView, statsView } from "../views/stats.ts";
import { statusView } from "../views/status.ts";

export interface StatusRoutesDeps {
  readonly engine: Pick<Engine, "status" | "stats">;
  readonly notReady: () => readonly string[];
  /** The limits of the HTTP server. */
  readonly limits: () => readonly Limit[];
}

export function registerStatus(app: FastifyInstance, deps: StatusRoutesDeps): void {
  const { engine, notReady, limits } = deps;

  mount(app, getStatus, async (_, reply) => {
    const view = statusView(await engine.status(), { notReady: notReady(), limits: limits() });
    return sendJson(reply, toJsonText(view));
  });

  mount(app, getStats, async ({ query }, reply) =>
    sendJson(reply, toJsonText(statsView(await engine.stats.points(query.minutes)))),
  );

  mount(app, getPluginStats, async ({ query }, reply) =>
    sendJson(reply, toJsonText(pluginStatsView(await engine.stats.plugins(query.hours)))),
  );
}
