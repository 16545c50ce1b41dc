/** JSON whose integers beyond 2^53 stay exact: they are parsed as BigInt. */

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Stands before a large integer while it is a string. */
const MARK = "\u0000integer:";
const MARKED = /"\\u0000integer:(-?\d+)"/g;

/** Throws SyntaxError when the text is not JSON. */
export function parseExact(text: string): unknown {
  // The message of a syntax error is about the text as it was given.
  JSON.parse(text);
  const marked = text.replace(STRING_OR_NUMBER, (token) =>
    isLargeInteger(token) ? JSON.stringify(MARK + token) : token,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}

export function stringifyExact(value: unknown, indent?: number): string {
  const marked = JSON.stringify(
    value,
    (_, part: unknown) => (typeof part === "bigint" ? `${MARK}${part}` : part),
    indent,
  ) as string | undefined;
  return marked?.replace(MARKED, "$1") ?? "null";
}

export function isLargeInteger(text: string): boolean {
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text));
}

/** For code that does not know BigInt: large integers become strings with a mark, which `stringifyExact` writes as integers. */
export function markIntegers(value: unknown): unknown {
  if (typeof value === "bigint") return `${MARK}${value}`;
  if (Array.isArray(value)) return value.map(markIntegers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, markIntegers(part)]),
  );
}

/** The digits of an integer with a mark, or null. */
export function markedInteger(value: unknown): string | null {
  return typeof value === "string" && value.startsWith(MARK) ? value.slice(MARK.length) : null;
}
