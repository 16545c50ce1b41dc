import type { Log } from "../../ports/log.ts";
import type { PluginInfo } from "../../ports/plugin-catalog.ts";

/** Returns a function that logs which plugins are newly broken, or broken in a new way, and which work again. */
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
