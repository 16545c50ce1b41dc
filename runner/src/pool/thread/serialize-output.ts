/** Serializes a plugin's output, and refuses values that JSON.stringify would drop without an error. */
import { types } from "node:util";
import type { Failure } from "../../domain/errors.ts";
import { NULL_JSON, type JsonText } from "../../domain/json-text.ts";
import { errorMessage } from "./describe-error.ts";
import { toPointer } from "./parse-json.ts";

type Serialized =
  | { readonly ok: true; readonly output: JsonText }
  | { readonly ok: false; readonly failure: Failure };

export function serializeOutput(value: unknown, limitBytes: number): Serialized {
  if (value === undefined) return { ok: true, output: NULL_JSON };
  let text: string | undefined;
  try {
    text = stringify(value);
    const culprit = findCulprit(value, "", null);
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

/** Writes a BigInt as a number. The replacer is slow, so it is only used for a value that needs it. */
export function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError && error.message.includes("BigInt"))) throw error;
  }
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "bigint" ? JSON.rawJSON(String(member)) : member,
  );
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
function findCulprit(value: unknown, key: string, ancestors: Set<object> | null): Culprit | null {
  if (typeof value !== "object" || value === null) return toCulprit(unfitPrimitive(value));
  if (ancestors?.has(value)) return toCulprit("refers back to an object that contains it");
  if (Array.isArray(value)) return findInMembers(value, ancestors);
  if (!isPlain(value)) {
    const unfit = unfitObject(value);
    if (unfit !== null) return toCulprit(unfit);
  }
  if (!hasToJson(value)) return findInMembers(value, ancestors);
  // JSON.stringify calls toJSON once: it does not call the toJSON of what is returned.
  const written = value.toJSON(key);
  if (typeof written !== "object" || written === null) return toCulprit(unfitPrimitive(written));
  if (ancestors?.has(written)) return toCulprit("refers back to an object that contains it");
  const unfit = isPlain(written) || hasToJson(written) ? null : unfitObject(written);
  return unfit === null ? findInMembers(written, ancestors) : toCulprit(unfit);
}

function findInMembers(value: object, ancestors: Set<object> | null): Culprit | null {
  ancestors?.add(value);
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const culprit = findCulprit(member, key, ancestors);
    if (culprit !== null) {
      culprit.path.push(key);
      return culprit;
    }
  }
  ancestors?.delete(value);
  return null;
}

function toCulprit(what: string | null): Culprit | null {
  return what === null ? null : { path: [], what };
}

function hasToJson(value: object): value is { toJSON(key: string): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

/** Object literals, also those of another realm. What they contain is in their own properties. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null
  );
}

function unfitPrimitive(value: unknown): string | null {
  if (typeof value === "function") return "is a function: call it and return its result";
  if (typeof value === "symbol") return "is a symbol: return its description";
  if (typeof value !== "number" || Number.isFinite(value)) return null;
  return `is ${value}: return null when there is no number`;
}

/** By the value's `Symbol.toStringTag`, which libraries' own implementations have too. */
const UNFIT_TAGS: Readonly<Record<string, string>> = {
  "[object Response]":
    "is a Response: return `await response.json()` or `await response.text()` instead",
  "[object Request]":
    "is a Request: return `await request.json()` or `await request.text()` instead",
  "[object Headers]": "is a Headers object: return `Object.fromEntries(headers)` instead",
  "[object FormData]": "is a FormData object: return `Object.fromEntries(formData)` instead",
  "[object URLSearchParams]":
    "is a URLSearchParams object: return `Object.fromEntries(params)` or `params.toString()` instead",
  "[object Blob]": "is a Blob: return `await blob.text()` instead",
  "[object File]": "is a File: return `await file.text()` instead",
  "[object ReadableStream]": "is a stream: return `await new Response(stream).text()` instead",
  "[object Generator]": "is a generator: return `[...generator]` instead",
  "[object AsyncGenerator]":
    "is an async generator: return `await Array.fromAsync(generator)` instead",
  "[object WeakMap]": "is a weak collection: return a plain object instead",
  "[object WeakSet]": "is a weak collection: return an array instead",
};

/** Objects of a class whose content JSON.stringify does not see. It writes most of them as `{}`. */
function unfitObject(value: object): string | null {
  if (types.isMap(value)) return "is a Map: return `Object.fromEntries(map)` instead";
  if (types.isSet(value)) return "is a Set: return `[...set]` instead";
  if (types.isNativeError(value)) return "is an Error: return its message instead";
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    return "is binary data: return it as a base64 string";
  }
  if (types.isPromise(value)) return "is a promise: await it";
  if (types.isRegExp(value)) return "is a regular expression: return its source";
  if (types.isDate(value)) {
    const isInvalid = Number.isNaN(value.getTime());
    return isInvalid ? "is an invalid date: return null when there is no date" : null;
  }
  if (types.isBoxedPrimitive(value)) return unfitPrimitive(value.valueOf());
  const known = UNFIT_TAGS[Object.prototype.toString.call(value)];
  if (known !== undefined) return known;
  const has = (name: PropertyKey): boolean =>
    typeof (value as Record<PropertyKey, unknown>)[name] === "function";
  if (has("pipe") && has("on") && has("read")) {
    return "is a stream: read it to its end, such as with `await Array.fromAsync(stream)`, and return what it contained";
  }
  if (hasToJson(value) || Object.keys(value).length > 0) return null;
  if (has(Symbol.iterator)) {
    return has("next")
      ? "is an iterator: return `[...iterator]` instead, such as `[...map.values()]`"
      : `is ${nameClass(value)}, which JSON would write as {}: return \`[...values]\` instead`;
  }
  if (has(Symbol.asyncIterator)) {
    return "is an async iterator: return `await Array.fromAsync(iterator)` instead";
  }
  return `is ${nameClass(value)} without public fields, which JSON would write as {}: return a plain object with the values it contains`;
}

function nameClass(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  const isKnown = typeof name === "string" && name !== "" && name !== "Object";
  return isKnown ? `an instance of ${name}` : "an object";
}

/** After JSON.stringify threw: the value that caused it, or the error's message when none is found. */
function findAfterThrow(value: unknown, error: unknown): Culprit {
  try {
    const culprit = findCulprit(value, "", new Set());
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
