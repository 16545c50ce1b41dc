import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BadSetting } from "../config.ts";
import { copyContents, removeOtherContents } from "../files/copy-contents.ts";
import { syncFolder } from "../files/sync-folder.ts";
import { contentsPath } from "../startup/contents-path.ts";
import { copyDatabase } from "../store/sqlite/copy-database.ts";
import type { ListedContent } from "../store/shared/database-report.ts";
import { listContents } from "../store/sqlite/list-contents.ts";
import { bringFromBucket } from "./bucket-contents.ts";
import { backedUpContents } from "./backed-up-contents.ts";
import { cannotWrite } from "./cannot-write.ts";
import { describeDatabase } from "./describe-database.ts";
import type { Given } from "./command-contract.ts";
import type { backup as contract } from "./contract/daemon.ts";
import { refusePostgres } from "./refuse-postgres.ts";
import { requireDatabase } from "./require-file.ts";
import { toRestLines } from "./rest-of-backup.ts";

const MAX_ATTEMPTS = 3;

interface From {
  readonly database: string;
  /** The folder of the contents of files. */
  readonly contents: string;
  /** Copies contents that are only in a bucket into the folder. */
  readonly bring: (contents: readonly ListedContent[]) => Promise<void>;
}

/** Copies the database into one file, and the contents of its files into a folder beside it. The daemon can be running. */
export async function backup(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  const file = resolve(given.arguments.FILE);
  refusePostgres("backup", settings);
  const database = requireDatabase(settings);
  if (file === database) throw new BadSetting(`FILE is "${file}": it must not be the database.`);
  if (existsSync(file) && !given.flags.force) {
    throw new BadSetting(
      `FILE is "${file}", which already exists. Choose another file, or use --force to replace it.`,
    );
  }
  const bring: From["bring"] = (listed) => bringFromBucket(listed, settings);
  const missing = await copyAll({ database, contents: contentsPath(settings), bring }, file).catch(
    (error: unknown) => {
      throw cannotWrite(error, file);
    },
  );
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  process.stdout.write(`Backed up ${database} to ${file}, ${megabytes} MB, and checked the copy.
It contains ${await describeDatabase(file)}.
${toFilesLine(file, missing)}The backup does not contain the following. Back it up too:
${toRestLines(settings)}
`);
  return missing.length === 0 ? 0 : 1;
}

/**
 * Copies the database, then the contents of its files. A file can be deleted in between, and its content
 * with it: then both are copied again. Returns the contents that are missing. A backup that is replaced
 * stays whole until the new one is, and what only the old one had is removed after it.
 */
async function copyAll(from: From, file: string): Promise<readonly string[]> {
  const copy = `${file}.${randomUUID()}`;
  const copyOfContents = backedUpContents(file);
  try {
    const missing = await copyBoth(from, copy, copyOfContents);
    await rename(copy, file);
    await syncFolder(dirname(file));
    await removeOtherContents(listContents(file), copyOfContents);
    return missing;
  } catch (error) {
    await rm(copy, { force: true });
    throw error;
  }
}

async function copyBoth(
  from: From,
  copy: string,
  copyOfContents: string,
): Promise<readonly string[]> {
  let missing: readonly string[] = [];
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    await copyDatabase(from.database, copy);
    await from.bring(listContents(copy));
    ({ missing } = await copyContents(listContents(copy), from.contents, copyOfContents));
    if (missing.length === 0) break;
  }
  return missing;
}

function toFilesLine(file: string, missing: readonly string[]): string {
  const { length } = listContents(file);
  if (length === 0) return "";
  const line = `The contents of its files are in ${backedUpContents(file)}, which belongs to the backup.\n`;
  if (missing.length === 0) return line;
  return `${line}WARNING: ${missing.length} of ${length} contents are missing in the data folder, such as ${missing[0]}.\n`;
}
