import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { BadSetting, ownCommand, toEnvName, type Settings } from "../config.ts";
import { databasePath } from "../startup/database-path.ts";

export interface FileArguments {
  /** Absolute; null when none was given. */
  readonly file: string | null;
  readonly force: boolean;
  /** The settings' flags. */
  readonly rest: readonly string[];
}

/** Splits `[FILE] [--force] [settings]`. */
export function splitFileArguments(args: readonly string[]): FileArguments {
  const [first, ...others] = args;
  const hasFile = first !== undefined && !first.startsWith("-");
  const flags = hasFile ? others : args;
  return {
    file: hasFile ? resolve(first) : null,
    force: flags.includes("--force"),
    rest: flags.filter((flag) => flag !== "--force"),
  };
}

/** The same, with a file. Throws `BadSetting` without one. */
export function requireFile(
  command: string,
  args: readonly string[],
): FileArguments & { readonly file: string } {
  const { file, ...others } = splitFileArguments(args);
  if (file === null) {
    throw new BadSetting(`${command} needs a file first: ${ownCommand()} ${command} FILE`);
  }
  return { file, ...others };
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
export function requireThere(file: string): string {
  if (existsSync(file)) return file;
  throw new BadSetting(`FILE is "${file}": it must be a backup, and nothing is there.`);
}
