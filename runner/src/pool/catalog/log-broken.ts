import type { Log } from "../../ports/log.ts";
import type { PluginInfo } from "../../ports/plugin-catalog.ts";

/** Logs, of the plugins as they are at each call, those that broke or break otherwise, and those that were mended. */
export function createBrokenLog(
  log: Pick<Log, "info" | "warn">,
): (plugins: readonly PluginInfo[]) => void {
  let before: ReadonlyMap<string, string> = new Map();
  return (plugins) => {
    const broken = new Map<string, string>();
    for (const plugin of plugins) {
      const { source, name } = plugin;
      if (plugin.status === "broken") {
        const { error } = plugin;
        broken.set(source, error);
        if (before.get(source) !== error) log.warn({ file: source, error }, "plugin.broken");
      } else if (before.has(source)) {
        log.info({ file: source, plugin: name }, "plugin.mended");
      }
    }
    before = broken;
  };
}
