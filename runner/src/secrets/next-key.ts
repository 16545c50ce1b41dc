/**
 * The file in which a rotation has the next key until it is the key. It is on disk before the database
 * is changed, so that a kill at any moment leaves the database's key in one of the two files.
 */
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { giveToOwnerOf } from "../system/give-to-owner.ts";
import { KEY_BYTES, KEY_FILE } from "./vault.ts";

const OWNER_ONLY = 0o600;
/** In the data folder: the key from before the last rotation. */
export const OLD_KEY_FILE = `${KEY_FILE}.old`;
/** In the data folder, until it is the key. */
export const NEXT_KEY_FILE = `${KEY_FILE}.next`;

const nextKeyPath = (dataDir: string): string => join(dataDir, NEXT_KEY_FILE);

export async function writeNextKey(dataDir: string, key: Buffer): Promise<void> {
  const path = nextKeyPath(dataDir);
  // Of a rotation that was killed before it changed the database.
  await rm(path, { force: true });
  const file = await open(path, "wx", OWNER_ONLY);
  try {
    await file.writeFile(`${key.toString("base64")}\n`);
    giveToOwnerOf(dataDir, file.fd);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dataDir);
}

/**
 * Makes the next key the key, and keeps the old one, which backups need. A kill between the two leaves no
 * key, and the next one where `finishRotation` finds it.
 */
export async function promoteNextKey(dataDir: string): Promise<void> {
  const path = join(dataDir, KEY_FILE);
  // Rejects before the old key is moved if another start was quicker.
  await stat(nextKeyPath(dataDir));
  await rename(path, join(dataDir, OLD_KEY_FILE)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(nextKeyPath(dataDir), path);
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
  await promoteNextKey(dataDir).catch((error: NodeJS.ErrnoException) => {
    // The rotation itself, or another start, did it.
    if (error.code !== "ENOENT") throw error;
  });
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
