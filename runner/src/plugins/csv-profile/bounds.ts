import type { Reading } from "./value-kind.ts";

export type Bound = number | string;

/**
 * Tracks a column's bounds as numbers, dates and strings, because its type is known only at the
 * end.
 */
export function createBounds() {
  const texts = createRange<string>();
  const numbers = createRange<number>();
  const instants = createRange<number>();
  const dates: { min: string | null; max: string | null } = { min: null, max: null };
  return {
    widen(value: string, { kind, number }: Reading): void {
      texts.widen(value);
      if (kind === "integer" || kind === "number") numbers.widen(number);
      if (kind !== "date") return;
      const { isMin, isMax } = instants.widen(number);
      if (isMin) dates.min = value;
      if (isMax) dates.max = value;
    },
    numbers: () => numbers.range,
    dates: () => dates,
    texts: () => texts.range,
  };
}

function createRange<Value extends Bound>() {
  const range: { min: Value | null; max: Value | null } = { min: null, max: null };
  return {
    range,
    widen(value: Value): { isMin: boolean; isMax: boolean } {
      const isMin = range.min === null || value < range.min;
      const isMax = range.max === null || value > range.max;
      if (isMin) range.min = value;
      if (isMax) range.max = value;
      return { isMin, isMax };
    },
  };
}
