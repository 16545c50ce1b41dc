import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isKeyOf } from "../secrets/check-vault.ts";
import { BadSetting, type Settings } from "../config.ts";
import { databasePath } from "../startup/database-path.ts";
import { openReader } from "../store/sqlite/connection.ts";
import { createReads } from "../store/sqlite/reads.ts";
import { restoreDatabase } from "../store/sqlite/restore-database.ts";
import { createVault, loadVaultKey } from "../secrets/vault.ts";
import { describeDatabase } from "./describe-database.ts";
import { parseCommand } from "./parse-command.ts";
import { requireExisting, requireFile } from "./require-file.ts";

const OWNER_ONLY = 0o700;

/** Puts a backup into the data folder, which no daemon may have open. */
export async function restore(args: readonly string[]): Promise<number> {
  const { argument, flags, settings } = parseCommand(args, {
    flags: { force: "boolean" },
    takesArgument: true,
  });
  const file = requireExisting(requireFile("restore", argument));
  const database = databasePath(settings);
  if (existsSync(database) && !flags.force) {
    const right = "a folder without one; --force keeps that one aside";
    throw new BadSetting(
      `PLAYGROUND_DATA_DIR is "${settings.dataDir}", where a database is: it must be ${right}.`,
    );
  }
  await mkdir(dirname(database), { recursive: true, mode: OWNER_ONLY });
  const kept = await restoreDatabase(file, database, { now: new Date() });
  const keptLine = kept === null ? "" : `The database that was there is kept as ${kept}.\n`;
  process.stdout.write(`Restored ${file} to ${database}, and checked it.
${keptLine}It holds ${await describeDatabase(database)}.
${await toKeyLine(settings, database)}
At the next start the jobs that were queued or running are run, a step that was under way once more,
and what was still to be delivered is sent. What was delivered since the backup was made may be sent
again, with the webhook-id it had; jobs that came since then are not in it.
`);
  return 0;
}

/** A wrong key is better told now than by a daemon that does not start. */
async function toKeyLine(settings: Settings, database: string): Promise<string> {
  const keyFile = join(dirname(database), "secret-key");
  if (settings.secretKey === undefined && !existsSync(keyFile)) {
    return `Before the start, put the key that was kept with it to ${keyFile}, or set PLAYGROUND_SECRET_KEY: no daemon opens it without.`;
  }
  const vault = createVault(await loadVaultKey(dirname(database), settings.secretKey));
  const db = openReader(database);
  try {
    if (await isKeyOf(createReads(db), vault)) return "The key that is there opens it.";
  } finally {
    db.close();
  }
  const where = settings.secretKey === undefined ? keyFile : "PLAYGROUND_SECRET_KEY";
  return `Before the start, put the right key back: that of ${where} does not open it.`;
}
