import { toColumnProfile, type ColumnProfile, type Conventions } from "./column-profile.ts";
import { createColumnValues } from "./column-values.ts";
import type { Choice, Evidence } from "./readings.ts";
import type { ValueFormat } from "./value-kind.ts";

/** Limits for stored distinct values, in total and per column. A value uses about 100 bytes. */
const STORED_VALUES = 200_000;
const STORED_VALUES_PER_COLUMN = 10_000;
/** The memory of all distinct estimates, in bytes. 2,000 columns can have 2^14 each. */
const ESTIMATE_BYTES = 32 << 20;
const ESTIMATE_BITS = 14;

export interface TableRules {
  readonly names: readonly string[];
  readonly nulls: ReadonlySet<string>;
  readonly format: ValueFormat;
}

export interface TableProfile {
  readonly columns: (ColumnProfile & { name: string })[];
  readonly conventions: Conventions;
  readonly isDecimalShown: boolean;
  /** Columns whose values have two readings, and none that shows which is right. */
  readonly undecided: { readonly numbers: string[]; readonly dates: string[] };
  readonly nullSpellings: ReadonlyMap<string, number>;
}

/** Profiles each column. */
export function createTableProfile({ names, nulls, format }: TableRules) {
  const nullSpellings = new Map<string, number>();
  const width = names.length;
  const rules = {
    format,
    capacity: Math.min(STORED_VALUES_PER_COLUMN, Math.ceil(STORED_VALUES / Math.max(1, width))),
    estimateBits: Math.min(
      ESTIMATE_BITS,
      Math.floor(Math.log2(ESTIMATE_BYTES / Math.max(1, width))),
    ),
    isNull(trimmed: string): boolean {
      if (!nulls.has(trimmed)) return false;
      nullSpellings.set(trimmed, (nullSpellings.get(trimmed) ?? 0) + 1);
      return true;
    },
  };
  const columns = names.map(() => createColumnValues(rules));

  return {
    /** Adds a row. Missing values are nulls, and extra ones are ignored. */
    add(cells: readonly string[]): void {
      const present = Math.min(width, cells.length);
      for (let index = 0; index < present; index++) columns[index]!.add(cells[index]!);
      for (let index = present; index < width; index++) columns[index]!.addMissing();
    },
    finish(top: number): TableProfile {
      for (const column of columns) column.values.settleAll();
      const numbers = columns.map((column) => column.numbers.evidence());
      const dates = columns.map((column) => column.dates.evidence());
      const decimal = decide(numbers);
      const order = decide(dates);
      const conventions: Conventions = {
        decimal: decimal === "second" ? "," : ".",
        dateOrder: order === null ? null : order === "first" ? "dmy" : "mdy",
      };
      const undecided = (evidence: Evidence[]): string[] =>
        names.filter((_, index) => {
          const { first, second, both } = evidence[index]!;
          return both > 0 && first + second === 0;
        });
      return {
        columns: columns.map((column, index) => ({
          name: names[index]!,
          ...toColumnProfile(column, conventions, top),
        })),
        conventions,
        isDecimalShown: decimal !== null,
        undecided: { numbers: undecided(numbers), dates: undecided(dates) },
        nullSpellings,
      };
    },
  };
}

/** The reading that most columns with evidence need. Null if there is none. */
function decide(columns: readonly Evidence[]): Choice {
  const first = columns.filter((evidence) => evidence.first > evidence.second).length;
  const second = columns.filter((evidence) => evidence.second > evidence.first).length;
  if (first === second) return null;
  return first > second ? "first" : "second";
}
