import { existsSync, statSync } from "node:fs";
import { BadSetting, type Settings } from "../config.ts";
import { copyDatabase } from "../store/sqlite/copy-database.ts";
import { describeDatabase } from "./describe-database.ts";
import { parseCommand } from "./parse-command.ts";
import { requireDatabase, requireFile } from "./require-file.ts";

/** Copies the database into one file. The daemon can be running. */
export async function backup(args: readonly string[]): Promise<number> {
  const { argument, flags, settings } = parseCommand(args, {
    flags: { force: "boolean" },
    takesArgument: true,
  });
  const file = requireFile("backup", argument);
  const database = requireDatabase(settings);
  if (file === database) throw new BadSetting(`FILE is "${file}": it must not be the database.`);
  if (existsSync(file) && !flags.force) {
    throw new BadSetting(
      `FILE is "${file}", which already exists. Choose another file, or use --force to replace it.`,
    );
  }
  await copyDatabase(database, file).catch((error: unknown) => {
    throw cannotWrite(error, file);
  });
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  process.stdout.write(`Backed up ${database} to ${file}, ${megabytes} MB, and checked the copy.
It contains ${await describeDatabase(file)}.
The backup does not contain the following. Back it up too:
  ${toKeyLine(settings)}
  ${toTokenLine(settings)}
  your plugins in ${settings.pluginsDir}, and the files that jobs use, if you need them
`);
  return 0;
}

function toKeyLine({ secretKey, secretKeyFile, dataDir }: Settings): string {
  const where =
    secretKey !== undefined && secretKeyFile === undefined
      ? "PLAYGROUND_SECRET_KEY"
      : `the file ${secretKeyFile ?? `${dataDir}/secret-key`}`;
  return `${where}: the key that encrypts webhook secrets and headers; no daemon can open the backup without it`;
}

function toTokenLine({ token, tokenFile, dataDir }: Settings): string {
  const where =
    token !== undefined && tokenFile === undefined
      ? "PLAYGROUND_TOKEN"
      : `the file ${tokenFile ?? `${dataDir}/token`}`;
  return `${where}, and ${dataDir}/tokens.json if you added tokens: the tokens that clients use`;
}

/** Explains an error of the file system. Other errors are returned unchanged. */
function cannotWrite(error: unknown, file: string): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const right = "a file in a folder that you can write to";
  return new BadSetting(`FILE is "${file}": it must be ${right} (${message}).`, { cause: error });
}
