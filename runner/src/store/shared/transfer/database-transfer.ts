/** How a database is read for an export, and filled by an import, whichever store it is. */
import type { ListedContent } from "../database-report.ts";
import type { Row, TableName } from "./tables.ts";

/** The last number that each table's sequence has given, by the table's name. */
export type Sequences = Readonly<Partial<Record<TableName, number>>>;

/** One snapshot of a database. */
export interface TransferSource {
  /** Whether a daemon used the database. What it does after the snapshot is not in it. */
  readonly isInUse: boolean;
  meta(key: string): Promise<string | null>;
  /** The rows of a table in the order of its key, with the columns of `TABLES`. */
  rows(table: TableName): AsyncIterable<Row> | Iterable<Row>;
  sequences(): Promise<Sequences>;
  /** The contents that the files have, once each. */
  contents(): Promise<readonly ListedContent[]>;
}

/** An empty database in one transaction, which no daemon can use meanwhile. */
export interface TransferTarget {
  /** The tables must come in the order of `TABLES`. */
  insert(
    into: { readonly table: TableName; readonly columns: readonly string[] },
    rows: readonly Row[],
  ): Promise<void>;
  /** Makes what is not in an export, after all rows. */
  finish(sequences: Sequences): Promise<void>;
}
