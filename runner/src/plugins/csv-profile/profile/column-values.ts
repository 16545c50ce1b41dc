import { createDistinctEstimate } from "./distinct-estimate.ts";
import { createFrequentValues, type Counted } from "./frequent-values.ts";
import { createReadings } from "./readings.ts";
import { STORED_LENGTH, toStored } from "./stored-value.ts";
import { createTextBounds, isSmallerInteger } from "./text-bounds.ts";
import { readValue, type Reading, type ValueFormat } from "./value-kind.ts";

export interface ColumnRules {
  readonly isNull: (trimmed: string) => boolean;
  readonly format: ValueFormat;
  /** How many distinct values are counted exactly before the estimate starts. */
  readonly capacity: number;
  readonly estimateBits: number;
}

export interface Entry extends Counted {
  readonly reading: Reading;
}

/** Collects what a column's profile needs, in memory that does not grow with the number of values. */
export function createColumnValues({ isNull, format, capacity, estimateBits }: ColumnRules) {
  const values = createFrequentValues<Entry>(capacity, (text, { reading }, count) => {
    settle(text, reading, count);
  });
  const distinct = createDistinctEstimate(estimateBits);
  const numbers = createReadings();
  const dates = createReadings();
  const texts = createTextBounds((a, b) => a < b);
  const longIntegers = createTextBounds(isSmallerInteger);
  const units = new Map<string, number>();
  const counts = { boolean: 0, code: 0, placeholder: 0, string: 0 };
  const totals = { nulls: 0, infinite: 0, hasLeadingZero: false };

  function settle(text: string, { kind, first, second, unit }: Reading, count: number): void {
    texts.widen(text);
    if (kind === "date") return dates.add(first, second, { text, count, isFraction: false });
    if (kind !== "integer" && kind !== "number") {
      counts[kind] += count;
      if (kind === "code") widenLong(text);
      return;
    }
    units.set(unit, (units.get(unit) ?? 0) + count);
    if (first === Infinity || first === -Infinity) totals.infinite += count;
    else numbers.add(first, second, { text, count, isFraction: kind === "number" });
  }

  function widenLong(text: string): void {
    totals.hasLeadingZero ||= /^\s*[+-]?0\d/.test(text) || text.length > STORED_LENGTH;
    if (!totals.hasLeadingZero) longIntegers.widen(text);
  }

  /** Adds a value that is not stored. The expensive work happens here, once per distinct value. */
  function addDistinct(value: string): void {
    const trimmed = value.trim();
    if (isNull(trimmed)) {
      totals.nulls += 1;
      return;
    }
    const reading = readValue(trimmed, format);
    const text = value.length <= STORED_LENGTH ? value : toStored(value);
    if (values.admits(distinct.add(text))) {
      values.set(toStored(value), { count: 1, settled: 0, reading });
    } else {
      settle(text, reading, 1);
    }
  }

  return {
    values,
    distinct,
    numbers,
    dates,
    texts,
    longIntegers,
    units,
    counts,
    totals,
    add(value: string): void {
      const entry = values.get(value.length <= STORED_LENGTH ? value : toStored(value));
      if (entry === undefined) addDistinct(value);
      else entry.count += 1;
    },
    /** Counts a row that ends before this column. */
    addMissing(): void {
      totals.nulls += 1;
    },
  };
}
export type ColumnValues = ReturnType<typeof createColumnValues>;
