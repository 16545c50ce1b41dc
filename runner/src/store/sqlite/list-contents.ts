import type { DatabaseSync } from "node:sqlite";
import type { ListedContent } from "../shared/database-report.ts";
import { openReader } from "./connection.ts";

/** Returns the contents that the files of a database have, once each. Earlier schemas have no files. */
export function listContents(path: string): readonly ListedContent[] {
  const db = openReader(path);
  try {
    const hasFiles = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'files'").get();
    return hasFiles === undefined ? [] : readContents(db);
  } finally {
    db.close();
  }
}

export function readContents(db: DatabaseSync): readonly ListedContent[] {
  const rows = db.prepare("SELECT sha256, size FROM files GROUP BY sha256").all();
  return rows.map(({ sha256, size }) => ({ sha256: String(sha256), size: Number(size) }));
}
