/**
 * Stops a second daemon from using the same database, with an exclusive SQLite lock on a separate
 * file. The operating system releases the lock when the process ends, however it ends. The main
 * thread holds the lock, so that it survives the death of the writer thread. Nothing else in the
 * process must open the file: closing any descriptor of it would release the lock (fcntl(2)).
 */
import { DatabaseSync } from "node:sqlite";
import { ensurePrivate } from "./make-private.ts";
import { CannotOpen } from "../cannot-open.ts";
import { sqliteCode } from "./store-error.ts";
import { whyNotOpened } from "./why-not-opened.ts";

const SQLITE_BUSY = 5;

/**
 * Returns a function that releases the lock. Throws `CannotOpen` if another daemon uses the
 * database.
 */
export function lockDatabase(path: string): () => void {
  const file = `${path}-lock`;
  let lock: DatabaseSync | null = null;
  try {
    ensurePrivate(file);
    lock = new DatabaseSync(file, { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock?.close();
    throw toCannotOpen(cause, { path, file });
  }
  const held = lock;
  return () => held.close();
}

function toCannotOpen(cause: unknown, { path, file }: { path: string; file: string }): CannotOpen {
  if (sqliteCode(cause) === SQLITE_BUSY) {
    return new CannotOpen(
      "STORE_IN_USE",
      `The database ${path} is in use by another daemon. Stop that daemon first, or use another data folder.`,
      { cause },
    );
  }
  const why = whyNotOpened(file, cause);
  return new CannotOpen("STORE_UNREADABLE", `The lock file ${file} cannot be opened: ${why}`, {
    cause,
  });
}
