import type { RetryWish } from "../../domain/step-retry.ts";
import { RETRY_WISH } from "../retry-errors.ts";

/** What the plugin asked for with the value that it threw, or with one of its causes. */
export function readRetryWish(thrown: unknown): RetryWish | undefined {
  try {
    for (let error = thrown, depth = 0; depth < 8; depth += 1) {
      if (typeof error !== "object" || error === null) return undefined;
      if (RETRY_WISH in error) return toWish(error[RETRY_WISH]);
      error = (error as Error).cause;
    }
  } catch {
    // A getter of the plugin's value has thrown.
  }
  return undefined;
}

/** The plugin's own copy of the errors can be of another version. */
function toWish(value: unknown): RetryWish | undefined {
  if (value === "never") return value;
  if (typeof value !== "object" || value === null || !("afterMs" in value)) return undefined;
  const { afterMs } = value;
  return typeof afterMs === "number" && afterMs >= 0 ? { afterMs } : undefined;
}
