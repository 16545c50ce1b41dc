import { setImmediate } from "node:timers/promises";
import type { Page, Paged } from "../../../ports/store/page.ts";
import { parseCursor, toCursor } from "./cursor.ts";

/** Keys read before the event loop runs again: about 5 ms with the slowest filter. */
const KEYS_PER_READ = 2000;

export interface KeyRange {
  /** The range includes `from` and excludes `to`. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/**
 * Reads one page of a filtered list, newest first. A filter that matches few rows can have to read
 * a million, so the keys are read range by range, and the event loop runs in between.
 */
export async function pageBackwards<Row extends { readonly key: number }>({
  page,
  range,
  read,
}: {
  page: Page;
  range: { readonly min: number; readonly max: number } | null;
  read: (keys: KeyRange) => Row[];
}): Promise<Paged<Row>> {
  const rows: Row[] = [];
  if (range === null) return { items: rows, nextCursor: null };
  const start = page.cursor === null ? range.max + 1 : parseCursor(page.cursor);
  // One row more than requested shows whether there is a next page.
  const wanted = page.limit + 1;
  for (let to = start; to > range.min && rows.length < wanted; to -= KEYS_PER_READ) {
    if (to !== start) await setImmediate();
    rows.push(...read({ from: to - KEYS_PER_READ, to, limit: wanted - rows.length }));
  }
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  const hasMore = rows.length > page.limit && last !== undefined;
  return { items, nextCursor: hasMore ? toCursor(last.key) : null };
}
