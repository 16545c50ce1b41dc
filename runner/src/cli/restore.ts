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

/** Restores a backup into the data folder. The daemon must not be running. */
export async function restore(args: readonly string[]): Promise<number> {
  const { argument, flags, settings } = parseCommand(args, {
    flags: { force: "boolean" },
    takesArgument: true,
  });
  const file = requireExisting(requireFile("restore", argument));
  const database = databasePath(settings);
  if (existsSync(database) && !flags.force) {
    throw new BadSetting(
      `The data folder "${settings.dataDir}" already contains a database. Choose another folder with PLAYGROUND_DATA_DIR, or use --force to rename the database.`,
    );
  }
  await mkdir(dirname(database), { recursive: true, mode: OWNER_ONLY });
  const kept = await restoreDatabase(file, database, { now: new Date() });
  const keptLine = kept === null ? "" : `The previous database was renamed to ${kept}.\n`;
  process.stdout.write(`Restored ${file} to ${database}, and checked it.
${keptLine}It contains ${await describeDatabase(database)}.
${await toKeyLine(settings, database)}
At the next start the daemon runs the jobs that were queued or running, repeats steps that had not
completed, and sends the pending deliveries. Deliveries made after the backup can be sent again with
the same webhook-id. Jobs submitted after the backup are not in it.
`);
  return 0;
}

/** Reports a missing or wrong key now, before a daemon fails to start with it. */
async function toKeyLine(settings: Settings, database: string): Promise<string> {
  const keyFile = join(dirname(database), "secret-key");
  if (settings.secretKey === undefined && !existsSync(keyFile)) {
    return `Before you start a daemon, copy the key that belongs to the backup to ${keyFile}, or set PLAYGROUND_SECRET_KEY. No daemon can open the database without it.`;
  }
  const vault = createVault(await loadVaultKey(dirname(database), settings.secretKey));
  const db = openReader(database);
  try {
    if (await isKeyOf(createReads(db), vault)) return "The existing key opens it.";
  } finally {
    db.close();
  }
  const given = settings.secretKeyFile ?? "PLAYGROUND_SECRET_KEY";
  const where = settings.secretKey === undefined ? keyFile : given;
  return `Before you start a daemon, put the right key into ${where}: the current key cannot decrypt the database.`;
}
