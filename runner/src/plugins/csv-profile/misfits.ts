/** What can be wrong with a row. */
export const PROBLEMS = [
  "too few values",
  "too many values",
  "stray quote",
  "quote within a value",
  "header again",
] as const;
export type Problem = (typeof PROBLEMS)[number];

export interface Misfit {
  /** The row's first line in the data, counted from 1. */
  readonly line: number;
  /** The row's number, counted from 1 without the header. Null if it is not counted as a row. */
  readonly row: number | null;
  readonly problem: Problem;
  readonly values: number;
  readonly text: string;
}

interface MisfitRow {
  readonly cells: readonly string[];
  readonly line: number;
}

const TEXT_LENGTH = 200;

/** Counts the rows that did not fit, and lists the first ones. */
export function createMisfits({ limit, delimiter }: { limit: number; delimiter: string }) {
  const counts = new Map<Problem, number>();
  const listed: Misfit[] = [];
  let total = 0;
  return {
    add(problem: Problem, { cells, line }: MisfitRow, row: number | null): void {
      total += 1;
      counts.set(problem, (counts.get(problem) ?? 0) + 1);
      if (listed.length >= limit) return;
      const text = cells.slice(0, 50).join(delimiter).slice(0, TEXT_LENGTH);
      listed.push({ line, row, problem, values: cells.length, text });
    },
    finish: () => ({
      total,
      counts: PROBLEMS.flatMap((problem) => {
        const count = counts.get(problem);
        return count === undefined ? [] : [{ problem, count }];
      }),
      listed,
    }),
  };
}
