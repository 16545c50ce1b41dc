import { resolve } from "node:path";
import { checkDatabase } from "../store/sqlite/check-database.ts";
import { describeDatabase } from "./describe-database.ts";
import { parseCommand } from "./parse-command.ts";
import { requireDatabase, requireExisting } from "./require-file.ts";

const OLDER =
  "An earlier version of Playground wrote this database. Only the file and its references are checked. The next start upgrades it.";

/** Checks the database or a backup, and prints what is wrong. The exit code is 1 when something is. */
export async function check(args: readonly string[]): Promise<number> {
  const { argument, settings } = parseCommand(args, { flags: {}, takesArgument: true });
  const database =
    argument === null ? requireDatabase(settings) : requireExisting(resolve(argument));
  const { schemaVersion, isOlder, passed, broken } = checkDatabase(database);
  const lines = [
    `${database}, schema version ${schemaVersion}`,
    ...(isOlder ? [OLDER] : []),
    ...passed.map((sentence) => `ok      ${sentence}`),
    ...broken.flatMap(({ sentence, problems }) => [
      `BROKEN  ${sentence}, but:`,
      ...problems.map((problem) => `          ${problem}`),
    ]),
    broken.length === 0
      ? `No problems found: ${await describeDatabase(database)}.`
      : `${broken.length} of ${passed.length + broken.length} checks failed. First keep a copy of the data folder. Then you can restore a backup.`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return broken.length === 0 ? 0 : 1;
}
