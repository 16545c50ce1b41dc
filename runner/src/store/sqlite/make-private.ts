import { closeSync, openSync } from "node:fs";

const OWNER_ONLY = 0o600;

/**
 * Makes a new file that its owner alone may read, whoever may look into its folder; SQLite gives
 * the files beside it the same mode. One that is there is not opened: closing it would drop its locks.
 */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", OWNER_ONLY));
  } catch {
    // It is there; or SQLite's own opening tells why it cannot be made.
  }
}
