import { addTo, createSummary, merge, type Occurrences, type Summary } from "./summary.ts";

/** Which of two readings is used. Null: only values that have one meaning in both. */
export type Choice = "first" | "second" | null;

/** How many values only one reading fits, and how many have a different meaning in each. */
export interface Evidence {
  readonly first: number;
  readonly second: number;
  readonly both: number;
}

/** Collects numbers, or dates, in two readings, because the right one is known only at the end. */
export function createReadings() {
  const agreed = createSummary();
  const first = createSummary();
  const second = createSummary();
  let both = 0;
  return {
    add(a: number, b: number, occurrences: Occurrences): void {
      if (a === b) {
        addTo(agreed, a, occurrences);
        return;
      }
      const isFirst = !Number.isNaN(a);
      const isSecond = !Number.isNaN(b);
      if (isFirst) addTo(first, a, occurrences);
      if (isSecond) addTo(second, b, occurrences);
      if (isFirst && isSecond) both += occurrences.count;
    },
    evidence: (): Evidence => ({ first: first.count - both, second: second.count - both, both }),
    total: (): number => agreed.count + first.count + second.count - both,
    /** The reading that more values need. The fallback if no value needs one. */
    choose(fallback: Choice): Choice {
      if (first.count === second.count) return first.count === both ? fallback : "first";
      return first.count > second.count ? "first" : "second";
    },
    summary(choice: Choice): Summary {
      if (choice === null) return agreed;
      return merge(agreed, choice === "first" ? first : second);
    },
  };
}
