/** Copies one snapshot of a database into one file. The daemon can keep writing. */
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { integrityProblems, recognize } from "./check-database.ts";
import { openReader } from "./connection.ts";
import { makePrivate } from "./make-private.ts";
import { syncToDisk } from "./sync-to-disk.ts";
import { CannotOpen } from "../cannot-open.ts";

/** All pages in one step: between two steps, a write by the daemon would restart the copy. */
const ALL_PAGES = 2_147_483_647;

/**
 * The copy gets its name once it is complete, checked and on disk. Only its owner can read it. A
 * file that has the name is replaced. Throws `CannotOpen` if `from` is not a database of
 * Playground, has a newer schema, or is damaged.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const part = `${to}.part`;
  const source = openReader(from);
  try {
    recognize(source, from);
    await rm(part, { force: true });
    makePrivate(part);
    await backup(source, part, { rate: ALL_PAGES });
    finalize(part, from);
    syncToDisk(part);
    await rename(part, to);
    syncToDisk(dirname(to));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    source.close();
  }
}

/** False before schema 18. */
function hasSessions(copy: DatabaseSync): boolean {
  const found = copy.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sessions'").get();
  return found !== undefined;
}

/** Makes the copy one file without a WAL, and checks it: a damaged copy is no backup. */
function finalize(part: string, from: string): void {
  const copy = new DatabaseSync(part);
  try {
    const problems = integrityProblems(copy);
    if (problems.length > 0) {
      throw new CannotOpen("STORE_UNREADABLE", `${from} is damaged: ${problems.join("; ")}.`);
    }
    copy.exec("PRAGMA journal_mode = DELETE");
    // A restored database must not bring back a session that was ended after the copy.
    if (hasSessions(copy)) copy.exec("DELETE FROM sessions");
  } finally {
    copy.close();
  }
}
