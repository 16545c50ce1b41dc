export interface Dialect {
  readonly delimiter: string;
  /** Empty if no character quotes. */
  readonly quote: string;
  /** Empty if a quote within quotes is doubled only. */
  readonly escape: string;
  /** A line that begins with it is not a row. Empty if there are no such lines. */
  readonly comment: string;
  /** `\r` if line feeds are part of the values. */
  readonly newline: "\n" | "\r";
}

/** What is known of the table before its rows are read. */
export interface TableShape {
  readonly width: number;
  /** Whether the cells have the types of the table's columns. False if those are all texts. */
  fits(cells: readonly string[]): boolean;
}
