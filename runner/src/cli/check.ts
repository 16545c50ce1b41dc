import { resolve } from "node:path";
import { checkDatabase } from "../store/sqlite/check-database.ts";
import { describeDatabase } from "./describe-database.ts";
import { parseCommand } from "./parse-command.ts";
import { requireDatabase, requireExisting } from "./require-file.ts";

/** Checks the database or a backup, and prints what is wrong. The exit code is 1 when something is. */
export async function check(args: readonly string[]): Promise<number> {
  const { argument, settings } = parseCommand(args, { flags: {}, takesArgument: true });
  const database =
    argument === null ? requireDatabase(settings) : requireExisting(resolve(argument));
  const { schemaVersion, holds, broken } = checkDatabase(database);
  const lines = [
    `${database}, schema version ${schemaVersion}`,
    ...holds.map((sentence) => `ok      ${sentence}`),
    ...broken.flatMap(({ holds: sentence, told }) => [
      `BROKEN  ${sentence}, but:`,
      ...told.map((each) => `          ${each}`),
    ]),
    broken.length === 0
      ? `Everything is in order: ${await describeDatabase(database)}.`
      : `${broken.length} of ${holds.length + broken.length} checks failed. First keep a copy of the data folder. Then you can restore a backup.`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return broken.length === 0 ? 0 : 1;
}
