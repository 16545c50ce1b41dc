/**
 * Keeps a second daemon off the same database: an exclusive SQLite lock on a file beside it. The
 * operating system releases it when the process ends, however it ends. The main thread holds it,
 * so that it outlives a writer thread that dies. Nothing else in the process may open that file:
 * closing any descriptor of it would drop the lock (fcntl(2)).
 */
import { DatabaseSync } from "node:sqlite";
import { ensurePrivate } from "./make-private.ts";
import { CannotOpen, sqliteCode } from "./store-error.ts";
import { whyNotOpened } from "./why-not-opened.ts";

const SQLITE_BUSY = 5;

/** Throws `CannotOpen` when another daemon has the database; else returns the release. */
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
      `The database ${path} is in use by another daemon. Stop it, or give this one another data folder.`,
      { cause },
    );
  }
  const why = whyNotOpened(file, cause);
  return new CannotOpen("STORE_UNREADABLE", `The lock file ${file} cannot be opened: ${why}`, {
    cause,
  });
}
