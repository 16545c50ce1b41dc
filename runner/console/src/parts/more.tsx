interface MoreProps {
  readonly nextCursor: string | null;
  /** What the list contains, such as "webhooks". */
  readonly what: string;
  readonly onMore: () => void;
}

/** The button that adds the next page below. */
export function More({ nextCursor, what, onMore }: MoreProps) {
  if (nextCursor === null) return null;
  return (
    <div class="pager">
      <button type="button" class="btn" onClick={onMore}>
        More {what}
      </button>
    </div>
  );
}
