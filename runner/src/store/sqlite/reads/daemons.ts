import type { DatabaseSync } from "node:sqlite";
import type { StoredDaemon } from "../../../ports/store/upkeep.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { parsePluginNames } from "../../shared/plugin-names.ts";
import { prepare } from "../statement.ts";

export function prepareReadDaemons(db: DatabaseSync): StoreReads["daemons"] {
  const find = prepare<Omit<StoredDaemon, "plugins"> & { plugins: string }>(
    db,
    `SELECT owner, until, host, process_id AS processId, version, started_at AS startedAt, threads, plugins
     FROM daemons WHERE owner > '' ORDER BY owner LIMIT 100`,
  );
  return async () => find.all().map((row) => ({ ...row, plugins: parsePluginNames(row.plugins) }));
}
