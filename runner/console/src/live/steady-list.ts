import { useSignal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useResource, type Resource } from "../api/resource.ts";
import { useRefresh } from "./use-refresh.ts";

interface Page<Row> {
  readonly items: readonly Row[];
  readonly nextCursor: string | null;
}

export interface SteadyList<Row> {
  readonly page: Resource<Page<Row>>;
  /** How many rows are newer than the ones shown. */
  readonly newer: ReadonlySignal<number>;
  /** Whether the newer rows fill a page, so that there can be more. */
  readonly hasMoreNewer: ReadonlySignal<boolean>;
  readonly showNewer: () => void;
}

interface SteadyListOptions<Row> {
  readonly key: string;
  readonly load: (signal: AbortSignal) => Promise<Page<Row>>;
  readonly keyOf: (row: Row) => string;
  readonly isFirstPage: boolean;
}

/** A list that changes its rows in place. New ones are counted, and shown when the reader asks for them. */
export function useSteadyList<Row>(options: SteadyListOptions<Row>): SteadyList<Row> {
  const { key, load, keyOf, isFirstPage } = options;
  const page = useResource(key, load);
  const newer = useSignal(0);
  const hasMoreNewer = useSignal(false);
  const newest = useRef<Page<Row> | null>(null);
  useEffect(() => {
    newer.value = 0;
    newest.current = null;
  }, [key, newer]);

  const check = async (): Promise<void> => {
    const shown = page.loaded.peek();
    if (shown.state !== "ready" || shown.data.items.length === 0) return page.refresh();
    const fresh = await load(new AbortController().signal).catch(() => null);
    if (fresh === null || page.loaded.peek() !== shown) return undefined;
    const rows = new Map(fresh.items.map((row) => [keyOf(row), row]));
    const known = new Set(shown.data.items.map(keyOf));
    // Rows before the first one that is shown. If none is, a whole page is new.
    const until = fresh.items.findIndex((row) => known.has(keyOf(row)));
    newer.value = !isFirstPage ? 0 : until === -1 ? fresh.items.length : until;
    hasMoreNewer.value = until === -1 && fresh.nextCursor !== null;
    newest.current = fresh;
    page.update((data) => ({
      ...data,
      items: data.items.map((row) => rows.get(keyOf(row)) ?? row),
    }));
    return undefined;
  };
  useRefresh(check, ["jobs", "deliveries"]);

  const showNewer = (): void => {
    const fresh = newest.current;
    newer.value = 0;
    if (fresh === null) void page.refresh();
    else page.update(() => fresh);
  };
  return { page, newer, hasMoreNewer, showNewer };
}
