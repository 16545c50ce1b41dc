import type { Log } from "../ports/log.ts";
import { createBrokenLog } from "../pool/catalog/log-broken.ts";
import type { ReadyPlugin } from "../ports/plugin-catalog.ts";
import type { PluginListeners } from "./open-plugins.ts";

/** Logs what happens to the plugins and to the processes that run them. */
export function logPlugins(
  log: Log,
  onLoaded: PluginListeners["onLoaded"] = () => {},
): PluginListeners {
  const logChange = createBrokenLog(log);
  const loaded: ReadyPlugin[] = [];
  return {
    onError: (error) => log.error({ err: error }, "plugins.not-read"),
    onOverLimit: (dir, limit) => log.warn({ dir, limit }, "plugins.too-many-files"),
    onLoaded(plugin) {
      loaded.push(plugin);
      onLoaded(plugin);
    },
    onChange: (plugins) => logChange(plugins, loaded.splice(0)),
    onExecutorEnd: (end) => log.error({ ...end }, "executor.ended"),
    onExecutorOutput: (text) => log.warn({ text }, "executor.printed"),
    onExecutorDrain: (drain) => log.warn({ ...drain }, "executor.drained"),
  };
}
