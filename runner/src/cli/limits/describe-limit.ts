import type { Limit } from "../../http/contract/limits.ts";
import type { Output } from "../output.ts";

type Numbers = Limit["numbers"];

/** The daemon counts no further. */
const MAX_COUNTED = 1_000;

/** `10 at a time, 100/m, burst 5`. */
export function describeNumbers({
  concurrency,
  rate,
  burst,
}: Omit<Numbers, "perKey" | "maxQueued">): string {
  const steps = concurrency === null ? "" : `${concurrency} at a time`;
  return [steps, describeRate({ rate, burst })].filter(Boolean).join(", ");
}

export function describeRate({ rate, burst }: Pick<Numbers, "rate" | "burst">): string {
  if (rate === null) return "";
  return burst === null || burst === 1 ? rate : `${rate}, burst ${burst}`;
}

/** The numbers in all and per key, in one line. */
export function describeAll(numbers: Numbers): string {
  const perKey = numbers.perKey === null ? "" : describeNumbers(numbers.perKey);
  const queue = numbers.maxQueued === null ? "" : `at most ${numbers.maxQueued} queued`;
  return [describeNumbers(numbers), perKey && `per key ${perKey}`, queue]
    .filter(Boolean)
    .join("; ");
}

export function describeRunning({ running, numbers }: Limit): string {
  if (numbers.concurrency === null) return describeCount(running);
  return `${running} of ${numbers.concurrency}`;
}

export function describeQueued({ queued, numbers: { maxQueued } }: Limit): string {
  return maxQueued === null ? describeCount(queued) : `${describeCount(queued)} of ${maxQueued}`;
}

export function describeCount(count: number): string {
  return count < MAX_COUNTED ? String(count) : `${MAX_COUNTED} or more`;
}

/** When a pause ends, or what ends it. Empty without a pause. */
export function describePauseEnd(
  pause: { readonly until: string | null } | null | undefined,
  output: Pick<Output, "time">,
): string {
  if (!pause) return "";
  return pause.until === null ? "resumed" : output.time(pause.until);
}
