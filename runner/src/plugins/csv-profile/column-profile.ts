import { hash } from "node:crypto";
import { createBounds, type Bound } from "./bounds.ts";
import { createDistinctEstimate } from "./distinct-estimate.ts";
import { createFrequentValues, type Counted } from "./frequent-values.ts";
import { readValue, VALUE_KINDS, type Reading, type ValueKind } from "./value-kind.ts";

/** A longer value is stored as its beginning and a hash of the whole value. */
const STORED_LENGTH = 100;

/** V8 copies a shorter substring. A longer one is a view of the whole text. */
const VIEW_LENGTH = 13;

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

export interface ColumnProfile {
  readonly type: ColumnType;
  readonly nulls: number;
  readonly distinct: number;
  readonly distinctIsEstimate: boolean;
  readonly min: Bound | null;
  readonly max: Bound | null;
  readonly mean: number | null;
  readonly mostFrequent: { value: string; count: number }[];
  readonly countsMayBeLowBy: number;
}

interface ColumnRules {
  readonly nullTokens: ReadonlySet<string>;
  readonly decimal: "." | ",";
  /** How many distinct values are counted exactly before the estimate starts. */
  readonly capacity: number;
}

type Entry = Counted & Reading;
type KindCounts = Record<ValueKind, number>;

/** Profiles one column in memory that does not grow with the number of values. */
export function createColumnProfile({ nullTokens, decimal, capacity }: ColumnRules) {
  const values = createFrequentValues<Entry>(capacity);
  const distinct = createDistinctEstimate();
  const bounds = createBounds();
  const sum = createSum();
  const counts: KindCounts = { integer: 0, number: 0, boolean: 0, date: 0, code: 0, string: 0 };
  let nulls = 0;

  /**
   * Adds a value that is not stored yet. The expensive work happens here, once per distinct value.
   */
  function addDistinct(value: string): Entry | null {
    const trimmed = value.trim();
    if (nullTokens.has(trimmed)) return null;
    const entry = { count: 0, ...readValue(trimmed, decimal) };
    const stored = toStored(value);
    values.set(stored, entry);
    distinct.add(stored);
    bounds.widen(stored, entry);
    return entry;
  }

  return {
    add(value: string): void {
      const entry =
        values.get(value.length <= STORED_LENGTH ? value : toStored(value)) ?? addDistinct(value);
      if (entry === null) {
        nulls += 1;
        return;
      }
      entry.count += 1;
      counts[entry.kind] += 1;
      if (entry.kind === "integer" || entry.kind === "number") sum.add(entry.number);
    },
    /** Counts a row that ends before this column. */
    addMissing(): void {
      nulls += 1;
    },
    finish(top: number): ColumnProfile {
      const type = typeOf(counts);
      const count = Object.values(counts).reduce((total, ofKind) => total + ofKind);
      const isExact = values.maxError() === 0;
      const { min, max } = boundsOf(type, bounds);
      return {
        type,
        nulls,
        distinct: isExact ? values.size() : Math.min(count, Math.round(distinct.estimate())),
        distinctIsEstimate: !isExact,
        min,
        max,
        mean: type === "integer" || type === "number" ? sum.total() / count : null,
        mostFrequent: values.top(top),
        countsMayBeLowBy: values.maxError(),
      };
    },
  };
}

function boundsOf(
  type: ColumnType,
  bounds: ReturnType<typeof createBounds>,
): { min: Bound | null; max: Bound | null } {
  switch (type) {
    case "integer":
    case "number":
      return bounds.numbers();
    case "date":
      return bounds.dates();
    case "string":
    case "mixed":
      return bounds.texts();
    case "boolean":
    case "empty":
      return { min: null, max: null };
  }
}

/**
 * The narrowest type that fits every value. One value with a leading zero makes all integers codes.
 */
function typeOf(counts: KindCounts): ColumnType {
  const met = VALUE_KINDS.filter((kind) => counts[kind] > 0);
  const only = (...allowed: ValueKind[]): boolean => met.every((kind) => allowed.includes(kind));
  if (met.length === 0) return "empty";
  if (only("integer")) return "integer";
  if (only("integer", "number")) return "number";
  if (only("boolean")) return "boolean";
  if (only("date")) return "date";
  if (only("code", "integer") || only("code", "string")) return "string";
  return "mixed";
}

/**
 * Returns a copy. The parser returns a view, which would keep a whole chunk of the file in memory.
 */
function toStored(value: string): string {
  if (value.length < VIEW_LENGTH) return value;
  if (value.length <= STORED_LENGTH) return Buffer.from(value, "utf16le").toString("utf16le");
  const start = value.slice(0, STORED_LENGTH - 24);
  return `${start}… (${value.length} characters, ${hash("sha256", value).slice(0, 12)})`;
}

/** Neumaier's sum, so that the rounding errors of millions of additions do not accumulate. */
function createSum() {
  let sum = 0;
  let lost = 0;
  return {
    add(number: number): void {
      const next = sum + number;
      lost += Math.abs(sum) >= Math.abs(number) ? sum - next + number : number - next + sum;
      sum = next;
    },
    total: (): number => sum + lost,
  };
}
