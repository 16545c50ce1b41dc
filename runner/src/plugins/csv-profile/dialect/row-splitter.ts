import type { Dialect, TableShape } from "./dialect.ts";
import { createRecordReader } from "./record-reader.ts";

export interface Row {
  cells: string[];
  /** The number of the row's first line in the text, counted from 1. */
  line: number;
  /** Where the row starts in the text, and where its line end is. */
  start: number;
  end: number;
  /** Quotes where the format does not allow one. */
  quoteErrors: number;
  /** Whether a quote was read as text because it opened a value that does not end. */
  hasStrayQuote: boolean;
}

export interface RowSplitterOptions {
  /** Decides whether a quote is a stray one. */
  readonly table?: TableShape | undefined;
  readonly line?: number | undefined;
  /** Receives every row except blank and comment lines. The row is reused for the next one. */
  onRow(row: Row): void;
}

/** DOS programs end a text with this character. */
const END_OF_FILE = "\u001A";

const BYTE_ORDER_MARK = 0xfeff;

/** Longer than any real row. A longer text without a line end has another format. */
export const MAX_ROW_LENGTH = 16 << 20;

/** Splits text into rows and cells, piece by piece. */
export function createRowSplitter(dialect: Dialect, options: RowSplitterOptions) {
  const { delimiter, quote, escape, comment, newline } = dialect;
  const records = createRecordReader(dialect, options.table);
  const row: Row = {
    cells: [],
    line: options.line ?? 1,
    start: 0,
    end: 0,
    quoteErrors: 0,
    hasStrayQuote: false,
  };
  const skipped = { blankLines: 0, commentLines: 0 };
  let rest = "";
  let restStart = 0;
  let line = row.line;

  function isSkipped(text: string, at: number, end: number): boolean {
    if (end === at || (end === at + 1 && text[at] === END_OF_FILE)) {
      skipped.blankLines += 1;
      return true;
    }
    if (comment === "" || !text.startsWith(comment, at)) return false;
    skipped.commentLines += 1;
    return true;
  }

  function emit(cells: string[], start: number, end: number): void {
    // Files that were joined have the mark of each file.
    if (cells[0]!.charCodeAt(0) === BYTE_ORDER_MARK) cells[0] = cells[0]!.slice(1);
    row.cells = cells;
    row.line = line;
    row.start = restStart + start;
    row.end = restStart + end;
    options.onRow(row);
  }

  /** Reads the complete rows of `text` and returns where the first incomplete one starts. */
  function readRows(text: string, isLast: boolean, isWaiting: boolean): number {
    records.begin(text, isLast, isWaiting);
    let at = 0;
    let special = nextSpecial(text, 0);
    while (at < text.length) {
      let end = text.indexOf(newline, at);
      if (end === -1) {
        if (!isLast) return at;
        end = text.length;
      }
      if (isSkipped(text, at, end)) {
        at = end + 1;
        line += 1;
        continue;
      }
      if (special !== -1 && special < at) special = nextSpecial(text, at);
      if (special === -1 || special >= end) {
        row.quoteErrors = 0;
        row.hasStrayQuote = false;
        emit(text.slice(at, end).split(delimiter), at, end);
        line += 1;
      } else {
        const record = records.read(at);
        if (record === null) return at;
        end = record.end;
        row.quoteErrors = record.quoteErrors;
        row.hasStrayQuote = record.hasStrayQuote;
        emit(record.cells, at, end);
        line += record.lines;
      }
      at = end + 1;
    }
    return text.length;
  }

  /** The next character that a plain split would get wrong. */
  function nextSpecial(text: string, from: number): number {
    const quoteAt = quote === "" ? -1 : text.indexOf(quote, from);
    if (escape === "") return quoteAt;
    const escapeAt = text.indexOf(escape, from);
    if (quoteAt === -1 || escapeAt === -1) return Math.max(quoteAt, escapeAt);
    return Math.min(quoteAt, escapeAt);
  }

  function advance(text: string, { isLast = false, isWaiting = true } = {}): void {
    const end = readRows(text, isLast, isWaiting);
    rest = text.slice(end);
    restStart += end;
  }

  return {
    skipped,
    push(piece: string): void {
      advance(rest + piece);
      if (rest.length <= MAX_ROW_LENGTH) return;
      if (!rest.includes(newline)) {
        throw new Error(
          `line ${line} has more than ${MAX_ROW_LENGTH} characters: a row must be shorter. Check whether the data is CSV.`,
        );
      }
      advance(rest, { isWaiting: false });
    },
    end(): void {
      let text = rest;
      while (text.endsWith(END_OF_FILE)) text = text.slice(0, -1);
      advance(text, { isLast: true });
    },
  };
}
