/** What the readers of xlsx and ods have in common. */

export type CellKind =
  | "text"
  | "number"
  | "percent"
  | "currency"
  | "date"
  | "time"
  | "boolean"
  | "error";

export interface Cell {
  /** 0 for A. */
  readonly column: number;
  readonly kind: CellKind;
  readonly value: string | number | boolean | null;
  readonly isFormula: boolean;
}

export interface SheetRow {
  /** 1 for the first row. */
  readonly number: number;
  readonly cells: readonly Cell[];
}

/** Rows and columns, the last ones included. */
export interface Area {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export interface SheetInfo {
  readonly name: string;
  readonly hidden: boolean;
}

export interface RowConsumer {
  /** Returns false when no further row is wanted. */
  onRow(row: SheetRow): boolean;
  /** Awaited between two pieces of the sheet, so that a slow disk holds the reader back. */
  flush(): Promise<void>;
}

export interface Workbook {
  readonly format: "xlsx" | "ods";
  readonly sheets: readonly SheetInfo[];
  readRows(sheet: number, consumer: RowConsumer): Promise<void>;
  /** The merged areas of a sheet. */
  readMerges(sheet: number): Promise<readonly Area[]>;
  close(): void;
}

export const MAX_ROW = 1_048_576;
export const MAX_COLUMNS = 16_384;
export const MAX_MERGES = 100_000;
