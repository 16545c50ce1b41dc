import { linkTo, place } from "../router.ts";

interface PagerProps {
  readonly nextCursor: string | null;
  /** What a page lists, such as "jobs". */
  readonly what: string;
}

/** Older pages by the API's cursor, which is part of the address. There is no total: counting is slow. */
export function Pager({ nextCursor, what }: PagerProps) {
  const { parts, query } = place.value;
  const cursor = query.get("cursor");
  if (cursor === null && nextCursor === null) return null;
  const at = (next: string | null): string =>
    linkTo(parts, {
      ...Object.fromEntries([...query.keys()].map((key) => [key, query.getAll(key)])),
      cursor: next,
    });
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      {cursor !== null && (
        <a class="btn" href={at(null)}>
          Newest
        </a>
      )}
      <div class="grow" />
      {nextCursor !== null && (
        <a class="btn" href={at(nextCursor)}>
          Older {what}
        </a>
      )}
    </nav>
  );
}
