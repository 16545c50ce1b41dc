import { availableMemoryMb } from "../system/available-memory.ts";

const MIB = 1024 * 1024;
const MOST_MIB = 256;
/** One body of 16 MiB with as many values as are allowed needs 77 MiB, and 16 are kept for small ones. */
const LEAST_MIB = 96;
/** Bodies, responses, plugins and the daemon itself share the memory. */
const PART = 1 / 8;

/** For the bodies of all requests in flight, and again for the responses that clients have not read. */
export function heldBytesLimit(availableMb: number): number {
  return MIB * Math.min(MOST_MIB, Math.max(LEAST_MIB, Math.floor(PART * availableMb)));
}

export const MAX_HELD_BYTES = heldBytesLimit(availableMemoryMb());
