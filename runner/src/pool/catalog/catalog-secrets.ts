import type { PluginInfo } from "../../ports/plugin-catalog.ts";
import type { PluginSecrets } from "../../ports/plugin-secrets.ts";
import type { ImportedFile } from "../messages.ts";
import { stampFiles } from "./stamps.ts";

/** The secrets of the catalog's plugins, as they were when the plugins were last read. */
export interface CatalogSecrets extends Pick<PluginSecrets, "find"> {
  refresh(names: readonly string[]): Promise<void>;
  /** The files that hold them. */
  files(): readonly ImportedFile[];
  /** The plugin, broken if it misses a secret. */
  check(info: PluginInfo): PluginInfo;
}

const NONE: PluginSecrets = {
  filesOf: () => [],
  load: async () => {},
  find: (names) =>
    names.length === 0 ? { values: {} } : { error: `The secret ${names[0]} is missing.` },
};

export function createCatalogSecrets(secrets: PluginSecrets = NONE): CatalogSecrets {
  let files: readonly ImportedFile[] = [];
  return {
    find: (names) => secrets.find(names),
    files: () => files,
    async refresh(names) {
      // Before the content is read: a change that comes then has another stamp.
      files = await stampFiles(secrets.filesOf(names));
      await secrets.load(names);
    },
    check(info) {
      if (info.status === "broken") return info;
      const found = secrets.find(info.secrets);
      if (!("error" in found)) return info;
      return { name: info.name, source: info.source, status: "broken", error: found.error };
    },
  };
}
