/**
 * Bounds on what an expression can build. V8 ends the whole process when one allocation exceeds the
 * heap limit of a thread, so `$pad("", 200000000)` must not reach it.
 */
import type jsonata from "jsonata";

/** JSONata's own bound for ranges. */
const MAX_ITEMS = 10_000_000;
/** Measured: with ranges of 10,000,000 numbers, an expression can end the process. */
const MAX_RANGE = 1_000_000;
/** More than the largest request body by default, 16 MiB. JSONata needs up to 12 bytes a character. */
const MAX_TEXT = 20_000_000;
/**
 * The depth of nested evaluations, about three for each call of a function. Measured: an endless
 * recursion of this depth needs less than 64 MB of heap. JSONata's guide calculates $factorial(170).
 */
const MAX_DEPTH = 10_000;

export const BOUNDS = { stack: MAX_DEPTH, sequence: MAX_ITEMS } as const;

/** JSONata calls what has this name after it has evaluated a part of the expression. */
const AFTER_EVALUATION = Symbol.for("jsonata.__evaluate_exit");
/** The parts that build a text. Others select one, which can be as large as the input. */
const BUILDERS = new Set(["binary", "function", "apply"]);

/** Refuses a long text, list or range after it is built, and before it is built if it would be a single allocation. */
export function bound(expression: jsonata.Expression): void {
  expression.registerFunction("pad", pad, "<s-ns?:s>");
  expression.registerFunction("join", join, "<a<s>s?:s>");
  expression.registerFunction("max", (numbers) => most(numbers, Math.max), "<a<n>:n>");
  expression.registerFunction("min", (numbers) => most(numbers, Math.min), "<a<n>:n>");
  // Its type allows only strings as names.
  expression.assign(AFTER_EVALUATION as unknown as string, checkSize);
}

/** JSONata passes the part, its input, the environment and the result. */
function checkSize(part: jsonata.ExprNode, ...[, , result]: unknown[]): void {
  if (!BUILDERS.has(part.type)) return;
  if (typeof result === "string") {
    checkLength(result.length, part.position);
  } else if (part.value === ".." && Array.isArray(result) && result.length > MAX_RANGE) {
    refuse(`builds a range of ${result.length} numbers`, MAX_RANGE, part.position);
  } else if (Array.isArray(result) && result.length > MAX_ITEMS) {
    refuse(`builds a list of ${result.length} items`, MAX_ITEMS, part.position);
  }
}

function checkLength(length: number, position?: number): void {
  if (length > MAX_TEXT) refuse(`builds a text of ${length} characters`, MAX_TEXT, position);
}

function refuse(what: string, limit: number, position: number | undefined): never {
  const error = new Error(`it ${what}: it can build at most ${limit}`);
  throw position === undefined ? error : Object.assign(error, { position });
}

/** `$pad` of JSONata makes a list with one item for each character it adds. */
function pad(text: string | undefined, width: number, char?: string): string | undefined {
  if (text === undefined) return undefined;
  const size = Math.abs(Math.trunc(width));
  checkLength(size);
  const missing = size - Array.from(text).length;
  if (missing <= 0) return text;
  const fill = Array.from(char || " ");
  const whole = fill.join("").repeat(Math.floor(missing / fill.length));
  const padding = whole + fill.slice(0, missing % fill.length).join("");
  return width > 0 ? text + padding : padding + text;
}

function join(texts: string[] | undefined, separator = ""): string | undefined {
  if (texts === undefined) return undefined;
  checkLength(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
}

/** `$max` of JSONata passes all numbers as arguments, and 120,000 are too many. */
function most(
  numbers: readonly number[] | undefined,
  choose: (a: number, b: number) => number,
): number | undefined {
  return numbers?.length ? numbers.reduce((found, next) => choose(found, next)) : undefined;
}
