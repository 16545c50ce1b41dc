/** Brings a database to the newest schema: applies the files of migrations/ in order, each once. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { CannotOpen } from "../cannot-open.ts";
import type { Session } from "./session.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);
/** Between two attempts to get the lock that another daemon has while it migrates. */
const RETRY_MS = 50;
/** Ends the search for a lock that is never released. */
const MAX_ATTEMPTS = 1_200;
/** The key of the lock within the schema. */
const LOCK = 7_030;

/** Returns the SQL texts in order. A database's version is the number applied to it. */
export function readMigrations(folder: URL = MIGRATIONS): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => readFileSync(new URL(file, folder), "utf8"));
}

/**
 * Applies what is missing, in one transaction. Daemons that start at the same time take turns. They try
 * and sleep: a statement that waits for the lock would fail after the session's lock_timeout.
 */
export async function migrate(
  session: Session,
  migrations: readonly string[] = readMigrations(),
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await session.run("BEGIN");
    try {
      const isApplied = await tryToApply(session, migrations);
      await session.run(isApplied ? "COMMIT" : "ROLLBACK");
      if (isApplied) return;
    } catch (error) {
      await session.run("ROLLBACK").catch(() => {});
      throw error;
    }
    if (attempt === MAX_ATTEMPTS) {
      throw new CannotOpen(
        "STORE_IN_USE",
        "The database's schema is being changed by another daemon, and has been for a minute. Wait until that daemon has started, or end it.",
      );
    }
    await sleep(RETRY_MS);
  }
}

/** False if another daemon has the lock. */
async function tryToApply(session: Session, migrations: readonly string[]): Promise<boolean> {
  const [lock] = await session.query<{ got: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema(), ${LOCK})) AS got`,
  );
  if (lock?.got !== true) return false;
  await session.run("CREATE TABLE IF NOT EXISTS playground_schema (version integer NOT NULL)");
  const version = await schemaVersion(session);
  if (version > migrations.length) {
    throw new CannotOpen(
      "STORE_TOO_NEW",
      `The database has schema version ${version}; this daemon supports versions up to ${migrations.length}. Run the daemon that wrote it, or a newer one.`,
    );
  }
  for (const sql of migrations.slice(version)) await session.run(sql);
  if (version === migrations.length) return true;
  await session.run("DELETE FROM playground_schema");
  await session.query("INSERT INTO playground_schema (version) VALUES ($1)", [migrations.length]);
  return true;
}

/** 0 before the first migration. */
export async function schemaVersion(session: Pick<Session, "query">): Promise<number> {
  const [row] = await session.query<{ version: number }>(
    "SELECT coalesce(max(version), 0)::integer AS version FROM playground_schema",
  );
  return row?.version ?? 0;
}
