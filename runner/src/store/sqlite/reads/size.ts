import type { DatabaseSync } from "node:sqlite";
import type { StoreReads } from "../../../ports/store/store.ts";
import { prepare } from "../statement.ts";

export function prepareReadSize(db: DatabaseSync): StoreReads["size"] {
  const read = prepare<{ pages: number; free: number; pageBytes: number }>(
    db,
    `SELECT page_count AS pages, freelist_count AS free, page_size AS pageBytes
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
  );
  return async () => {
    const { pages = 0, free = 0, pageBytes = 0 } = read.get() ?? {};
    return { bytes: pages * pageBytes, freeBytes: free * pageBytes };
  };
}
