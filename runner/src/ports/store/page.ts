export interface Page {
  readonly limit: number;
  /** The cursor that the page before gave, or null for the first. */
  readonly cursor: string | null;
}

export interface Paged<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}
