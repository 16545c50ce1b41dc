import { VALUE_KINDS, type ValueKind } from "./value-kind.ts";

export const COLUMN_TYPES = [
  "integer",
  "number",
  "boolean",
  "date",
  "string",
  "mixed",
  "empty",
] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];
export type KindCounts = Record<ValueKind, number>;

/**
 * The narrowest type that fits every value. One value with a leading zero makes all integers codes.
 * Placeholders are no values in a column of numbers or dates, and texts in other columns.
 */
export function typeOf(
  counts: KindCounts,
  units: ReadonlyMap<string, number>,
): { type: ColumnType; placeholdersAreNulls: boolean } {
  const met = VALUE_KINDS.filter((kind) => kind !== "placeholder" && counts[kind] > 0);
  const only = (...allowed: ValueKind[]): boolean => met.every((kind) => allowed.includes(kind));
  if (met.length === 0) {
    return { type: counts.placeholder > 0 ? "string" : "empty", placeholdersAreNulls: false };
  }
  if (only("integer", "number")) {
    if (!areOneUnit(units)) return { type: "mixed", placeholdersAreNulls: false };
    return { type: only("integer") ? "integer" : "number", placeholdersAreNulls: true };
  }
  if (only("boolean")) return { type: "boolean", placeholdersAreNulls: true };
  if (only("date")) return { type: "date", placeholdersAreNulls: true };
  const isString = only("code", "integer") || only("code", "string");
  return { type: isString ? "string" : "mixed", placeholdersAreNulls: false };
}

/** `£5` and `7` can be one quantity. `£5` and `$7` are two, and so are `50 %` and `0.5`. */
function areOneUnit(units: ReadonlyMap<string, number>): boolean {
  const written = [...units.keys()].filter((unit) => unit !== "");
  if (written.length > 1) return false;
  return units.size < 2 || !/[%‰]/.test(written[0] ?? "");
}
