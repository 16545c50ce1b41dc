import type { Log } from "../../ports/log.ts";
import type { PluginInfo } from "../../ports/plugin-catalog.ts";

/** Returns a function that logs which plugins are newly broken, which work again, and their new warnings. */
export function createBrokenLog(
  log: Pick<Log, "info" | "warn">,
): (plugins: readonly PluginInfo[]) => void {
  let before: ReadonlyMap<string, string> = new Map();
  let warnedBefore: ReadonlyMap<string, string> = new Map();
  return (plugins) => {
    const broken = new Map<string, string>();
    const warned = new Map<string, string>();
    for (const plugin of plugins) {
      const { source, name } = plugin;
      if (plugin.status === "broken") {
        const { error } = plugin;
        broken.set(source, error);
        if (before.get(source) !== error) log.warn({ file: source, error }, "plugin.broken");
        continue;
      }
      if (before.has(source)) log.info({ file: source, plugin: name }, "plugin.works-again");
      const { warnings } = plugin;
      if (warnings.length === 0) continue;
      const text = warnings.join("\n");
      warned.set(source, text);
      if (warnedBefore.get(source) === text) continue;
      log.warn({ file: source, plugin: name, warnings }, "plugin.has-warnings");
    }
    before = broken;
    warnedBefore = warned;
  };
}
