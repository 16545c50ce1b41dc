import type { DatabaseSync } from "node:sqlite";

/** Runs several statements on one snapshot: the writer could commit between two of them. */
export function inSnapshot<T>(db: DatabaseSync, read: () => T): T {
  db.exec("BEGIN");
  try {
    return read();
  } finally {
    db.exec("COMMIT");
  }
}
