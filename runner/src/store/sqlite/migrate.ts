/** Brings a database to the newest schema: applies the files of migrations/ in order, each once. */
import { readdirSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { CannotOpen } from "../cannot-open.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);

/** Returns the SQL texts in order. A database's `user_version` is the number applied to it. */
export function readMigrations(folder: URL = MIGRATIONS): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => readFileSync(new URL(file, folder), "utf8"));
}

export function migrate(db: DatabaseSync, migrations: readonly string[] = readMigrations()): void {
  const version = schemaVersion(db);
  if (version > migrations.length) {
    throw new CannotOpen(
      "STORE_TOO_NEW",
      `The database ${db.location() ?? ""} has schema version ${version}; this daemon supports versions up to ${migrations.length}. Run the daemon that wrote it, or a newer one.`,
    );
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(sql);
      db.exec(`PRAGMA user_version = ${index + 1}`);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

export function schemaVersion(db: DatabaseSync): number {
  return db.prepare("PRAGMA user_version").get()?.["user_version"] as number;
}
