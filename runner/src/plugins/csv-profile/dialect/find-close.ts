import type { Dialect, TableShape } from "./dialect.ts";
import type { TextCursor } from "./text-cursor.ts";

/** Where a quoted value ends. */
export interface Close {
  /** The closing quote, or -1 if there is none. */
  readonly at: number;
  /** Where the value's delimiter or line end is. */
  readonly after: number;
  readonly strayQuotes: number;
  /** Whether more text can change the result. */
  readonly needsMore: boolean;
}

const NONE: Close = { at: -1, after: -1, strayQuotes: 0, needsMore: false };

/**
 * Finds the end of quoted values. A quote closes a value only before a delimiter or a line end. A
 * value that takes in the next rows of the table has a stray quote at its start, and no end.
 */
export function createCloseFinder(
  { delimiter, quote, escape, newline }: Dialect,
  cursor: TextCursor,
  table: TableShape | undefined,
) {
  /** From this quote on, the text of this generation closes no value. Else each would be searched. */
  let unclosed = { generation: -1, from: 0 };

  /** Whether the character at `at` has an odd number of escapes before it. */
  function isEscaped(at: number, from: number): boolean {
    if (escape === "") return false;
    let first = at;
    while (first > from && cursor.text[first - 1] === escape) first -= 1;
    return (at - first) % 2 === 1;
  }

  /**
   * Whether the quote whose value continues after `lineEnd` is text: its line is a row of the table
   * without it. The next line must be one too, unless other quotes in the value are stray.
   */
  function isStray(lineStart: number, lineEnd: number, hasStrayQuotes: boolean): boolean {
    if (table === undefined) return false;
    const { text } = cursor;
    const cells = text.slice(lineStart, lineEnd).split(delimiter);
    if (cells.length !== table.width) return false;
    if (hasStrayQuotes) return true;
    const nextEnd = text.indexOf(newline, lineEnd + 1);
    const next = text.slice(lineEnd + 1, nextEnd === -1 ? text.length : nextEnd);
    return table.fits(cells) && table.fits(next.split(delimiter));
  }

  /** `open` is the opening quote, and `lineStart` the start of its row. */
  function findClose(open: number, lineStart: number): Close {
    const { text, isLast } = cursor;
    const isKnown = unclosed.generation === cursor.generation && open >= unclosed.from;
    // Within a row of quotes, it depends on the first one which of them close.
    if (isKnown && text[open + 1] !== quote) return { ...NONE, needsMore: !isLast };
    const lineEnd = cursor.nextNewline(open);
    let strayQuotes = 0;
    for (let at = text.indexOf(quote, open + 1); at !== -1; at = text.indexOf(quote, at + 1)) {
      if (isEscaped(at, open + 1)) continue;
      if (text[at + 1] === quote) {
        at += 1;
        continue;
      }
      const after = cursor.skipSpaces(at + 1);
      if (!isLast && after + delimiter.length > text.length) return { ...NONE, needsMore: true };
      const isClose = cursor.endsValue(after);
      if (!isClose) strayQuotes += 1;
      if (at > lineEnd && isStray(lineStart, lineEnd, strayQuotes > 0)) return NONE;
      if (isClose) return { at, after, strayQuotes, needsMore: false };
    }
    unclosed = { generation: cursor.generation, from: open };
    return { ...NONE, needsMore: !isLast };
  }

  return { findClose, isEscaped };
}
