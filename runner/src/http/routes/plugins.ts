import type { FastifyInstance } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { toJsonText } from "../../domain/json-text.ts";
import { didYouMean } from "../../domain/nearest.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import { getPlugin, listPlugins } from "../contract/plugins.ts";
import { mount, sendJson } from "../mount.ts";
import { elsewhereView, pluginView } from "../views/plugin.ts";
import type { Plugin } from "../contract/plugins.ts";
import type { Engine } from "../../engine/engine.ts";

export function registerPlugins(
  app: FastifyInstance,
  {
    engine,
    catalog,
  }: {
    readonly engine: Pick<Engine, "pluginsElsewhere">;
    readonly catalog: Pick<PluginCatalog, "list">;
  },
): void {
  function list(): readonly Plugin[] {
    const own = catalog.list();
    const names = new Set(own.map(({ name }) => name));
    const others = engine.pluginsElsewhere().filter((name) => !names.has(name));
    return [...own.map(pluginView), ...others.map(elsewhereView)].toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  mount(app, listPlugins, async (_, reply) =>
    sendJson(reply, toJsonText({ items: list(), nextCursor: null })),
  );

  mount(app, getPlugin, async ({ params }, reply) => {
    const plugins = list();
    const plugin = plugins.find(({ name }) => name === params.name);
    if (plugin === undefined) {
      const names = plugins.map(({ name }) => name);
      const hint = didYouMean(params.name, names);
      throw new Refused("PLUGIN_NOT_FOUND", `There is no plugin "${params.name}".${hint}`);
    }
    return sendJson(reply, toJsonText(plugin));
  });
}
