/** A plugin's output as JSON text: strictly, since what JSON.stringify leaves out is lost unseen. */
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
    return notSerializable({ path: [], what: "has a toJSON that gives nothing" });
  const bytes = Buffer.byteLength(text);
  return bytes > limitBytes
    ? tooLarge(String(bytes), limitBytes)
    : { ok: true, output: text as JsonText };
}

interface Culprit {
  /** From the innermost key outwards. */
  readonly path: string[];
  readonly what: string;
}

/**
 * Finds the first value that JSON cannot hold. `ancestors` is given only after a throw: what
 * JSON.stringify took has no cycle, and the walk of a large output is quicker without the set.
 */
function findCulprit(value: unknown, ancestors: Set<object> | null): Culprit | null {
  if (typeof value !== "object" || value === null) {
    const what = unfitPrimitive(value);
    return what === null ? null : { path: [], what };
  }
  if (ancestors?.has(value)) return { path: [], what: "refers back to an object that holds it" };
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
  if (typeof value === "bigint") return `is the BigInt ${value}: give it as a string or a number`;
  if (typeof value !== "number" || Number.isFinite(value)) return null;
  return `is ${value}: give null where there is no number`;
}

function unfitObject(value: object): string | null {
  if (Array.isArray(value)) return null;
  if (types.isMap(value)) return "is a Map: use Object.fromEntries(map)";
  if (types.isSet(value)) return "is a Set: use [...set]";
  if (types.isNativeError(value)) return "is an Error: give its message";
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return "is binary data: give it as a base64 string";
  }
  if (types.isPromise(value)) return "is a promise: await it";
  if (types.isRegExp(value)) return "is a regular expression: give its source";
  if (types.isWeakMap(value) || types.isWeakSet(value)) return "is a weak collection";
  return null;
}

/** After a throw: the culprit if there is one to be found, else what the throw says. */
function findAfterThrow(value: unknown, error: unknown): Culprit {
  try {
    const culprit = findCulprit(value, new Set());
    if (culprit !== null) return culprit;
  } catch {
    // A getter that threw before throws again; or it is nested deeper than the stack.
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
  const message = `The output is ${size} bytes of JSON; it may be ${limitBytes} at most (PLAYGROUND_OUTPUT_LIMIT).`;
  return { ok: false, failure: { code: "OUTPUT_TOO_LARGE", message } };
}

/** RFC 6901. */
function toPointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
