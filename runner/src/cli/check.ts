import { resolve } from "node:path";
import { checkDatabase } from "../store/sqlite/check-database.ts";
import { describeDatabase } from "./describe-database.ts";
import { parseCommand } from "./parse-command.ts";
import { requireDatabase, requireExisting } from "./require-file.ts";

/** Reads the database, or a backup, and tells what is wrong with it; 1 when something is. */
export async function check(args: readonly string[]): Promise<number> {
  const { argument, settings } = parseCommand(args, { flags: {}, takesArgument: true });
  const database =
    argument === null ? requireDatabase(settings) : requireExisting(resolve(argument));
  const { schemaVersion, holds, broken } = checkDatabase(database);
  const lines = [
    `${database}, schema version ${schemaVersion}`,
    ...holds.map((sentence) => `ok      ${sentence}`),
    ...broken.flatMap(({ holds: sentence, told }) => [
      `BROKEN  ${sentence}; but:`,
      ...told.map((each) => `          ${each}`),
    ]),
    broken.length === 0
      ? `All is well: ${await describeDatabase(database)}.`
      : `${broken.length} of ${holds.length + broken.length} do not hold. Keep a copy of the data folder before anything else; a backup can be restored.`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return broken.length === 0 ? 0 : 1;
}
