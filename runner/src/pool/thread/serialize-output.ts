/** Serializes a plugin's output, and refuses values that JSON.stringify would drop without an error. */
import { types } from "node:util";
import type { Failure } from "../../domain/errors.ts";
import { NULL_JSON, type JsonText } from "../../domain/json-text.ts";
import { errorMessage } from "./describe-error.ts";

type Serialized =
  | { readonly ok: true; readonly output: JsonText }
  | { readonly ok: false; readonly failure: Failure };

export function serializeOutput(value: unknown, limitBytes: number): Serialized {
  if (value === undefined) return { ok: true, output: NULL_JSON };
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
    const culprit = findCulprit(value, null);
    if (culprit !== null) return notSerializable(culprit);
  } catch (error) {
    if (isTooLong(error)) return tooLarge(`over ${limitBytes}`, limitBytes);
    return notSerializable(findAfterThrow(value, error));
  }
  if (text === undefined)
    return notSerializable({ path: [], what: "has a toJSON method that returns undefined" });
  const bytes = Buffer.byteLength(text);
  return bytes > limitBytes
    ? tooLarge(String(bytes), limitBytes)
    : { ok: true, output: text as JsonText };
}

interface Culprit {
  /** Keys, the innermost first. */
  readonly path: string[];
  readonly what: string;
}

/**
 * Finds the first value that JSON cannot represent. `ancestors` is only given after JSON.stringify
 * threw: otherwise there is no cycle, and the walk of a large output is faster without the set.
 */
function findCulprit(value: unknown, ancestors: Set<object> | null): Culprit | null {
  if (typeof value !== "object" || value === null) {
    const what = unfitPrimitive(value);
    return what === null ? null : { path: [], what };
  }
  if (ancestors?.has(value)) return { path: [], what: "refers back to an object that contains it" };
  const unfit = unfitObject(value);
  if (unfit !== null) return { path: [], what: unfit };
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return null;
  ancestors?.add(value);
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const culprit = findCulprit(member, ancestors);
    if (culprit !== null) {
      culprit.path.push(key);
      return culprit;
    }
  }
  ancestors?.delete(value);
  return null;
}

function unfitPrimitive(value: unknown): string | null {
  if (typeof value === "function") return "is a function";
  if (typeof value === "symbol") return "is a symbol";
  if (typeof value === "bigint") return `is the BigInt ${value}: return it as a string or a number`;
  if (typeof value !== "number" || Number.isFinite(value)) return null;
  return `is ${value}: return null when there is no number`;
}

function unfitObject(value: object): string | null {
  if (Array.isArray(value)) return null;
  if (types.isMap(value)) return "is a Map: return Object.fromEntries(map)";
  if (types.isSet(value)) return "is a Set: return [...set]";
  if (types.isNativeError(value)) return "is an Error: return its message";
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return "is binary data: return it as a base64 string";
  }
  if (types.isPromise(value)) return "is a promise: await it";
  if (types.isRegExp(value)) return "is a regular expression: return its source";
  if (types.isWeakMap(value) || types.isWeakSet(value)) return "is a weak collection";
  return null;
}

/** After JSON.stringify threw: the value that caused it, or the error's message when none is found. */
function findAfterThrow(value: unknown, error: unknown): Culprit {
  try {
    const culprit = findCulprit(value, new Set());
    if (culprit !== null) return culprit;
  } catch {
    // The same getter throws again, or the value is nested deeper than the stack.
  }
  return { path: [], what: `cannot be read: ${errorMessage(error)}` };
}

function isTooLong(error: unknown): boolean {
  return error instanceof RangeError && error.message === "Invalid string length";
}

function notSerializable({ path, what }: Culprit): Serialized {
  const place = path.length === 0 ? "The output" : `The output's ${toPointer(path.toReversed())}`;
  return {
    ok: false,
    failure: { code: "OUTPUT_NOT_SERIALIZABLE", message: `${place} ${what}.` },
  };
}

function tooLarge(size: string, limitBytes: number): Serialized {
  const message = `The output is ${size} bytes of JSON: it must be at most ${limitBytes} (PLAYGROUND_OUTPUT_LIMIT).`;
  return { ok: false, failure: { code: "OUTPUT_TOO_LARGE", message } };
}

/** RFC 6901. */
function toPointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
