/** Puts a copy where a daemon's database is, while no daemon has it. */
import { existsSync, renameSync } from "node:fs";
import { copyDatabase } from "./copy-database.ts";
import { lockDatabase } from "./lock.ts";

/** SQLite's files of one database. */
const SUFFIXES = ["", "-wal", "-shm"];

/**
 * What was there is kept under the name that is returned, or null when nothing was. Throws
 * `CannotOpen` when a daemon has the database, or `from` cannot be used.
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
    const isThere = existsSync(to);
    // The log moves with its database: beside another one it would be read as that one's.
    for (const suffix of SUFFIXES) {
      if (existsSync(to + suffix)) renameSync(to + suffix, kept + suffix);
    }
    renameSync(restored, to);
    return isThere ? kept : null;
  } finally {
    unlock();
  }
}
