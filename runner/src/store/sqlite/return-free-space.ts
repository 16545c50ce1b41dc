import type { DatabaseSync } from "node:sqlite";
import { prepare } from "./statement.ts";

/** The value of `PRAGMA auto_vacuum` for a database that can return free pages one by one. */
const INCREMENTAL = 2;

/**
 * This part of the file stays free for new rows. A page that is returned only to be added again costs
 * two writes.
 */
const KEPT_PART = 0.1;

interface Pages {
  readonly total: number;
  readonly free: number;
}

/** A file that is still empty gets the mode: it cannot be set once there is a table. */
export function chooseIncremental(db: DatabaseSync): void {
  const { page_count: pages } = db.prepare("PRAGMA page_count").get() ?? {};
  if (pages === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL");
}

/**
 * Returns a function that gives up to `limit` free pages back to the disk, in 0.1 ms each (measured on a
 * file of 1 GB), and tells whether there are more. Not inside a transaction.
 */
export function prepareReturnFreeSpace(db: DatabaseSync): (limit: number) => boolean {
  const { auto_vacuum: mode } = db.prepare("PRAGMA auto_vacuum").get() ?? {};
  if (mode !== INCREMENTAL) return () => false;
  const read = prepare<Pages>(
    db,
    `SELECT page_count AS total, freelist_count AS free FROM pragma_page_count, pragma_freelist_count`,
  );
  const surplus = (): number => {
    const { total = 0, free = 0 } = read.get() ?? {};
    return free - Math.ceil(KEPT_PART * total);
  };
  /** The file becomes smaller at a checkpoint, and a daemon without work would make none. */
  let mustCheckpoint = false;
  const checkpoint = prepare<{ log: number; checkpointed: number }>(
    db,
    "PRAGMA wal_checkpoint(PASSIVE)",
  );
  return (limit) => {
    const before = surplus();
    if (before <= 0) {
      if (mustCheckpoint) tryCheckpoint();
      return false;
    }
    db.exec(`PRAGMA incremental_vacuum(${Math.min(limit, before)})`);
    mustCheckpoint = true;
    if (surplus() > 0) return true;
    tryCheckpoint();
    return false;
  };

  /** Not all of it while a reader has an older snapshot. */
  function tryCheckpoint(): void {
    const { log = 0, checkpointed = 0 } = checkpoint.get() ?? {};
    mustCheckpoint = checkpointed < log;
  }
}
