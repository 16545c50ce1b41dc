import { readValue } from "../profile/value-kind.ts";
import type { Row } from "./row-splitter.ts";
import { filledLength } from "./detect-dialect.ts";

export interface KnownTable {
  readonly header?: boolean | undefined;
  /** How many lines are before the table. */
  readonly skipRows?: number | undefined;
}

export interface FoundTable {
  /** The index of the table's first row: its header, or a row of data without one. */
  readonly first: number;
  readonly hasHeader: boolean;
  /** The names as written, one for each column. Empty texts without a header. */
  readonly names: readonly string[];
  /** Whether the rows begin with a name that has no column in the header, as R writes them. */
  readonly hasRowNames: boolean;
  /** Whether the column's values are numbers, dates or booleans. */
  readonly typed: readonly boolean[];
}

/** A table with a longer text before it needs the option `skipRows`. */
const MAX_PREAMBLE_ROWS = 100;
const ROW_NAME_IS_COLUMN = /^(?:id|nr|no|#|n|index|idx|row|key|code)\.?$/i;
const FORMAT = { decimal: "auto", thousands: "auto", dateFormat: "auto" } as const;

const EXAMINED_ROWS = 300;

type Cells = readonly string[];

/** Finds the first row of the table, which can have titles or notes before it, and its columns. */
export function findTable(rows: readonly Row[], known: KnownTable): FoundTable | null {
  const cells = rows.slice(0, EXAMINED_ROWS).map((row) => row.cells);
  let first = 0;
  if (known.skipRows !== undefined) {
    first = rows.findIndex(({ line }) => line > known.skipRows!);
    if (first === -1) return null;
  } else {
    const last = Math.min(MAX_PREAMBLE_ROWS, cells.length - 1);
    while (first < last && isPreamble(cells, first, known.header)) first += 1;
    if (!isTable(cells, first)) first = 0;
  }
  const head = cells[first];
  if (head === undefined) return null;
  const below = cells.slice(first + 1);
  const hasHeader = known.header ?? isHeader(head, below);
  if (!hasHeader) {
    const data = cells.slice(first);
    const width = dataWidth(data);
    return {
      first,
      hasHeader,
      names: Array.from({ length: width }, () => ""),
      hasRowNames: false,
      typed: typedColumns(data, width),
    };
  }
  const hasRowNames = known.header !== false && beginWithNames(head, below);
  const names = hasRowNames ? ["", ...head] : head;
  return { first, hasHeader, names, hasRowNames, typed: typedColumns(below, names.length) };
}

const isTypedCell = (cell: string): boolean => {
  const { kind } = readValue(cell.trim(), FORMAT);
  return kind === "integer" || kind === "number" || kind === "date" || kind === "boolean";
};

const countFilled = (cells: Cells): number => cells.filter((cell) => cell.trim() !== "").length;

/** The usual number of cells. Long rows count more, because titles and notes are short. */
function usualWidth(rows: readonly Cells[]): number {
  const weights = new Map<number, number>();
  for (const { length } of rows) {
    weights.set(length, (weights.get(length) ?? 0) + Math.max(0.5, length - 1));
  }
  let width = 0;
  let best = 0;
  for (const [length, weight] of weights) {
    if (weight < best || (weight === best && length > width)) continue;
    [width, best] = [length, weight];
  }
  return width;
}

function isPreamble(rows: readonly Cells[], at: number, header: boolean | undefined): boolean {
  const row = rows[at]!;
  const below = rows.slice(at + 1);
  const width = dataWidth(below);
  if (row.length === width) {
    // Spreadsheets write a title as wide as the table, with empty cells.
    if (header === false || width < 2 || countFilled(row) > width / 2) return false;
    if (isNamed(row, below)) return false;
    if (width === 2) return hasNamedRow(below, width);
    return below.slice(0, 20).some((cells) => countFilled(cells) > width / 2);
  }
  if (row.length > width) return hasNamedRow(below, width) && !isNamed(row, below);
  if (hasNamedRow(below, width) || row.some((cell) => isTypedCell(cell))) return true;
  if (row.length === 1) return !below.every((cells) => filledLength(cells) <= 1);
  const isOneShort = row.length === width - 1 && below.every((cells) => cells.length === width);
  return !isOneShort && !below.some((cells) => cells.some((cell) => isTypedCell(cell)));
}

/**
 * Whether the rows from `first` on look more like the table than the rows above them. A last row
 * that is longer or shorter than the others is no table below notes.
 */
function isTable(rows: readonly Cells[], first: number): boolean {
  const head = rows[first] ?? [];
  const below = rows.slice(first + 1);
  if (rows.slice(0, first).every((cells) => countFilled(cells) <= 1)) return true;
  if (below.length === 0) return !head.some((cell) => isTypedCell(cell));
  return below.length > 1 || filledLength(below[0]!) === filledLength(head);
}

function hasNamedRow(rows: readonly Cells[], width: number): boolean {
  return rows
    .slice(0, MAX_PREAMBLE_ROWS)
    .some((cells, index) => cells.length >= width - 1 && isNamed(cells, rows.slice(index + 1)));
}

/** Whether the row holds names above columns of numbers or dates. */
function isNamed(row: Cells, below: readonly Cells[]): boolean {
  if (row.some((cell) => isTypedCell(cell) && !isYear(cell))) return false;
  const typed = typedColumns(below.slice(0, 30), row.length);
  return row.some((cell, index) => typed[index] && cell.trim() !== "" && !isTypedCell(cell));
}

function isYear(cell: string): boolean {
  return /^(?:1[89]|20|21)\d\d$/.test(cell.trim());
}

function typedColumns(rows: readonly Cells[], width: number): boolean[] {
  return Array.from({ length: width }, (_, index) => {
    const filled = rows.flatMap((cells) => {
      const cell = cells[index]?.trim() ?? "";
      return cell === "" ? [] : [cell];
    });
    const typed = filled.filter((cell) => isTypedCell(cell)).length;
    return filled.length > 0 && typed >= 0.8 * filled.length;
  });
}

/** A header differs from its columns: a name above numbers, or a text that is no value below. */
function isHeader(head: Cells, below: readonly Cells[]): boolean {
  if (below.length === 0) return !head.some((cell) => isTypedCell(cell));
  const typed = typedColumns(below, head.length);
  let names = 0;
  let values = 0;
  for (const [index, cell] of head.entries()) {
    if (!typed[index] || cell.trim() === "") continue;
    if (!isTypedCell(cell)) names += 1;
    else if (!isYear(cell) || below.every((cells) => isYear(cells[index] ?? ""))) values += 1;
  }
  if (names > 0 || values > 0) return names >= values;
  const isRepeated = below.some((cells) => head.every((cell, index) => cells[index] === cell));
  if (isRepeated) return true;
  return !head.some((cell, index) => {
    const isText = cell.trim() !== "";
    return isText && below.some((cells) => cells[index] === cell);
  });
}

function beginWithNames(head: Cells, below: readonly Cells[]): boolean {
  const width = head.length + 1;
  if (below.length < 2 || below.some((cells) => cells.length !== width)) return false;
  if (below.every((cells) => cells[width - 1]!.trim() === "")) return false;
  const names = below.map((cells) => cells[0]!);
  if (new Set(names).size < names.length) return false;
  if (names.every((name) => !isTypedCell(name))) return true;
  const start = Number(names[0]);
  const isNumbered =
    start <= 1 && names.every((name, index) => Number(name) === start + index && name !== "");
  return isNumbered && names.length > 2 && !ROW_NAME_IS_COLUMN.test(head[0]!.trim());
}

/** The columns of rows without a header. A delimiter at the end of only some rows is no column. */
function dataWidth(rows: readonly Cells[]): number {
  const width = usualWidth(rows);
  const full = rows.filter((cells) => cells.length === width);
  const filled = Math.max(...full.map((cells) => filledLength(cells)));
  return filled < width && rows.some((cells) => cells.length === filled) ? filled : width;
}
