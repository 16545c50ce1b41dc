/** What a limit allows, in words. */
import type { LimitNumbers } from "../../api/schema.ts";
import { formatCount } from "../../parts/numbers.ts";

/** Those of all jobs, or of the jobs with one key. */
export type Numbers = Pick<LimitNumbers, "concurrency" | "rate" | "burst">;

const UNITS: Readonly<Record<string, string>> = { s: "a second", m: "a minute", h: "an hour" };

/** "10 a second, burst 20". Null without a rate. */
export function rateText({ rate, burst }: Pick<Numbers, "rate" | "burst">): string | null {
  if (rate === null) return null;
  const [count = "", unit = ""] = rate.split("/");
  const text = `${formatCount(Number(count))} ${UNITS[unit] ?? unit}`;
  return burst === null || burst === 1 ? text : `${text}, burst ${formatCount(burst)}`;
}

/** "2 at a time, 30 a minute". Null when nothing is limited. */
export function numbersText(numbers: Numbers): string | null {
  const { concurrency } = numbers;
  const parts = [
    concurrency === null ? null : `${formatCount(concurrency)} at a time`,
    rateText(numbers),
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** The API counts up to this many. */
const MAX_COUNTED = 1_000;

export function countText(count: number): string {
  return count >= MAX_COUNTED ? `${formatCount(MAX_COUNTED)}+` : formatCount(count);
}
