import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";
import type { Store } from "../../ports/store/store.ts";

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
   * Whether there is room for new work of this size, which then counts as stored. Returns a promise if it
   * has to look at the disk.
   */
  take(bytes: number): Promise<boolean> | boolean;
}

export function createDiskRoom({
  host,
  store,
  clock,
}: {
  readonly host: Pick<Host, "databaseDisk">;
  readonly store: Pick<Store, "size">;
  readonly clock: Pick<Clock, "monotonic">;
}): DiskRoom {
  /** Less what was stored since the last look. */
  let usable = 0;
  /** What can be stored before the next look. */
  let left = 0;
  let lookAgainAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    const disk = await host.databaseDisk();
    if (disk === null) usable = Infinity;
    else {
      // What deleted rows have left in the file is used first.
      const { freeBytes } = await store.size();
      usable = disk.freeBytes + freeBytes - reservedOf(disk.totalBytes);
    }
    left = LOOK_EVERY_BYTES;
    lookAgainAt = clock.monotonic() + LOOK_EVERY_MS;
  }

  function takeOf(bytes: number): boolean {
    if (bytes > usable) return false;
    usable -= bytes;
    left -= bytes;
    return true;
  }

  async function lookAndTake(bytes: number): Promise<boolean> {
    looking ??= look().finally(() => (looking = null));
    await looking;
    return takeOf(bytes);
  }

  return {
    take(bytes) {
      const mustLook = bytes > Math.min(left, usable) || clock.monotonic() >= lookAgainAt;
      return mustLook ? lookAndTake(bytes) : takeOf(bytes);
    },
  };
}

function reservedOf(totalBytes: number): number {
  return Math.min(RESERVED_BYTES, RESERVED_PART * totalBytes);
}
