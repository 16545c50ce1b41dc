import type { Dialect, TableShape } from "./dialect.ts";
import { createCloseFinder, type Close } from "./find-close.ts";
import { createTextCursor } from "./text-cursor.ts";

export interface CsvRecord {
  cells: string[];
  /** Where the line end after the record is. */
  end: number;
  lines: number;
  quoteErrors: number;
  hasStrayQuote: boolean;
}

/** At the end of a text that is too long, quotes still wait for the next one. */
const KEPT_LENGTH = 1 << 20;

/** Reads records with quotes or escapes. A quote opens a value only at its start. */
export function createRecordReader(dialect: Dialect, table: TableShape | undefined) {
  const { delimiter, quote, escape, newline } = dialect;
  const cursor = createTextCursor(dialect);
  const { findClose, isEscaped } = createCloseFinder(dialect, cursor, table);
  let isWaiting = true;

  function unescape(value: string): string {
    let unescaped = "";
    let from = 0;
    for (let at = value.indexOf(escape); at !== -1; at = value.indexOf(escape, at + 2)) {
      const next = value[at + 1];
      if (next !== quote && next !== escape && next !== delimiter[0]) continue;
      unescaped += value.slice(from, at);
      from = at + 1;
    }
    return unescaped + value.slice(from);
  }

  /** Adds the quoted value, and returns where it ends. */
  function addQuoted(record: CsvRecord, open: number, close: Close): number {
    let value = cursor.text.slice(open + 1, close.at);
    if (escape !== "" && value.includes(escape)) value = unescape(value);
    if (value.includes(quote)) value = value.replaceAll(quote + quote, quote);
    record.cells.push(value);
    if (close.strayQuotes > 0) record.quoteErrors += 1;
    record.lines += countLines(open, close.at);
    return close.after;
  }

  /** Adds the value without quotes, and returns where it ends. */
  function addPlain(record: CsvRecord, start: number): number {
    const lineEnd = cursor.nextNewline(start);
    let end = Math.min(cursor.nextDelimiter(start), lineEnd);
    while (end < lineEnd && isEscaped(end, start)) {
      end = Math.min(cursor.nextDelimiter(end + 1), lineEnd);
    }
    const value = cursor.text.slice(start, end);
    record.cells.push(escape !== "" && value.includes(escape) ? unescape(value) : value);
    if (quote !== "" && value.includes(quote)) record.quoteErrors += 1;
    return end;
  }

  function countLines(from: number, to: number): number {
    let lines = 0;
    let at = cursor.text.indexOf(newline, from);
    for (; at !== -1 && at < to; lines++) at = cursor.text.indexOf(newline, at + 1);
    return lines;
  }

  /** Returns where the value at `start` ends, or null if that is in text that is still to come. */
  function addValue(record: CsvRecord, start: number, lineStart: number): number | null {
    const open = cursor.skipSpaces(start);
    if (quote === "" || !cursor.text.startsWith(quote, open)) return addPlain(record, start);
    const close = findClose(open, lineStart);
    if (close.needsMore && (isWaiting || open > cursor.text.length - KEPT_LENGTH)) return null;
    if (close.at !== -1) return addQuoted(record, open, close);
    record.hasStrayQuote = true;
    return addPlain(record, start);
  }

  return {
    /** Without `isWaitingForQuotes`, an unclosed quote is text although more text is to come. */
    begin(text: string, isLast: boolean, isWaitingForQuotes: boolean): void {
      cursor.begin(text, isLast);
      isWaiting = isWaitingForQuotes;
    },
    /** Returns null if the record continues in text that is still to come. */
    read(start: number): CsvRecord | null {
      const record: CsvRecord = {
        cells: [],
        end: 0,
        lines: 1,
        quoteErrors: 0,
        hasStrayQuote: false,
      };
      const { text } = cursor;
      let end = start - delimiter.length;
      do {
        const next = addValue(record, end + delimiter.length, start);
        if (next === null) return null;
        end = next;
      } while (end < text.length && text.startsWith(delimiter, end));
      if (end >= text.length && !cursor.isLast) return null;
      record.end = end;
      return record;
    },
  };
}
