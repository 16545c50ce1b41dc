import type { FastifyInstance } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { toJsonText } from "../../domain/json-text.ts";
import { didYouMean } from "../../domain/nearest.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import { getPlugin, listPlugins } from "../contract/plugins.ts";
import { mount, sendJson } from "../mount.ts";
import { pluginView } from "../views/plugin.ts";

export function registerPlugins(
  app: FastifyInstance,
  catalog: Pick<PluginCatalog, "list" | "get">,
): void {
  mount(app, listPlugins, async (_, reply) =>
    sendJson(reply, toJsonText({ items: catalog.list().map(pluginView), nextCursor: null })),
  );

  mount(app, getPlugin, async ({ params }, reply) => {
    const plugin = catalog.get(params.name);
    if (plugin === null) {
      const names = catalog.list().map(({ name }) => name);
      const hint = didYouMean(params.name, names);
      throw new Refused("PLUGIN_NOT_FOUND", `There is no plugin "${params.name}".${hint}`);
    }
    return sendJson(reply, toJsonText(pluginView(plugin)));
  });
}
