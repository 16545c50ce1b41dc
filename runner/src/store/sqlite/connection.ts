import { DatabaseSync } from "node:sqlite";
import { CannotOpen } from "../cannot-open.ts";
import { chooseIncremental } from "./return-free-space.ts";
import { whyNotOpened } from "./why-not-opened.ts";

const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens a connection that writes. Only the writer thread has one. With `secureDelete` it writes zeros
 * over what it deletes.
 */
export function openWriter(
  path: string,
  { secureDelete = false }: { secureDelete?: boolean } = {},
): DatabaseSync {
  const db = open(path, { readOnly: false });
  // FULL, not NORMAL: a commit that was acknowledged survives power loss.
  db.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -16384;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA secure_delete = ${secureDelete ? "ON" : "OFF"};
  `);
  return db;
}

/** Opens a read-only connection. It sees what the writer has committed. */
export function openReader(path: string): DatabaseSync {
  const db = open(path, { readOnly: true });
  // Lists read rows all over the table. With the default of 2 MB, most are read from the disk's cache.
  db.exec("PRAGMA cache_size = -8192");
  return db;
}

function open(path: string, { readOnly }: { readOnly: boolean }): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS });
    if (!readOnly) chooseIncremental(db);
    // The first statement that reads the file. It fails if the file is not a database.
    db.exec(readOnly ? "SELECT 1 FROM sqlite_schema" : "PRAGMA journal_mode = WAL");
    // SQLite opens a file without write permission silently, and fails only at the first change.
    if (!readOnly) db.exec("BEGIN IMMEDIATE; ROLLBACK");
    return db;
  } catch (cause) {
    db?.close();
    const why = whyNotOpened(path, cause);
    throw new CannotOpen("STORE_UNREADABLE", `The database ${path} cannot be opened: ${why}`, {
      cause,
    });
  }
}
