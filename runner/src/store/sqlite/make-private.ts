import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { giveToOwnerOf } from "../../system/give-to-owner.ts";

const OWNER_ONLY = 0o600;

/**
 * Creates a file that only its owner can read, whatever the permissions of its folder. SQLite gives
 * the database's other files the same mode and owner. Throws if the file exists.
 */
export function makePrivate(path: string): void {
  const descriptor = openSync(path, "wx", OWNER_ONLY);
  try {
    giveToOwnerOf(dirname(path), descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Creates the file with `makePrivate` if it does not exist. Does not open an existing file, because
 * closing it would release its locks.
 */
export function ensurePrivate(path: string): void {
  try {
    makePrivate(path);
  } catch {
    // The file exists, or SQLite will report why it cannot be created.
  }
}
