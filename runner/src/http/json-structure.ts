/** Bounds what JSON text becomes in memory before it is parsed: its bytes do not say. */
import { endOfNumber, endOfString, QUOTE, startsNumber } from "./json-tokens.ts";

/** Deeper JSON is refused. It parses, but serializing or checking it would overflow the stack. */
export const MAX_DEPTH = 500;

/**
 * Most values in one body: arrays, objects and their items and members. Measured with 1 million: the
 * scan takes 20 ms of the main thread, and the parser 30 ms for numbers, 50 ms for empty objects and
 * 480 ms when each object has a key of its own. A body of 16 MiB could contain 8 million.
 */
export const MAX_VALUES = 1_000_000;

/** A shorter number without an exponent is exact (ECMA-262: 15 digits always are). */
const LONG_NUMBER = 16;

const COMMA = 0x2c;

export interface JsonStructure {
  /** The number of values. Empty containers with white space in them count twice. */
  readonly values: number;
  readonly depth: number;
  /** Whether a number could need more digits than JavaScript's number has. */
  readonly hasLongNumber: boolean;
}

/** Scans the text until its end, or until there are more levels or values than allowed. */
export function scanJson(
  text: string,
  { maxDepth = MAX_DEPTH, maxValues = MAX_VALUES } = {},
): JsonStructure {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  let hasLongNumber = false;
  const { length } = text;
  for (let at = 0; at < length && values <= maxValues && deepest <= maxDepth; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) values += 1;
    else if (startsNumber(code)) {
      const end = endOfNumber(text, at);
      hasLongNumber ||= isLongNumber(text, at, end);
      at = end - 1;
    }
    // `[` and `{` differ only in the bit 0x20, and so do `]` and `}`.
    else if ((code | 0x20) === 0x7b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if ((text.charCodeAt(at + 1) | 0x20) !== 0x7d) values += 1;
    } else if ((code | 0x20) === 0x7d) depth -= 1;
  }
  return { values, depth: deepest, hasLongNumber };
}

/** Whether the number from `start` to `end` is too long to be known as exact without a check. */
export function isLongNumber(text: string, start: number, end: number): boolean {
  if (end - start >= LONG_NUMBER) return true;
  for (let at = start + 1; at < end; at += 1) {
    if ((text.charCodeAt(at) | 0x20) === 0x65) return true;
  }
  return false;
}
