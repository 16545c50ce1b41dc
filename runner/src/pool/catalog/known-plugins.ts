import type { PluginInfo, ReadyPlugin } from "../../ports/plugin-catalog.ts";

/** A plugin as it was when it was last ready. */
export interface KnownPlugin {
  readonly plugin: ReadyPlugin;
  /** When it was first found not to be ready. Null while it is ready. */
  readonly lostAt: number | null;
}

/** Remembers plugins as they were last ready: for a time after that has ended, and while their file is broken. */
export interface KnownPlugins {
  /** Call it with all plugins each time that they have changed. */
  update(plugins: readonly PluginInfo[]): void;
  /** Null when the plugin was not ready within the time. */
  get(name: string): ReadyPlugin | null;
  /** The name that the file last had. Null if it is not known. */
  nameOf(source: string): string | null;
  all(): readonly KnownPlugin[];
}

export function createKnownPlugins(
  before: readonly KnownPlugin[],
  { rememberMs, now }: { rememberMs: number; now: () => number },
): KnownPlugins {
  const known = new Map(before.map((each) => [each.plugin.name, each]));
  const isRecent = ({ lostAt }: KnownPlugin): boolean =>
    lostAt === null || now() < lostAt + rememberMs;

  return {
    update(plugins) {
      const ready = new Set<string>();
      const broken = new Set<string>();
      for (const plugin of plugins) {
        if (plugin.status === "broken") broken.add(plugin.source);
        else {
          ready.add(plugin.name);
          known.set(plugin.name, { plugin, lostAt: null });
        }
      }
      for (const [name, entry] of known) {
        if (ready.has(name)) continue;
        // The clock can have been set back since the plugin was lost.
        const lostAt = Math.min(entry.lostAt ?? now(), now());
        known.set(name, { ...entry, lostAt });
        if (!isRecent({ ...entry, lostAt }) && !broken.has(entry.plugin.source)) known.delete(name);
      }
    },
    get(name) {
      const entry = known.get(name);
      return entry !== undefined && isRecent(entry) ? entry.plugin : null;
    },
    nameOf(source) {
      let last: KnownPlugin | null = null;
      for (const entry of known.values()) {
        if (entry.plugin.source !== source) continue;
        if (last === null || lostLater(entry, last)) last = entry;
      }
      return last?.plugin.name ?? null;
    },
    all: () => [...known.values()],
  };
}

function lostLater(a: KnownPlugin, b: KnownPlugin): boolean {
  return (a.lostAt ?? Infinity) > (b.lostAt ?? Infinity);
}
