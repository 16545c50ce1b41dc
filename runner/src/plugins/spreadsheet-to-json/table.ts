import { columnLetters } from "./cell-reference.ts";
import { createColumnNames } from "./column-names.ts";
import { createMergeFiller } from "./merges.ts";
import type { Area, Cell, CellKind, SheetRow } from "./workbook.ts";

export interface TableOptions {
  readonly area: Area;
  /** Undefined for the first row that is not empty, 0 for none. */
  readonly headerRow: number | undefined;
  readonly rowsAs: "objects" | "arrays";
  readonly keepEmptyRows: boolean;
  readonly maxRows: number;
  /** The areas whose values are repeated. */
  readonly merges: readonly Area[];
}

type Value = Cell["value"];
export type TableRow = Record<string, Value> | Value[];

const SHOWN_ERRORS = 20;

/** Makes records of a sheet's rows. `add` returns false if it has no room for another one. */
export function createTable(options: TableOptions, add: (row: TableRow, cells: number) => boolean) {
  const { area, headerRow, maxRows, keepEmptyRows } = options;
  const merges = createMergeFiller(options.merges);
  const kinds = new Map<number, Map<CellKind, number>>();
  const formulas = { total: 0, withoutValue: 0 };
  const errors = { total: 0, listed: [] as { cell: string; error: string }[] };
  let names = headerRow === 0 ? createColumnNames(null) : null;
  let header: number | null = null;
  let last = area.top - 1;
  let [rows, emptyRows] = [0, 0];
  let isTruncated = false;
  let lastColumn = area.left - 1;

  const value = (cell: Cell, number: number): Value => {
    const ofKind = kinds.get(cell.column) ?? new Map<CellKind, number>();
    kinds.set(cell.column, ofKind);
    if (cell.value !== null) ofKind.set(cell.kind, (ofKind.get(cell.kind) ?? 0) + 1);
    if (cell.isFormula) {
      formulas.total += 1;
      if (cell.value === null) formulas.withoutValue += 1;
    }
    if (cell.kind !== "error") return cell.value;
    errors.total += 1;
    if (errors.listed.length < SHOWN_ERRORS) {
      const place = `${columnLetters(cell.column)}${number}`;
      errors.listed.push({ cell: place, error: String(cell.value) });
    }
    return null;
  };

  const toRecord = (number: number, cells: readonly Cell[]): TableRow => {
    const columns = createValues(area.left, lastColumn);
    for (const cell of cells) columns[cell.column - area.left] = value(cell, number);
    if (options.rowsAs === "arrays") return columns;
    return Object.fromEntries(
      columns.map((found, index) => [names!.nameOf(area.left + index), found]),
    );
  };

  /** Returns false when no further row is wanted. */
  const handle = (number: number, all: readonly Cell[]): boolean => {
    if (number > area.bottom) return false;
    const cells = merges
      .fill(number, all)
      .filter(({ column }) => column >= area.left && column <= area.right);
    if (number < area.top) return true;
    const isEmpty = cells.every((cell) => cell.value === null && !cell.isFormula);
    if (names === null) {
      const isHeader = headerRow === undefined ? !isEmpty : number >= headerRow;
      if (!isHeader) return true;
      header = headerRow ?? number;
      names = createColumnNames(number === header ? cells : null);
      lastColumn = Math.max(lastColumn, names.last);
      if (number === header) return true;
    }
    if (isEmpty && !keepEmptyRows) {
      emptyRows += 1;
      return true;
    }
    if (rows === maxRows) {
      isTruncated = true;
      return false;
    }
    for (const { column } of cells) lastColumn = Math.max(lastColumn, column);
    if (!add(toRecord(number, cells), Math.max(1, lastColumn - area.left + 1))) {
      isTruncated = true;
      return false;
    }
    if (isEmpty) emptyRows += 1;
    rows += 1;
    return true;
  };

  /** Handles the rows before `number` that the file does not contain. */
  const skipTo = (number: number): boolean => {
    if (!keepEmptyRows && last + 1 > merges.lastRow) {
      if (names !== null) emptyRows += Math.max(0, number - last - 1);
      last = Math.max(last, number - 1);
      return true;
    }
    for (; last < number - 1; last += 1) {
      if (!handle(last + 1, [])) return false;
    }
    return true;
  };

  return {
    onRow({ number, cells }: SheetRow): boolean {
      if (number > area.bottom) return false;
      if (!skipTo(number)) return false;
      last = number;
      return handle(number, cells);
    },
    /** Handles what merged areas cover below the last row, and returns what was found. */
    end() {
      if (!isTruncated) skipTo(Math.min(merges.lastRow, area.bottom) + 1);
      const columns = Array.from({ length: lastColumn - area.left + 1 }, (_, index) => {
        const column = area.left + index;
        return {
          name: names?.nameOf(column) ?? columnLetters(column),
          column: columnLetters(column),
          kinds: Object.fromEntries(kinds.get(column) ?? []),
        };
      });
      return { header, columns, rows, emptyRows, isTruncated, formulas, errors };
    },
  };
}

function createValues(left: number, right: number): Value[] {
  return Array.from({ length: Math.max(0, right - left + 1) }, () => null);
}
