import type { Failure } from "../../domain/errors.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";

export interface PluginFailure extends Failure {
  readonly code: "PLUGIN_NOT_FOUND" | "PLUGIN_BROKEN";
}

/** Why the plugin cannot run now in this daemon. Null if it can. */
export function whyUnavailable(
  catalog: Pick<PluginCatalog, "get">,
  name: string,
): PluginFailure | null {
  const plugin = catalog.get(name);
  if (plugin === null) {
    return { code: "PLUGIN_NOT_FOUND", message: `There is no plugin "${name}".` };
  }
  if (plugin.status === "ready") return null;
  const message = `Plugin "${name}" could not be loaded: ${plugin.error}`;
  return { code: "PLUGIN_BROKEN", message };
}
