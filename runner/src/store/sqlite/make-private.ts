import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { giveToOwnerOf } from "../../system/give-to-owner.ts";

const OWNER_ONLY = 0o600;

/**
 * Makes a new file that its owner alone may read, whoever may look into its folder; SQLite gives
 * the files beside it the same mode and owner. Throws when it is there.
 */
export function makePrivate(path: string): void {
  const descriptor = openSync(path, "wx", OWNER_ONLY);
  try {
    giveToOwnerOf(dirname(path), descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The same where there is none yet. One that is there is not opened: closing it would drop its locks. */
export function ensurePrivate(path: string): void {
  try {
    makePrivate(path);
  } catch {
    // It is there; or SQLite's own opening tells why it cannot be made.
  }
}
