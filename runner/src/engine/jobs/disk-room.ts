import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";

const MIB = 1024 * 1024;
/** Stays free for what runs, for deliveries, and for the deletion of jobs, which writes too. */
const RESERVED_BYTES = 256 * MIB;
/** Of a small disk. */
const RESERVED_PART = 0.05;
/** What can be stored between two looks at the disk. */
const LOOK_EVERY_BYTES = 16 * MIB;
/** Others write to the disk too. */
const LOOK_EVERY_MS = 1_000;

export interface DiskRoom {
  /**
   * Call it before new work of this size is stored. Returns a promise if it has to look at the disk.
   * Throws `Refused`: DISK_FULL.
   */
  take(bytes: number): Promise<void> | void;
}

export function createDiskRoom({
  host,
  clock,
}: {
  readonly host: Pick<Host, "databaseDisk">;
  readonly clock: Pick<Clock, "monotonic">;
}): DiskRoom {
  let usable = 0;
  let left = 0;
  let lookAgainAt = Number.NEGATIVE_INFINITY;

  async function lookAndTake(bytes: number): Promise<void> {
    const disk = await host.databaseDisk();
    usable = disk === null ? Infinity : disk.freeBytes - reservedOf(disk.totalBytes);
    left = Math.min(usable, LOOK_EVERY_BYTES);
    lookAgainAt = clock.monotonic() + LOOK_EVERY_MS;
    if (bytes > usable) throw new Refused("DISK_FULL");
    left -= bytes;
  }

  return {
    take(bytes) {
      if (bytes > left || clock.monotonic() >= lookAgainAt) return lookAndTake(bytes);
      left -= bytes;
      return undefined;
    },
  };
}

function reservedOf(totalBytes: number): number {
  return Math.min(RESERVED_BYTES, RESERVED_PART * totalBytes);
}
