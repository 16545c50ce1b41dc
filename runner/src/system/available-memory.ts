import { totalmem } from "node:os";

/** The memory that this machine or container has, in MiB. */
export function availableMemoryMb(): number {
  const limit = process.constrainedMemory();
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return bytes / (1024 * 1024);
}
