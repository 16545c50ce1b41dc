/** The schema of retry policies. */
import { z } from "zod";
import {
  BACKOFF_LIMITS,
  DEFAULT_BACKOFF,
  MAX_ATTEMPTS,
  type Backoff,
} from "../../domain/step-retry.ts";

function part(field: keyof Backoff, description: string) {
  const [least, most] = BACKOFF_LIMITS[field];
  const number = z.number().min(least).max(most).optional();
  return number.meta({ description, default: DEFAULT_BACKOFF[field] });
}

const BackoffRequest = z.strictObject({
  delayMs: part("delayMs", "The wait after the first attempt that failed, in ms."),
  factor: part("factor", "Each wait is the one before times this."),
  maxDelayMs: part("maxDelayMs", "No wait is longer, in ms."),
  jitter: part("jitter", "Each wait is up to this fraction of itself shorter or longer."),
});

export const RetryRequest = z
  .strictObject({
    attempts: z
      .int()
      .min(1)
      .max(MAX_ATTEMPTS)
      .describe("How often a step runs until the job fails, the first time included."),
    backoff: BackoffRequest.optional().describe("The waits between attempts."),
  })
  .meta({
    id: "RetryRequest",
    description:
      "When a step that failed runs again. It replaces the policy of each plugin. A step runs again if its plugin threw an error, ran longer than its timeout, ended its thread or found no room for its files, and not if the plugin threw `DoNotRetry`. The plugin can choose the wait with `RetryAfter`.",
    examples: [{ attempts: 5, backoff: { delayMs: 2_000 } }],
  });

export const RetryPolicy = z
  .object({
    attempts: z.int().describe("How often a step runs until the job fails."),
    backoff: z.object({
      delayMs: z.number().describe("The wait after the first attempt that failed, in ms."),
      factor: z.number().describe("Each wait is the one before times this."),
      maxDelayMs: z.number().describe("No wait is longer, in ms."),
      jitter: z.number().describe("Each wait is up to this fraction shorter or longer."),
    }),
  })
  .meta({ id: "RetryPolicy", description: "When a step that failed runs again." });
