import { join, resolve } from "node:path";
import type { Settings } from "../config.ts";

/** The path of the daemon's database. */
export function databasePath({ dataDir }: Pick<Settings, "dataDir">): string {
  return join(resolve(dataDir), "playground.db");
}
