import type { SteadyList } from "../live/steady-list.ts";
import { formatCount } from "./numbers.ts";

interface NewerProps {
  readonly list: Pick<SteadyList<unknown>, "newer" | "hasMoreNewer" | "showNewer">;
}

/** "12 new": nothing moves until the reader asks for it. */
export function Newer({ list }: NewerProps) {
  const count = list.newer.value;
  return (
    <div role="status">
      {count > 0 && (
        <button type="button" class="newer" onClick={list.showNewer}>
          {list.hasMoreNewer.value
            ? `${formatCount(count)} or more new`
            : `${formatCount(count)} new`}
        </button>
      )}
    </div>
  );
}
