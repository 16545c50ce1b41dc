import { detectComment, lastCommentLine, readSeparatorLine } from "./detect-marks.ts";
import { detectDialect, type Candidate, type KnownDialect } from "./detect-dialect.ts";
import { findTable, type FoundTable, type KnownTable } from "./find-table.ts";
import { toLineEnds } from "./line-ends.ts";
import type { Dialect, TableShape } from "./dialect.ts";
import { sampleRows, type Sample } from "./sample-rows.ts";
import { readValue } from "../profile/value-kind.ts";

export interface Analysis {
  readonly dialect: Dialect;
  readonly table: FoundTable;
  /** The names of the columns, each different. */
  readonly names: readonly string[];
  /** The header as written, to find it again further below. Null without one. */
  readonly header: readonly string[] | null;
  readonly shape: TableShape | undefined;
  /** Where the first row of data starts in the text with one kind of line ends, and its line. */
  readonly start: number;
  readonly line: number;
  /** The line where the table starts. */
  readonly firstLine: number;
  /** The lines before the table. */
  readonly preamble: readonly string[];
  /** The delimiter of a `sep=` line. */
  readonly separatorLine: string | undefined;
  /** All dialects that were tried, best first. */
  readonly candidates: readonly Candidate[];
}

const FORMAT = { decimal: "auto", thousands: "auto", dateFormat: "auto" } as const;

/** Finds the dialect and the table in the beginning of a text. Null if there is no row. */
export function analyze(sample: Sample, known: KnownDialect & KnownTable): Analysis | null {
  const separator = readSeparatorLine(sample.text);
  const body: Sample = { ...sample, text: sample.text.slice(separator.length) };
  const comment = known.comment ?? detectComment(body.text);
  const delimiter = known.delimiter ?? separator.delimiter;
  const candidates = detectDialect(body, { ...known, comment, delimiter });
  const best = candidates[0];
  if (best === undefined) return null;
  const { dialect } = best;
  const rows = sampleRows(body, dialect);
  const linesBefore = separator.length > 0 ? 1 : 0;
  const skipRows = known.skipRows === undefined ? undefined : known.skipRows - linesBefore;
  const table = findTable(rows, { header: known.header, skipRows });
  if (table === null) return null;
  const head = rows[table.first]!;
  const text = toLineEnds(body.text, dialect.newline);
  const before = text.slice(0, head.start);
  const commented =
    known.header === false
      ? null
      : commentedHeader(before, dialect, { ...table, head: head.cells });
  const names = commented ?? table.names;
  const hasHeader = table.hasHeader && commented === null;
  const header = commented ?? (table.hasHeader ? head.cells : null);
  const start = hasHeader ? Math.min(text.length, head.end + 1) : head.start;
  const headLines = text.slice(head.start, start).split(dialect.newline).length - 1;
  return {
    dialect,
    table: { ...table, hasHeader: header !== null },
    names: toUniqueNames(names),
    header,
    shape: toShape(table),
    start: start + toLineEnds(sample.text.slice(0, separator.length), dialect.newline).length,
    line: head.line + headLines + linesBefore,
    firstLine: head.line + linesBefore,
    preamble: before.split(dialect.newline).filter((line) => line !== ""),
    separatorLine: separator.delimiter,
    candidates,
  };
}

/** The header of `#id,name`: a comment with as many cells as there are columns. */
function commentedHeader(
  before: string,
  { comment, delimiter }: Dialect,
  { first, hasHeader, typed, names, head }: FoundTable & { head: readonly string[] },
): string[] | null {
  const line = lastCommentLine(before, comment);
  if (line === null || first > 0) return null;
  const cells = line.split(delimiter).map((cell) => cell.trim());
  if (cells.length !== names.length || cells.length < 2) return null;
  const isNamed = hasHeader && head.some((_, index) => typed[index]);
  return isNamed || (hasHeader && line.startsWith(" ")) ? null : cells;
}

function toShape({ names, typed }: FoundTable): TableShape | undefined {
  const width = names.length;
  if (width < 2) return undefined;
  const isTyped = (cell: string): boolean => {
    const { kind } = readValue(cell.trim().replaceAll('"', ""), FORMAT);
    return kind !== "string";
  };
  return {
    width,
    fits(cells) {
      if (cells.length !== width) return false;
      const checked = cells.filter((cell, index) => typed[index] && cell.trim() !== "");
      return checked.length > 0 && checked.every((cell) => isTyped(cell));
    },
  };
}

/** Makes the names unique: an empty one becomes `column 3`, a repeated one `price (2)`. */
function toUniqueNames(header: readonly string[]): string[] {
  const used = new Set<string>();
  return header.map((written, index) => {
    const name = written.trim() || `column ${index + 1}`;
    let unique = name;
    for (let copy = 2; used.has(unique); copy++) unique = `${name} (${copy})`;
    used.add(unique);
    return unique;
  });
}
