/**
 * Where the daemon stores the plugins that it knows. A restarted daemon then accepts jobs of a plugin that is broken
 * at the moment. On SQLite, it and the command line agree which of two files has a name. On PostgreSQL, daemons
 * store over one another: what is known is what one of them knew last.
 */
import { existsSync } from "node:fs";
import type { Settings } from "../config.ts";
import type { KnownPlugin } from "../pool/catalog/known-plugins.ts";
import type { Store } from "../ports/store/store.ts";
import { openReader } from "../store/sqlite/connection.ts";
import { prepareReadMeta } from "../store/sqlite/reads/meta.ts";
import { databasePath } from "./database-path.ts";

const KEY = "known-plugins";

export interface PluginMemory {
  /** Never rejects. */
  knownBefore(): Promise<readonly KnownPlugin[]>;
  onKnown?(known: readonly KnownPlugin[]): void;
}

/** For the daemon, which opens its store while it reads the plugins. */
export function createPluginMemory(
  opening: Promise<{ readonly store: Pick<Store, "meta" | "setMeta"> }>,
  onError: (error: unknown) => void,
): PluginMemory {
  let store: Pick<Store, "meta" | "setMeta"> | null = null;
  let stored: string | null = null;
  return {
    async knownBefore() {
      try {
        ({ store } = await opening);
        stored = await store.meta(KEY);
        return parse(stored);
      } catch {
        return []; // Without a store the daemon does not start.
      }
    },
    onKnown(known) {
      const text = JSON.stringify(known);
      if (text === stored) return;
      stored = text;
      store?.setMeta(KEY, text).catch((error: unknown) => {
        stored = null;
        onError(error);
      });
    },
  };
}

/** For commands: reads what the daemon of the data folder has stored, and stores nothing. Of a daemon on PostgreSQL it knows nothing. */
export function readPluginMemory(
  settings: Pick<Settings, "dataDir" | "databaseUrl">,
  onError: (error: unknown) => void,
): PluginMemory {
  return {
    async knownBefore() {
      const path = databasePath(settings);
      if (settings.databaseUrl !== undefined || !existsSync(path)) return [];
      try {
        const db = openReader(path);
        try {
          return parse(await prepareReadMeta(db)(KEY));
        } finally {
          db.close();
        }
      } catch (error) {
        onError(error);
        return [];
      }
    },
  };
}

function parse(text: string | null): readonly KnownPlugin[] {
  const found: unknown = text === null ? [] : JSON.parse(text);
  return Array.isArray(found) ? found.filter(isKnownPlugin) : [];
}

/** Another version can have stored something else. */
function isKnownPlugin(found: Partial<KnownPlugin> | null): found is KnownPlugin {
  const { plugin, lostAt } = found ?? {};
  if (lostAt !== null && typeof lostAt !== "number") return false;
  return typeof plugin?.name === "string" && typeof plugin.source === "string";
}
