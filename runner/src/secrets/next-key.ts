/**
 * The files in which a rotation has the next key until it is the key, and the old one. They are on disk
 * before the database is changed, so that a kill at any moment leaves the database's key in one of them.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { giveToOwnerOf } from "../system/give-to-owner.ts";
import { KEY_BYTES, KEY_FILE } from "./vault.ts";

const OWNER_ONLY = 0o600;

/** In the data folder: the key from before the last rotation, which backups from before need. */
export const OLD_KEY_FILE = `${KEY_FILE}.old`;
/** In the data folder, until it is the key. */
export const NEXT_KEY_FILE = `${KEY_FILE}.next`;

const nextKeyPath = (dataDir: string): string => join(dataDir, NEXT_KEY_FILE);

/** Keeps the old key too, so that one rename ends the rotation, whoever does it. */
export async function writeKeys(
  dataDir: string,
  { old, next }: { readonly old: Buffer; readonly next: Buffer },
): Promise<void> {
  await writeKey(dataDir, OLD_KEY_FILE, old);
  await writeKey(dataDir, NEXT_KEY_FILE, next);
  await syncFolder(dataDir);
}

async function writeKey(dataDir: string, name: string, key: Buffer): Promise<void> {
  const path = join(dataDir, name);
  // Of an earlier rotation.
  await rm(path, { force: true });
  const file = await open(path, "wx", OWNER_ONLY);
  try {
    await file.writeFile(`${key.toString("base64")}\n`);
    giveToOwnerOf(dataDir, file.fd);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the next key the key, if nobody else has: a daemon that starts after the change of the database does it too. */
export async function promoteNextKey(dataDir: string): Promise<void> {
  try {
    await rename(nextKeyPath(dataDir), join(dataDir, KEY_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await syncFolder(dataDir);
}

/**
 * Ends a rotation that was killed after it had changed the database. A next key that is not the database's
 * stays: a rotation that runs can have written it.
 */
export async function finishRotation(
  dataDir: string,
  isKeyOfDatabase: (key: Buffer) => Promise<boolean>,
): Promise<void> {
  const next = await readNextKey(dataDir);
  if (next === null || !(await isKeyOfDatabase(next))) return;
  await promoteNextKey(dataDir);
}

/** Null without one, or if it was not written to its end. */
async function readNextKey(dataDir: string): Promise<Buffer | null> {
  try {
    const key = Buffer.from((await readFile(nextKeyPath(dataDir), "utf8")).trim(), "base64");
    return key.length === KEY_BYTES ? key : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return null;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
