import type { PluginInfo } from "../../ports/plugin-catalog.ts";
import type { Plugin } from "../contract/plugins.ts";

const UNKNOWN = {
  version: null,
  description: null,
  inputSchema: null,
  optionsSchema: null,
  outputSchema: null,
  example: null,
  timeoutMs: null,
  retry: null,
  limits: null,
  secrets: [],
  env: [],
  warnings: [],
};

/** Ready and broken plugins have the same keys. */
export function pluginView(plugin: PluginInfo): Plugin {
  return plugin.status === "ready"
    ? {
        ...plugin,
        limits: plugin.limits && {
          ...plugin.limits,
          maxQueued: plugin.limits.maxQueued ?? null,
        },
        secrets: [...plugin.secrets],
        env: [...plugin.env],
        warnings: [...plugin.warnings],
        error: null,
      }
    : { ...UNKNOWN, ...plugin };
}

/** A plugin of which only its name is known here. */
export function elsewhereView(name: string): Plugin {
  return { ...UNKNOWN, name, status: "elsewhere", source: "another daemon", error: null };
}
