import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isKeyOf } from "../secrets/check-vault.ts";
import { BadSetting, type Settings } from "../config.ts";
import { copyContents, linkContents } from "../files/copy-contents.ts";
import { contentsPath } from "../startup/contents-path.ts";
import { databasePath } from "../startup/database-path.ts";
import { openReader } from "../store/sqlite/connection.ts";
import { createReads } from "../store/sqlite/reads.ts";
import { listContents } from "../store/sqlite/list-contents.ts";
import { restoreDatabase } from "../store/sqlite/restore-database.ts";
import { createVault, loadVaultKey } from "../secrets/vault.ts";
import { backedUpContents } from "./backed-up-contents.ts";
import { CommandFailed } from "./command-failed.ts";
import { describeDatabase } from "./describe-database.ts";
import type { Given } from "./command-contract.ts";
import type { restore as contract } from "./contract/daemon.ts";
import { refusePostgres } from "./refuse-postgres.ts";
import { requireExisting } from "./require-file.ts";

const OWNER_ONLY = 0o700;

/** Restores a backup into the data folder. The daemon must not be running. */
export async function restore(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  refusePostgres("restore", settings);
  const file = requireExisting(resolve(given.arguments.FILE));
  const database = databasePath(settings);
  if (existsSync(database) && !given.flags.force) {
    throw new BadSetting(
      `The data folder "${settings.dataDir}" already contains a database. Choose another folder with PLAYGROUND_DATA_DIR, or use --force to rename the database.`,
    );
  }
  await mkdir(dirname(database), { recursive: true, mode: OWNER_ONLY });
  const contents = contentsPath(settings);
  // Before the database: a file must never be without its content.
  await restoreContents(file, contents, given.flags.partial);
  const kept = await restoreDatabase(file, database, { now: new Date() });
  const keptLine = kept === null ? "" : await keepContents(kept, contents);
  process.stdout.write(`Restored ${file} to ${database}, and checked it.
${keptLine}It contains ${await describeDatabase(database)}.
${await toKeyLine(settings, database)}
At the next start the daemon runs the jobs that were queued or running, repeats steps that had not
completed, and sends the pending deliveries. Deliveries made after the backup can be sent again with
the same webhook-id. Jobs submitted after the backup are not in it.
`);
  return 0;
}

/** Copies the backup's contents into the data folder. Throws `CommandFailed` if some are missing. */
async function restoreContents(
  file: string,
  contents: string,
  allowMissing: boolean,
): Promise<void> {
  const listed = listContents(file);
  const { missing } = await copyContents(listed, backedUpContents(file), contents);
  if (missing.length === 0) return;
  const what = `${missing.length} of the ${listed.length} contents of its files are missing or damaged in ${backedUpContents(file)}, such as ${missing[0]}.`;
  if (allowMissing) return void process.stderr.write(`Warning: ${what}\n`);
  throw new CommandFailed(
    1,
    `The backup is not complete: ${what} Put that folder beside the backup, or use --partial to restore the rest.`,
  );
}

/** The daemon removes contents that its own database does not know, so the previous one gets links to its. */
async function keepContents(kept: string, contents: string): Promise<string> {
  const line = `The previous database was renamed to ${kept}.\n`;
  const listed = listContents(kept);
  if (listed.length === 0) return line;
  await linkContents(listed, contents, backedUpContents(kept));
  return `${line}The contents of its files are also in ${backedUpContents(kept)}.\n`;
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
