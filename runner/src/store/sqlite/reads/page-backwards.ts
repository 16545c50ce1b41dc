import { setImmediate } from "node:timers/promises";
import type { Page, Paged } from "../../../ports/store/page.ts";
import { parseCursor, toCursor } from "./cursor.ts";

/** Rows looked at before the event loop gets its turn; about 5 ms at the slowest filter. */
const WINDOW = 2000;

export interface Window {
  /** Keys looked at: from `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

/**
 * One page of a filtered list, newest first. A filter that matches little may look at every row
 * of a million, so the keys are read window by window, with the event loop served in between.
 */
export async function pageBackwards<Row extends { readonly key: number }>({
  page,
  range,
  read,
}: {
  page: Page;
  range: { readonly min: number; readonly max: number } | null;
  read: (window: Window) => Row[];
}): Promise<Paged<Row>> {
  const rows: Row[] = [];
  if (range === null) return { items: rows, nextCursor: null };
  const start = page.cursor === null ? range.max + 1 : parseCursor(page.cursor);
  // One more than asked for tells whether there is a next page.
  const wanted = page.limit + 1;
  for (let to = start; to > range.min && rows.length < wanted; to -= WINDOW) {
    if (to !== start) await setImmediate();
    rows.push(...read({ from: to - WINDOW, to, limit: wanted - rows.length }));
  }
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  const hasMore = rows.length > page.limit && last !== undefined;
  return { items, nextCursor: hasMore ? toCursor(last.key) : null };
}
