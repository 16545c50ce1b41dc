import type { Store } from "../../ports/store/store.ts";

/** How many bytes of files there can still be, of the limit for all files together. */
export interface FileRoom {
  leftBytes(): number;
  /** Counts bytes that are being written. A negative number when they no longer are. */
  reserve(bytes: number): void;
  /** Counts bytes that were stored. */
  add(bytes: number): void;
  /** Reads the bytes in use from the store, where a content counts once. */
  refresh(): Promise<void>;
}

/**
 * The limit is for all daemons that share the store. Between two refreshes, at most a minute apart, it
 * counts what this daemon stores, and not what is deleted with jobs: a daemon that is alone never has more
 * room than there is. Several can exceed the limit by what the others store meanwhile.
 */
export function createFileRoom({
  store,
  filesLimit,
}: {
  readonly store: Pick<Store, "fileUsage">;
  readonly filesLimit: number;
}): FileRoom {
  let stored = 0;
  let reserved = 0;
  let added = 0;
  /** The part of `added` that is in `stored`. */
  let addedBefore = 0;
  return {
    leftBytes: () => Math.max(0, filesLimit - stored - (added - addedBefore) - reserved),
    reserve(bytes) {
      reserved += bytes;
    },
    add(bytes) {
      added += bytes;
    },
    async refresh() {
      // What is added during the read may not be in it.
      const before = added;
      stored = (await store.fileUsage()).bytes;
      addedBefore = before;
    },
  };
}
