import { BadSetting } from "../config.ts";
import { BACKOFF_LIMITS, type RetryRequest } from "../domain/step-retry.ts";
import { requireDuration } from "./require-duration.ts";

/** The retry policy that the flags say. Throws BadSetting. */
export function toRetry({
  attempts,
  "retry-delay": delay,
}: {
  readonly attempts: number | undefined;
  readonly "retry-delay": string | undefined;
}): RetryRequest | undefined {
  if (attempts === undefined) {
    if (delay === undefined) return undefined;
    throw new BadSetting("--retry-delay needs --attempts, which says how often a step runs.");
  }
  if (!Number.isInteger(attempts)) {
    throw new BadSetting(`--attempts is "${attempts}": it must be a whole number.`);
  }
  if (delay === undefined) return { attempts };
  const delayMs = requireDuration("--retry-delay", delay);
  if (delayMs <= BACKOFF_LIMITS.delayMs[1]) return { attempts, backoff: { delayMs } };
  throw new BadSetting(`--retry-delay is "${delay}": it must be at most 7d.`);
}
