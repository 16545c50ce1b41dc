/** Parses what a plugin receives, and finds the integers that JavaScript's number changes. */
import { isExact } from "../../domain/exact-number.ts";
import type { JsonText } from "../../domain/json-text.ts";

export interface ParsedJson {
  readonly value: unknown;
  /** The integers that were changed. Empty with `exactIntegers`. */
  readonly changed: readonly ChangedInteger[];
}

export interface ChangedInteger {
  /** JSON Pointer, RFC 6901. */
  readonly path: string;
  readonly sent: string;
  readonly received: number;
}

/** The start of an integer of 16 digits or more, or of a text that looks like one, which only costs time. */
const CANDIDATE = /(?:^|[[,:\s])-?(?=\d{16})/g;
const FRACTION_OR_EXPONENT = /[.eE]/;
const ZERO = 0x30;
const NINE = 0x39;

/** `source` is the text of a number, which TypeScript's own types do not have yet. */
type ReviverArguments = [member: unknown, context?: { readonly source?: string }];

/** With `exactIntegers`, each integer outside of the safe range becomes a BigInt, whatever its digits are. */
export function parseJson(
  text: JsonText,
  { exactIntegers }: { exactIntegers: boolean },
): ParsedJson {
  const isWanted = exactIntegers ? isUnsafe : isInexact;
  if (!contains(text, isWanted)) return { value: JSON.parse(text), changed: [] };
  const found: { holder: object; key: string; source: string }[] = [];
  // A reviver costs much time in a large text, so it only runs when there is a candidate.
  function revive(this: object, key: string, ...[member, context]: ReviverArguments): unknown {
    const source = context?.source ?? "";
    if (typeof member !== "number" || FRACTION_OR_EXPONENT.test(source) || !isWanted(source))
      return member;
    if (exactIntegers) return BigInt(source);
    found.push({ holder: this, key, source });
    return member;
  }
  const value: unknown = JSON.parse(text, revive);
  if (found.length === 0) return { value, changed: [] };
  const paths = pathsOf(value, new Set(found.map(({ holder }) => holder)));
  const changed = found.map(({ holder, key, source }) => ({
    // The root's holder is an object that is not part of the value.
    path: paths.has(holder) ? `${paths.get(holder)}${toPointer([key])}` : "",
    sent: source,
    received: Number(source),
  }));
  return { value, changed };
}

function isUnsafe(source: string): boolean {
  return !Number.isSafeInteger(Number(source));
}

function isInexact(source: string): boolean {
  return isUnsafe(source) && !isExact(source);
}

function contains(text: string, isWanted: (source: string) => boolean): boolean {
  for (const { 0: before, index } of text.matchAll(CANDIDATE)) {
    if (isWanted(digitsAt(text, index + before.length))) return true;
  }
  return false;
}

/** Without a pattern: V8 has failed once with `\d+` and ten million digits (Maximum call stack size exceeded). */
function digitsAt(text: string, start: number): string {
  let end = start;
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end += 1;
  return text.slice(start, end);
}

/** The pointers of the wanted objects. */
function pathsOf(root: unknown, wanted: ReadonlySet<object>): Map<object, string> {
  const paths = new Map<object, string>();
  const keys: string[] = [];
  function walk(value: object): void {
    if (wanted.has(value)) paths.set(value, toPointer(keys));
    for (const key of Object.keys(value)) {
      if (paths.size === wanted.size) return;
      const member = (value as Record<string, unknown>)[key];
      if (typeof member !== "object" || member === null) continue;
      keys.push(key);
      walk(member);
      keys.pop();
    }
  }
  if (typeof root === "object" && root !== null) walk(root);
  return paths;
}

/** RFC 6901. */
export function toPointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
