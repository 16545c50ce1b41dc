/** Rewrites a database without its free pages, while no daemon uses it. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  statSync,
} from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CannotOpen } from "../cannot-open.ts";
import { integrityProblems, recognize } from "./check-database.ts";
import { openWriter } from "./connection.ts";
import { lockDatabase } from "./lock.ts";
import { makePrivate } from "./make-private.ts";
import { sqliteCode } from "./store-error.ts";
import { syncToDisk } from "./sync-to-disk.ts";

const SQLITE_CORRUPT = 11;
const MODE_BITS = 0o777;

export interface Compacted {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * The database is copied into a file beside it, which is checked, on disk, and then takes its name: until
 * then nothing but the journal's mode has changed, and after it everything has. What a killed call left
 * is removed by the next one. The copy can return free pages one by one.
 *
 * `requireRoom` gets the size of the copy in bytes, and rejects if the disk has no room for it. Rejects with
 * `CannotOpen` if a daemon or another program uses the database, or if it is damaged or newer than this
 * program.
 */
export async function compactDatabase(
  path: string,
  requireRoom: (bytes: number) => Promise<void>,
): Promise<Compacted> {
  const unlock = lockDatabase(path);
  const part = `${path}.compact`;
  try {
    await rm(part, { force: true });
    const source = openWriter(path);
    try {
      recognize(source, path);
      leaveNoWal(source, path);
      await requireRoom(bytesOfRows(source));
      copyInto(source, { path, part });
    } finally {
      source.close();
    }
    check(part, path);
    const bytesBefore = statSync(path).size;
    finish(part, path);
    await rename(part, path);
    syncToDisk(dirname(path));
    return { bytesBefore, bytesAfter: statSync(path).size };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    unlock();
  }
}

/** SQLite would apply the WAL of one database to the other. It is removed only if nobody else uses it. */
function leaveNoWal(source: DatabaseSync, path: string): void {
  try {
    source.exec("PRAGMA journal_mode = DELETE");
  } catch (cause) {
    throw new CannotOpen(
      "STORE_IN_USE",
      `Another program has the database ${path} open. Stop it, or wait until it has ended.`,
      { cause },
    );
  }
}

/** Without the free pages. */
function bytesOfRows(source: DatabaseSync): number {
  const { bytes } = source
    .prepare(
      `SELECT (page_count - freelist_count) * page_size AS bytes
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    )
    .get() as { bytes: number };
  return bytes;
}

function copyInto(source: DatabaseSync, { path, part }: { path: string; part: string }): void {
  makePrivate(part);
  try {
    source.exec("PRAGMA auto_vacuum = INCREMENTAL");
    source.prepare("VACUUM INTO ?").run(part);
  } catch (cause) {
    const why = (cause as Error).message;
    const isDamaged = sqliteCode(cause) === SQLITE_CORRUPT;
    throw unusable(
      isDamaged ? `${path} is damaged: ${why}` : `${part} cannot be written: ${why}`,
      cause,
    );
  }
}

function check(part: string, path: string): void {
  const copy = new DatabaseSync(part, { readOnly: true });
  try {
    const problems = integrityProblems(copy);
    if (problems.length > 0) throw unusable(`${path} is damaged: ${problems.join("; ")}`);
  } finally {
    copy.close();
  }
}

/** The copy gets the permissions of the database, through a descriptor, because a path could become a link. */
function finish(part: string, path: string): void {
  const { mode, uid, gid } = statSync(path);
  const descriptor = openSync(part, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    fchmodSync(descriptor, mode & MODE_BITS);
    if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unusable(why: string, cause?: unknown): CannotOpen {
  return new CannotOpen("STORE_UNREADABLE", `${why}. Nothing was changed.`, { cause });
}
