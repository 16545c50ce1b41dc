import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { BadSetting, type Settings } from "../../config.ts";
import { isWhole } from "../../files/copy-contents.ts";
import { createLocalContents } from "../../files/local-contents.ts";
import { syncFolder } from "../../files/sync-folder.ts";
import { sealedCheck } from "../../secrets/check-vault.ts";
import { contentsPath } from "../../startup/contents-path.ts";
import type { ListedContent } from "../../store/shared/database-report.ts";
import type { TransferSource } from "../../store/shared/transfer/database-transfer.ts";
import {
  FORMAT,
  TABLE_NAMES,
  tableOf,
  type TableName,
} from "../../store/shared/transfer/tables.ts";
import { VERSION } from "../../version.ts";
import { toSize } from "../amounts.ts";
import { bringFromBucket } from "../bucket-contents.ts";
import { CommandFailed } from "../command-failed.ts";
import type { Given } from "../command-contract.ts";
import type { exportData as contract } from "../contract/daemon.ts";
import { cannotWrite } from "../cannot-write.ts";
import { toRestLines } from "../rest-of-backup.ts";
import { KIND, type Header } from "./archive.ts";
import { describeRows, type RowCounts } from "./describe-rows.ts";
import { withSource } from "./open-source.ts";
import { showProgress, type Progress } from "./progress.ts";
import { writeArchive, type ArchiveWriter } from "./write-archive.ts";

const MAX_ATTEMPTS = 3;
const OWNER_ONLY = 0o600;
const PROGRESS_ROWS = 1_000;

interface Exported {
  readonly rows: RowCounts;
  readonly contents: number;
  readonly missing: readonly string[];
  /** Whether a daemon used the database. */
  readonly isInUse: boolean;
}

/** Writes the database and the contents of its files into one file, from which either store can be filled. */
export async function exportData(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  const file = resolve(given.arguments.FILE);
  if (existsSync(file) && !given.flags.force) {
    throw new BadSetting(
      `FILE is "${file}", which already exists. Choose another file, or use --force to replace it.`,
    );
  }
  const exported = await writeFile(settings, file).catch((error: unknown) => {
    throw cannotWrite(error, file);
  });
  const { rows, contents, missing, isInUse } = exported;
  const bytes = statSync(file).size;
  process.stdout.write(
    given.flags.json
      ? `${JSON.stringify({ file, bytes, rows, contents, missing, daemonWasUp: isInUse })}\n`
      : toText(exported, { settings, file, bytes }),
  );
  return missing.length === 0 ? 0 : 1;
}

/** The file gets its name when it is whole and on disk. Only its owner can read it. */
async function writeFile(settings: Settings, file: string): Promise<Exported> {
  const part = `${file}.${randomUUID()}.part`;
  const progress = showProgress("Exported");
  try {
    const exported = await tryToWrite(settings, part, progress);
    await rename(part, file);
    await syncFolder(dirname(file));
    return exported;
  } finally {
    progress.end();
    await rm(part, { force: true });
  }
}

/** While a daemon runs, a file can be deleted after the snapshot was made, and its content with it. */
async function tryToWrite(settings: Settings, part: string, progress: Progress): Promise<Exported> {
  for (let attempt = 1; ; attempt += 1) {
    const exported = await withSource(settings, (source) =>
      writeAll(source, { settings, part, progress }),
    );
    if (exported.missing.length === 0 || !exported.isInUse) return exported;
    if (attempt === MAX_ATTEMPTS) return exported;
    await rm(part);
  }
}

async function writeAll(
  source: TransferSource,
  { settings, part, progress }: { settings: Settings; part: string; progress: Progress },
): Promise<Exported> {
  const listed = await source.contents();
  const to = createWriteStream(part, { flags: "wx", mode: OWNER_ONLY, flush: true });
  try {
    const archive = writeArchive(to);
    await archive.line(await toHeader(source, listed));
    const rows: Partial<Record<TableName, number>> = {};
    for (const table of TABLE_NAMES)
      rows[table] = await writeTable(archive, source, { table, progress });
    await archive.line({ sequences: await source.sequences() });
    await bringFromBucket(listed, settings);
    const missing = await writeContents(archive, listed, {
      folder: contentsPath(settings),
      progress,
    });
    const contents = listed.length - missing.length;
    await archive.end({ rows, contents, missing: [...missing] });
    return { rows, contents, missing, isInUse: source.isInUse };
  } finally {
    to.destroy();
  }
}

async function toHeader(source: TransferSource, listed: readonly ListedContent[]): Promise<Header> {
  return {
    kind: KIND,
    format: FORMAT,
    version: VERSION,
    createdAt: new Date().toISOString(),
    sealed: await sealedCheck(source),
    contents: { count: listed.length, bytes: listed.reduce((sum, { size }) => sum + size, 0) },
  };
}

/** Returns how many rows there are. */
async function writeTable(
  archive: ArchiveWriter,
  source: TransferSource,
  { table, progress }: { table: TableName; progress: Progress },
): Promise<number> {
  await archive.line({ table, columns: Object.keys(tableOf(table).columns) });
  let rows = 0;
  for await (const row of source.rows(table)) {
    await archive.line(row);
    rows += 1;
    if (rows % PROGRESS_ROWS === 0) progress.add({ rows: PROGRESS_ROWS });
  }
  progress.add({ rows: rows % PROGRESS_ROWS });
  return rows;
}

/** Returns the contents that are missing or damaged. */
async function writeContents(
  archive: ArchiveWriter,
  listed: readonly ListedContent[],
  { folder, progress }: { folder: string; progress: Progress },
): Promise<readonly string[]> {
  const contents = createLocalContents(folder);
  const missing: string[] = [];
  for (const content of listed) {
    const path = contents.pathOf(content.sha256);
    // Before its line: what follows it must have the size and the hash.
    if (await isWhole(content, path).catch(cannotRead)) {
      await archive.line({ content: content.sha256, size: content.size });
      await archive.bytes(createReadStream(path));
      progress.add({ bytes: content.size });
    } else missing.push(content.sha256);
  }
  return missing;
}

function cannotRead(cause: unknown): never {
  throw new CommandFailed(1, `A content cannot be read: ${(cause as Error).message}.`, { cause });
}

function toText(
  { rows, contents, missing, isInUse }: Exported,
  { settings, file, bytes }: { settings: Settings; file: string; bytes: number },
): string {
  const lines = [
    `Exported to ${file}, ${toSize(bytes)}. It contains ${describeRows(rows)}, with ${contents} contents.`,
  ];
  if (missing.length > 0) {
    lines.push(
      `WARNING: ${missing.length} contents of its files are missing or damaged in ${contentsPath(settings)}, such as ${missing[0]}. An import refuses the file without --partial.`,
    );
  }
  lines.push(
    "The file does not contain the following. Who imports it needs it too:",
    toRestLines(settings, { hasAddedTokens: true }),
    isInUse
      ? "A daemon was up. What it has done since is not in the file: to move, stop all daemons on the database and export again."
      : "To move, do not start a daemon on this database again: it would repeat what the new one does, such as deliveries and the slots of schedules.",
    "Next, on the machine of the new database: playground-runner import FILE",
  );
  return `${lines.join("\n")}\n`;
}
