import { closeSync, fsyncSync, openSync } from "node:fs";

/** Of a file or a folder. The name of a new file survives a power loss once its folder is synced. */
export function syncToDisk(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
