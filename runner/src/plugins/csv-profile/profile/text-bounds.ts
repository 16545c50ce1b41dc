import { copy } from "./stored-value.ts";

/** The first and last text in an order. */
export function createTextBounds(isBefore: (a: string, b: string) => boolean) {
  const bounds = { min: null as string | null, max: null as string | null };
  return {
    bounds,
    widen(text: string): void {
      if (bounds.min === null || isBefore(text, bounds.min)) bounds.min = copy(text);
      if (bounds.max === null || isBefore(bounds.max, text)) bounds.max = copy(text);
    },
  };
}

/** Compares whole numbers that are too long for a double. */
export function isSmallerInteger(a: string, b: string): boolean {
  return BigInt(a.trim().replace(/^\+/, "")) < BigInt(b.trim().replace(/^\+/, ""));
}
