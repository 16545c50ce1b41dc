/** A parameter of a statement. */
export type Value = string | number | boolean | null | readonly Value[];

/** PostgreSQL stores every character but this one. JSON writes it as an escape, which is stored. */
const NUL = "\u0000";
const REPLACEMENT = "\ufffd";

/** Replaces what PostgreSQL would refuse. */
export function toText(value: Value): unknown {
  if (typeof value === "string") {
    return value.includes(NUL) ? value.replaceAll(NUL, REPLACEMENT) : value;
  }
  return Array.isArray(value) ? value.map((each: Value) => toText(each)) : value;
}
