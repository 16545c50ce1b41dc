import type { DatabaseSync } from "node:sqlite";

/** Reads with several statements as of one instant: the writer may commit between two of them. */
export function inSnapshot<T>(db: DatabaseSync, read: () => T): T {
  db.exec("BEGIN");
  try {
    return read();
  } finally {
    db.exec("COMMIT");
  }
}
