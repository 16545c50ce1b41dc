import type { Dialect } from "./dialect.ts";

const BYTE_ORDER_MARK = 0xfeff;
const SPACE = 0x20;
const TAB = 0x09;

/** The text that is being read, with searches that remember what they found. */
export function createTextCursor({ delimiter, newline }: Dialect) {
  const cursor = {
    text: "",
    isLast: false,
    /** Counts the texts. */
    generation: 0,
    begin,
    nextDelimiter,
    nextNewline,
    skipSpaces,
    endsValue,
  };
  let delimiterAt = -1;
  let newlineAt = -1;

  function begin(text: string, isLast: boolean): void {
    cursor.text = text;
    cursor.isLast = isLast;
    cursor.generation += 1;
    delimiterAt = -1;
    newlineAt = -1;
  }

  /** The first delimiter at or after `from`, or the end of the text. Calls must ascend. */
  function nextDelimiter(from: number): number {
    if (delimiterAt < from) delimiterAt = find(delimiter, from);
    return delimiterAt;
  }

  /** As `nextDelimiter`. */
  function nextNewline(from: number): number {
    if (newlineAt < from) newlineAt = find(newline, from);
    return newlineAt;
  }

  function find(searched: string, from: number): number {
    const at = cursor.text.indexOf(searched, from);
    return at === -1 ? cursor.text.length : at;
  }

  function skipSpaces(from: number): number {
    const { text } = cursor;
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const isSpace = code === SPACE || code === BYTE_ORDER_MARK || code === TAB;
      if (!isSpace || text.startsWith(delimiter, at)) break;
    }
    return at;
  }

  function endsValue(at: number): boolean {
    const { text } = cursor;
    return at >= text.length || text.startsWith(newline, at) || text.startsWith(delimiter, at);
  }

  return cursor;
}
export type TextCursor = ReturnType<typeof createTextCursor>;
