import type { Log } from "../../ports/log.ts";
import type { PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";

/** Returns a function that logs which plugins were loaded, which are newly broken or work again, and their new warnings. */
export function createBrokenLog(
  log: Pick<Log, "info" | "warn">,
): (plugins: readonly PluginInfo[], loaded?: readonly ReadyPlugin[]) => void {
  let before: ReadonlyMap<string, string> = new Map();
  const unavailable = new Set<string>();
  let warnedBefore: ReadonlyMap<string, string> = new Map();
  return (plugins, loaded = []) => {
    for (const { source, name, version } of loaded) {
      // That it works again is logged below.
      if (!before.has(source)) log.info({ file: source, plugin: name, version }, "plugin.loaded");
    }
    const broken = new Map<string, string>();
    const warned = new Map<string, string>();
    for (const plugin of plugins) {
      const { source, name } = plugin;
      if (source === "built-in") {
        // Its library is not installed, which an operator may want.
        if (plugin.status === "broken" && !unavailable.has(name)) {
          log.info({ plugin: name, error: plugin.error }, "plugin.unavailable");
          unavailable.add(name);
        }
        continue;
      }
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
