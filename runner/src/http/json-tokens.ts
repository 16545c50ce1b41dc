/** Finds the ends of tokens in JSON text that may be invalid. */
export const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The index of the quote that ends the JSON string whose first quote is at `start`, or the text's length. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

export function startsNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d;
}

/** The index after the JSON number that begins at `start`. */
export function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (isInNumber(text.charCodeAt(end))) end += 1;
  return end;
}

function isInNumber(code: number): boolean {
  // Digits and `.`, then `e` or `E`, then the signs.
  return (code >= 0x2d && code <= 0x39 && code !== 0x2f) || (code | 0x20) === 0x65 || code === 0x2b;
}
