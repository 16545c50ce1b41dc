import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { BadSetting, type Settings } from "../config.ts";
import type { SealedDatabase } from "../ports/sealed-database.ts";
import type { Vault } from "../ports/vault.ts";
import { isKeyOf, isSealed, sealCheck } from "../secrets/check-vault.ts";
import { finishRotation, OLD_KEY_FILE, promoteNextKey, writeKeys } from "../secrets/next-key.ts";
import { createVault, KEY_BYTES, loadVaultKey } from "../secrets/vault.ts";
import { cannotUseDataDir } from "../startup/cannot-start.ts";
import { readSecretFile } from "../startup/read-secret-file.ts";
import { CommandFailed } from "./command-failed.ts";
import type { Given } from "./command-contract.ts";
import type { rotateKey as contract } from "./contract/daemon.ts";
import { keyName } from "./key-name.ts";
import { requireDatabase } from "./require-file.ts";

const MAX_LEFT = 5;

/** Encrypts everything that is sealed in the database with another key. No daemon may run. */
export async function rotateKey(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  const dataDir = resolve(settings.dataDir);
  const { "new-key-file": file } = given.flags;
  const isInFile = settings.secretKey === undefined;
  if (!isInFile && file === undefined) {
    throw new BadSetting(
      `${keyName(settings)} is set, so the command cannot replace the key there. Put the new key into a file, such as with \`openssl rand -base64 32\`, and name it with --new-key-file. After that, set ${keyName(settings)} to it.`,
    );
  }
  const next = file === undefined ? randomBytes(KEY_BYTES) : readKeyFile(file);
  const result = await inDatabase(settings, async (database) => {
    if (!(await isSealed(database))) {
      throw new CommandFailed(
        1,
        "The database has no key yet. The first start of a daemon sets it.",
      );
    }
    const isKey = (key: Buffer): Promise<boolean> => isKeyOf(database, createVault(key));
    if (isInFile) await inDataDir(settings, () => finishRotation(dataDir, isKey));
    if (await isKey(next)) return null;
    const old = await loadVaultKey(dataDir, settings.secretKey, { mayMake: false });
    if (!(await isKey(old))) {
      throw new CommandFailed(
        1,
        `${keyName(settings)} is not the key that this database was encrypted with. Nothing was changed. Give the right key, or restore it.`,
      );
    }
    if (isInFile) await inDataDir(settings, () => writeKeys(dataDir, { old, next }));
    return reseal(database, createVault(old), createVault(next));
  });
  if (result === null) {
    process.stdout.write("The database is encrypted with the new key already.\n");
    return 0;
  }
  if (isInFile) await inDataDir(settings, () => promoteNextKey(dataDir));
  process.stdout.write(`${toText(result, settings)}\n`);
  return 0;
}

type Result = Awaited<ReturnType<SealedDatabase["reseal"]>>;

async function reseal(database: SealedDatabase, old: Vault, next: Vault): Promise<Result> {
  const result = await database.reseal((sealed, row) => {
    const plain = tryToOpen(old, sealed, row);
    return plain === null ? null : next.seal(plain, row);
  });
  await sealCheck(database, next);
  return result;
}

/** Null for a value that was changed in the database: no daemon could read it before. */
function tryToOpen(vault: Vault, sealed: string, row: string): string | null {
  try {
    return vault.open(sealed, row);
  } catch {
    return null;
  }
}

async function inDatabase<T>(
  settings: Settings,
  work: (database: SealedDatabase) => Promise<T>,
): Promise<T> {
  const { databaseUrl: url } = settings;
  if (url === undefined) {
    const path = requireDatabase(settings);
    const { withSealedDatabase } = await import("../store/sqlite/sealed-database.ts");
    return withSealedDatabase(path, work);
  }
  const { withSealedDatabase } = await import("../store/postgres/sealed-database.ts");
  return withSealedDatabase({ url, schema: null }, work);
}

/** Explains errors of the data folder. */
async function inDataDir<T>(settings: Settings, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw cannotUseDataDir(error, settings);
  }
}

function readKeyFile(file: string): Buffer {
  const fail = (why: string, cause?: unknown): BadSetting =>
    new BadSetting(`--new-key-file is "${file}": it ${why}.`, { cause });
  let text: string;
  try {
    text = readSecretFile(file);
  } catch (error) {
    throw fail((error as Error).message, error);
  }
  const key = Buffer.from(text, "base64");
  if (key.length === KEY_BYTES) return key;
  throw fail(`must contain ${KEY_BYTES} bytes in base64`);
}

function toText({ replaced, left }: Result, settings: Settings): string {
  const values = replaced === 1 ? "1 value is" : `${replaced} values are`;
  const where =
    settings.secretKey === undefined
      ? `The key is in ${keyName(settings)}.`
      : `Set ${keyName(settings)} to the new key before you start a daemon.`;
  const old =
    settings.secretKey === undefined
      ? `, which is in ${resolve(settings.dataDir)}/${OLD_KEY_FILE}: remove it when you no longer need them`
      : "";
  const lines = [
    `${values} encrypted with the new key. ${where}`,
    `Backups from before need the old key${old}. Links to files and login links from before are no longer valid.`,
  ];
  if (left.length > 0) {
    const shown = left.slice(0, MAX_LEFT).join(", ");
    lines.push(
      `Warning: ${left.length} could not be decrypted with the old key either, and were left as they are: ${shown}${left.length > MAX_LEFT ? " …" : ""}.`,
    );
  }
  return lines.join("\n");
}
