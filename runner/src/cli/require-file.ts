import { existsSync } from "node:fs";
import { BadSetting, toEnvName, type Settings } from "../config.ts";
import { databasePath } from "../startup/database-path.ts";

/** The path of the database in the data folder. Throws `BadSetting` when there is none. */
export function requireDatabase(settings: Settings): string {
  const database = databasePath(settings);
  if (existsSync(database)) return database;
  throw new BadSetting(
    `${toEnvName("dataDir")} is "${settings.dataDir}": it must be a folder with a database, but ${database} does not exist. Use --data-dir to name another folder.`,
  );
}

/** Throws `BadSetting` when the file does not exist. */
export function requireExisting(file: string, what = "a backup"): string {
  if (existsSync(file)) return file;
  throw new BadSetting(`FILE is "${file}": it must be ${what}, but it does not exist.`);
}
