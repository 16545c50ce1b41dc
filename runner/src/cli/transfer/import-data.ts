import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { BadSetting, toEnvName, type Settings } from "../../config.ts";
import { isKeyOf } from "../../secrets/check-vault.ts";
import { createVault, KEY_FILE, loadVaultKey } from "../../secrets/vault.ts";
import { contentsPath } from "../../startup/contents-path.ts";
import { checkData, type CheckResult } from "../check.ts";
import { CommandFailed } from "../command-failed.ts";
import type { Given } from "../command-contract.ts";
import type { importData as contract } from "../contract/daemon.ts";
import { keyName } from "../key-name.ts";
import { requireExisting } from "../require-file.ts";
import type { End, Header } from "./archive.ts";
import { describeRows } from "./describe-rows.ts";
import { fillTarget } from "./fill-target.ts";
import { withTarget } from "./open-target.ts";
import { showProgress } from "./progress.ts";
import { readArchive } from "./read-archive.ts";

const BROKEN =
  "The database that was exported can have the same problems: run `check` there too, before you start a daemon here.";

/** Fills an empty database from a file that `export` has written, and checks it. */
export async function importData(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  const file = requireExisting(resolve(given.arguments.FILE), "a file that `export` has written");
  const { partial, json } = given.flags;
  const { header, end } = await readInto(settings, { file, partial });
  const checked = await checkData(settings);
  process.stdout.write(
    json
      ? `${JSON.stringify(toJson({ file, header, end, checked }))}\n`
      : toText({ file, header, end, checked }, settings),
  );
  return checked.broken === 0 ? 0 : 1;
}

interface Imported {
  readonly file: string;
  readonly header: Header;
  readonly end: End;
  readonly checked: CheckResult;
}

async function readInto(
  settings: Settings,
  { file, partial }: { file: string; partial: boolean },
): Promise<{ header: Header; end: End }> {
  const archive = await readArchive(file);
  const progress = showProgress("Imported");
  try {
    const { header } = archive;
    await requireKey(header, settings);
    const folder = contentsPath(settings);
    const end = await withTarget(settings, (target) =>
      fillTarget(target, archive, { file, folder, partial, progress }),
    );
    return { header, end };
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall !== "read" && syscall !== "open") throw error;
    throw new BadSetting(`FILE is "${file}": it cannot be read (${message}).`, { cause: error });
  } finally {
    progress.end();
    archive.close();
  }
}

/** What is encrypted stays so: the new daemon needs the same key, and must have it before it starts. */
async function requireKey({ sealed }: Header, settings: Settings): Promise<void> {
  if (sealed === null) return;
  const { secretKey } = settings;
  const name = keyName(settings);
  if (secretKey === undefined && !existsSync(name)) {
    throw new CommandFailed(
      1,
      `${name} does not exist. Copy the file ${KEY_FILE} from the data folder of the daemon that was exported to it, or set ${toEnvName("secretKey")} to the key of that daemon: webhook secrets and headers in the file are encrypted with it. Nothing was imported.`,
    );
  }
  const key = await loadVaultKey(resolve(settings.dataDir), secretKey, { mayMake: false });
  if (await isKeyOf({ meta: async () => sealed }, createVault(key))) return;
  throw new CommandFailed(
    1,
    `${name} is not the key of the daemon that was exported. Set ${toEnvName("secretKey")} or ${toEnvName("secretKeyFile")} to that key, or put its file ${KEY_FILE} into the data folder: webhook secrets and headers in the file are encrypted with it. Nothing was imported.`,
  );
}

function toJson({ file, header, end, checked }: Imported): object {
  const { version, createdAt } = header;
  const { rows, contents, missing } = end;
  const { name, checks, broken } = checked;
  return { file, version, createdAt, database: name, rows, contents, missing, checks, broken };
}

function toText({ file, header, end, checked }: Imported, settings: Settings): string {
  const { rows, contents } = end;
  const lines = [
    `Imported ${file}, which was exported at ${header.createdAt}. It contains ${describeRows(rows)}, with ${contents} contents.`,
    ...checked.lines,
    ...(checked.broken === 0 ? [] : [BROKEN]),
    "Next:",
    `  Put your plugins into ${settings.pluginsDir}, and set the token that clients use.`,
    "  Start a daemon with the settings of this command. It runs the jobs that were queued or running, repeats",
    "  steps that had not completed, and sends the pending deliveries.",
    "  Do not start the daemon that was exported again: both would send the same events and fire the same",
    "  slots of schedules. What it did after the export is done again, with the same webhook-id.",
  ];
  return `${lines.join("\n")}\n`;
}
