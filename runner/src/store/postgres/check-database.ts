/** Checks a database: the references between rows, and the invariants of its data. */
import type { DatabaseReport } from "../shared/database-report.ts";
import { CannotOpen } from "../cannot-open.ts";
import { INVARIANTS } from "./invariants.ts";
import { readMigrations, schemaVersion } from "./migrate.ts";
import { readSnapshot, type Place } from "./read-snapshot.ts";
import type { Session } from "./session.ts";

/** How many problems of each kind are reported. */
const MAX_PROBLEMS = 5;

/**
 * Checks one snapshot of the database, while daemons run or not. Rejects with `CannotOpen` if it cannot
 * be read, has no tables of Playground, or its schema is newer than this program.
 */
export function checkDatabase(place: Place): Promise<DatabaseReport> {
  return readSnapshot(place, check);
}

/** Returns the schema's version. Rejects with `CannotOpen` if there is none, or it is newer than this program. */
export async function recognize(session: Pick<Session, "query">): Promise<number> {
  const [found] = await session.query<{ exists: boolean }>(
    `SELECT to_regclass('playground_schema') IS NOT NULL AS exists`,
  );
  if (found?.exists !== true) {
    throw new CannotOpen("STORE_UNREADABLE", "The database has no tables of Playground.");
  }
  const version = await schemaVersion(session);
  const newest = readMigrations().length;
  if (version > newest) {
    throw new CannotOpen(
      "STORE_TOO_NEW",
      `The database has schema version ${version}; this program supports versions up to ${newest}.`,
    );
  }
  return version;
}

export async function check(session: Session): Promise<DatabaseReport> {
  const version = await recognize(session);
  // The invariants are those of the newest schema.
  const isOlder = version < readMigrations().length;
  const passed: string[] = [];
  const broken: { sentence: string; problems: string[] }[] = [];
  for (const { sentence, sql } of isOlder ? [] : INVARIANTS) {
    const rows = await session.query<{ problem: string }>(`${sql} LIMIT ${MAX_PROBLEMS}`);
    if (rows.length === 0) passed.push(sentence);
    else broken.push({ sentence, problems: rows.map(({ problem }) => problem) });
  }
  return { schemaVersion: version, isOlder, passed, broken };
}
