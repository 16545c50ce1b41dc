import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { BadSetting, ownCommand, toEnvName, type Settings } from "../config.ts";
import { databasePath } from "../startup/database-path.ts";

/** The absolute path of the argument FILE. Throws `BadSetting` when none was given. */
export function requireFile(command: string, argument: string | null): string {
  if (argument !== null) return resolve(argument);
  throw new BadSetting(`${command} needs a file: ${ownCommand()} ${command} FILE`);
}

/** The database in the data folder. Throws `BadSetting` when none is there. */
export function requireDatabase(settings: Settings): string {
  const database = databasePath(settings);
  if (existsSync(database)) return database;
  throw new BadSetting(
    `${toEnvName("dataDir")} is "${settings.dataDir}", and ${database} is not there: --data-dir names another folder.`,
  );
}

/** Throws `BadSetting` when nothing is there. */
export function requireExisting(file: string): string {
  if (existsSync(file)) return file;
  throw new BadSetting(`FILE is "${file}": it must be a backup, and nothing is there.`);
}
