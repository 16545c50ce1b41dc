/** Copies a database as it is at one moment into one file, while others write to it or not. */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { integrityProblems, recognise } from "./check-database.ts";
import { openReader } from "./connection.ts";
import { makePrivate } from "./make-private.ts";
import { CannotOpen } from "./store-error.ts";

/** All pages in one step: between two, a write of the daemon's would start the copy anew. */
const ALL_PAGES = 2_147_483_647;

/**
 * The copy has its name once it is whole, checked and on the disk, and only its owner may read it;
 * what had the name before is replaced. Throws `CannotOpen` when `from` is no database of the
 * daemon's, is newer, or is damaged.
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const part = `${to}.part`;
  const source = openReader(from);
  try {
    recognise(source, from);
    await rm(part, { force: true });
    makePrivate(part);
    await backup(source, part, { rate: ALL_PAGES });
    settle(part, from);
    flush(part);
    await rename(part, to);
    flush(dirname(to));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    source.close();
  }
}

/** One file, without a log beside it; checked, so that a damaged one is never kept as a backup. */
function settle(part: string, from: string): void {
  const copy = new DatabaseSync(part);
  try {
    const problems = integrityProblems(copy);
    if (problems.length > 0) {
      throw new CannotOpen("STORE_UNREADABLE", `${from} is damaged: ${problems.join("; ")}.`);
    }
    copy.exec("PRAGMA journal_mode = DELETE");
  } finally {
    copy.close();
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
