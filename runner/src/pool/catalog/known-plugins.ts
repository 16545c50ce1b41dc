import type { PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";

/** Remembers plugins as they were when they were last ready, for a time after they have stopped being so. */
export interface KnownPlugins {
  /** Call it with all plugins each time that they have changed. */
  update(plugins: readonly PluginInfo[]): void;
  get(name: string): ReadyPlugin | null;
}

export function createKnownPlugins(
  rememberMs: number,
  now = () => performance.now(),
): KnownPlugins {
  const known = new Map<string, { readonly plugin: ReadyPlugin; readonly until: number }>();
  return {
    update(plugins) {
      const ready = new Set<string>();
      for (const plugin of plugins) {
        if (plugin.status !== "ready") continue;
        ready.add(plugin.name);
        known.set(plugin.name, { plugin, until: Number.POSITIVE_INFINITY });
      }
      for (const [name, { plugin, until }] of known) {
        if (ready.has(name)) continue;
        if (until === Number.POSITIVE_INFINITY)
          known.set(name, { plugin, until: now() + rememberMs });
        else if (until <= now()) known.delete(name);
      }
    },
    get(name) {
      const entry = known.get(name);
      return entry === undefined || entry.until <= now() ? null : entry.plugin;
    },
  };
}
