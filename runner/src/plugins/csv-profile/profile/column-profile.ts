import { typeOf, type ColumnType, type KindCounts } from "./column-type.ts";
import type { ColumnValues, Entry } from "./column-values.ts";
import { meanOf, type Summary } from "./summary.ts";

export interface ColumnProfile {
  readonly type: ColumnType;
  readonly nulls: number;
  readonly distinct: number;
  readonly distinctIsEstimate: boolean;
  readonly min: number | string | null;
  readonly max: number | string | null;
  readonly mean: number | null;
  readonly unit: string | null;
  readonly ambiguous: number;
  readonly infinite: number;
  readonly kinds: Omit<KindCounts, "placeholder">;
  readonly mostFrequent: { value: string; count: number }[];
  readonly countsMayBeLowBy: number;
}

/** What the columns cannot decide each by itself. */
export interface Conventions {
  readonly decimal: "." | ",";
  /** Null if nothing shows the order: then ambiguous dates are strings. */
  readonly dateOrder: "dmy" | "mdy" | null;
}

/** Profiles a column whose values are all settled. */
export function toColumnProfile(
  column: ColumnValues,
  { decimal, dateOrder }: Conventions,
  top: number,
): ColumnProfile {
  const { values, numbers, dates, units, totals } = column;
  const number = numbers.summary(numbers.choose(decimal === "." ? "first" : "second"));
  const order = dateOrder === "dmy" ? "first" : "second";
  const date = dates.summary(dates.choose(dateOrder === null ? null : order));
  const unread = numbers.total() - number.count + dates.total() - date.count;
  const kinds: KindCounts = {
    ...column.counts,
    integer: number.whole,
    number: number.count - number.whole + totals.infinite,
    date: date.count,
    string: column.counts.string + unread,
  };
  const { type, placeholdersAreNulls } = typeOf(kinds, units);
  const { placeholder, ...shown } = kinds;
  if (!placeholdersAreNulls) shown.string += placeholder;
  const isCounted = ({ reading }: Entry): boolean =>
    !placeholdersAreNulls || reading.kind !== "placeholder";
  const count = Object.values(shown).reduce((total, ofKind) => total + ofKind);
  const isExact = values.maxError() === 0;
  const isNumeric = type === "integer" || type === "number";
  return {
    type,
    nulls: totals.nulls + (placeholdersAreNulls ? placeholder : 0),
    distinct: isExact
      ? values.size(isCounted)
      : Math.min(count, Math.round(column.distinct.estimate())),
    distinctIsEstimate: !isExact,
    ...boundsOf(type, column, { number, date }),
    mean: isNumeric && totals.infinite === 0 ? meanOf(number) : null,
    unit: isNumeric ? ([...units.keys()].find((unit) => unit !== "") ?? null) : null,
    ambiguous: numbers.evidence().both + dates.evidence().both,
    infinite: totals.infinite,
    kinds: shown,
    mostFrequent: values.top(top, isCounted),
    countsMayBeLowBy: values.maxError(),
  };
}

function boundsOf(
  type: ColumnType,
  { counts, totals, texts, longIntegers }: ColumnValues,
  { number, date }: { number: Summary; date: Summary },
): { min: number | string | null; max: number | string | null } {
  switch (type) {
    case "integer":
    case "number":
      return { min: number.min, max: number.max };
    case "date":
      return { min: date.minText, max: date.maxText };
    case "string":
      if (counts.string > 0 || counts.code === 0 || totals.hasLeadingZero) return texts.bounds;
      for (const text of [number.minText, number.maxText]) {
        if (text !== null) longIntegers.widen(text);
      }
      return longIntegers.bounds;
    case "mixed":
      return texts.bounds;
    case "boolean":
    case "empty":
      return { min: null, max: null };
  }
}
