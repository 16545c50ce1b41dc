/**
 * Numbers that JavaScript's number cannot represent, such as an id of 19 digits. In a parsed value
 * they are objects of `JSON.rawJSON`, which JSON.stringify writes as their source text.
 */
declare global {
  interface JSON {
    rawJSON(text: string): { readonly rawJSON: string };
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}

const ZERO = 0x30;

/** Up to 15 digits and far from the limits of the exponent, so always exact. The rest costs 1 µs. */
const SHORT = /^-?[\d.]{1,15}(?:[eE][+-]?\d\d?)?$/;

/** JavaScript writes integers of up to 21 digits without an exponent. */
const INTEGER = /^-?[1-9]\d{0,20}$/;

/** Objects and arrays that contain such a number. Others need no copy, however large they are. */
const holders = new WeakSet<object>();

export function markHolder(holder: object): void {
  holders.add(holder);
}

export function holdsExactNumber(value: unknown): boolean {
  return typeof value === "object" && value !== null && holders.has(value);
}

/** The value as JavaScript sees it, with each number as the nearest one. For checks by a schema. */
export function withPlainNumbers(value: unknown): unknown {
  if (JSON.isRawJSON(value)) return Number(value.rawJSON);
  if (!holdsExactNumber(value)) return value;
  if (Array.isArray(value)) return value.map(withPlainNumbers);
  const entries = Object.entries(value as object).map(([key, member]) => [
    key,
    withPlainNumbers(member),
  ]);
  return Object.fromEntries(entries);
}

/** Whether the text of a JSON number and the number that JavaScript reads from it are the same. */
export function isExact(source: string): boolean {
  if (SHORT.test(source)) return true;
  const read = Number(source);
  const written = String(read);
  // Most programs write the shortest text of a double, as JavaScript does.
  if (written === source) return true;
  if (INTEGER.test(source)) return false;
  return Number.isFinite(read) && toDigits(source) === toDigits(written);
}

/** `-12.50e3` becomes `125e2`: the significant digits and a power of ten. Zero becomes "". */
function toDigits(text: string): string {
  const [mantissa = "", exponent = "0"] = text.replace(/^-/, "").toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const short = withoutTrailingZeros(digits);
  const power = Number(exponent) - fraction.length + digits.length - short.length;
  return short === "" ? "" : `${short}e${power}`;
}

/** A pattern such as `0+$` takes quadratic time when many zeros are not at the end. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end -= 1;
  return digits.slice(0, end);
}

/** Parses JSON that is known to be valid. Numbers that JavaScript would change stay as they are. */
export function parseExact(text: string): unknown {
  return JSON.parse(
    text,
    function (this: object, ...[, value, context]: [string, unknown, { source?: string }?]) {
      const source = context?.source;
      const isChanged = typeof value === "number" && source !== undefined && !isExact(source);
      if (isChanged || holdsExactNumber(value)) markHolder(this);
      return isChanged ? JSON.rawJSON(source) : value;
    },
  );
}
