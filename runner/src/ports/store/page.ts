/** Which page of a list to read. */
export interface Page {
  /** The maximum number of items. */
  readonly limit: number;
  /** The `nextCursor` of the previous page, or null for the first page. */
  readonly cursor: string | null;
}

export interface Paged<T> {
  readonly items: readonly T[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}
