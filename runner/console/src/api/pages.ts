import { useEffect, useRef } from "preact/hooks";
import { useResource, type Resource } from "./resource.ts";

interface Page<Row> {
  readonly items: readonly Row[];
  readonly nextCursor: string | null;
}

interface Pages<Row> {
  readonly list: Resource<Page<Row>>;
  /** Adds the next page below. */
  readonly more: () => void;
}

/** A list whose pages are shown one below the other. A refresh loads them all again. */
export function usePages<Row>(
  key: string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Row>>,
): Pages<Row> {
  const count = useRef(1);
  useEffect(() => {
    count.current = 1;
  }, [key]);
  const list = useResource(key, async (signal): Promise<Page<Row>> => {
    const items: Row[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < count.current; page += 1) {
      const loaded: Page<Row> = await load(cursor ?? undefined, signal);
      items.push(...loaded.items);
      cursor = loaded.nextCursor;
      if (cursor === null) break;
    }
    return { items, nextCursor: cursor };
  });
  const more = (): void => {
    count.current += 1;
    void list.refresh();
  };
  return { list, more };
}
