import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { compactDatabase } from "../store/sqlite/compact-database.ts";
import { toSize } from "./amounts.ts";
import { CommandFailed } from "./command-failed.ts";
import type { Given } from "./command-contract.ts";
import type { compact as contract } from "./contract/daemon.ts";
import { refusePostgres } from "./refuse-postgres.ts";
import { requireDatabase } from "./require-file.ts";

/** What the disk must have free, in sizes of the copy: the daemon must be able to write after it. */
const ROOM_FACTOR = 2;

/** Rewrites the database without its free pages. The daemon must not be running. */
export async function compact(given: Given<typeof contract>): Promise<number> {
  const settings = given.settings();
  refusePostgres("compact", settings);
  const database = requireDatabase(settings);
  const { bytesBefore, bytesAfter } = await compactDatabase(database, (bytes) =>
    requireRoom(bytes, database),
  );
  process.stdout
    .write(`Compacted ${database} from ${toSize(bytesBefore)} to ${toSize(bytesAfter)}, and checked it.
From now on, the daemon returns the space of what it deletes to the disk.
`);
  return 0;
}

async function requireRoom(bytes: number, database: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(database));
  const free = bavail * bsize;
  const needed = ROOM_FACTOR * bytes;
  if (free >= needed) return;
  throw new CommandFailed(
    1,
    `The disk of ${database} has ${toSize(free)} free, and ${toSize(needed)} are needed: twice what the database contains. Nothing was changed. Free some space, or move the data folder to a larger disk.`,
  );
}
