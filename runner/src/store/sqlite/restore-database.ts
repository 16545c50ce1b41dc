/** Replaces a daemon's database with a copy, while no daemon uses it. */
import { existsSync, renameSync } from "node:fs";
import { copyDatabase } from "./copy-database.ts";
import { lockDatabase } from "./lock.ts";

/** The suffixes of the files that make up one SQLite database. */
const SUFFIXES = ["", "-wal", "-shm"];

/**
 * Returns the name under which the previous database is kept, or null if there was none. Throws
 * `CannotOpen` if a daemon uses the database, or `from` cannot be used.
 */
export async function restoreDatabase(
  from: string,
  to: string,
  { now }: { now: Date },
): Promise<string | null> {
  const unlock = lockDatabase(to);
  try {
    const restored = `${to}.restored`;
    await copyDatabase(from, restored);
    const kept = `${to}.before-${now.toISOString().replaceAll(/[:.]/g, "-")}`;
    const existed = existsSync(to);
    // The WAL moves with its database. Otherwise SQLite would apply it to the restored one.
    for (const suffix of SUFFIXES) {
      if (existsSync(to + suffix)) renameSync(to + suffix, kept + suffix);
    }
    renameSync(restored, to);
    return existed ? kept : null;
  } finally {
    unlock();
  }
}
