/** Keeps a part of the disk free, so that the database can be written and old jobs deleted. */

const RESERVED_MIB = 256;
const MIB = 1024 * 1024;
/**
 * What all writes of a process take together between two looks at the disk. Each process has its own
 * count, so several of them together can take a little of what is reserved.
 */
const LOOK_EVERY_BYTES = 16 * MIB;

export interface DiskReserve {
  /** Throws an error with the code ENOSPC if the disk does not have the bytes, without what is reserved. */
  look(bytes: number): Promise<void>;
  /** Call it before each write. Returns a promise if it has to look. Throws as `look` does. */
  take(bytes: number): Promise<void> | void;
}

/** `freeBytes` returns null if the system does not tell. */
export function createDiskReserve(freeBytes: () => Promise<number | null>): DiskReserve {
  let left = 0;
  async function look(bytes: number): Promise<void> {
    const usable = ((await freeBytes()) ?? Infinity) - RESERVED_MIB * MIB;
    if (bytes > usable) throw noSpace();
    left = Math.min(usable, Math.max(bytes, LOOK_EVERY_BYTES));
  }
  async function lookAndTake(bytes: number): Promise<void> {
    await look(bytes);
    left -= bytes;
  }
  return {
    look,
    take(bytes) {
      if (bytes > left) return lookAndTake(bytes);
      left -= bytes;
      return undefined;
    },
  };
}

function noSpace(): Error {
  const message = `The disk of the data folder is full: ${RESERVED_MIB} MiB of it stay free for the database.`;
  return Object.assign(new Error(message), { code: "ENOSPC" });
}
