/** The schema of retry policies. */
import { z } from "zod";
import { DEFAULT_BACKOFF, MAX_ATTEMPTS, MAX_RETRY_DELAY_MS } from "../../domain/step-retry.ts";

const delay = z.number().min(0).max(MAX_RETRY_DELAY_MS);

const BackoffRequest = z.strictObject({
  delayMs: delay.optional().meta({
    description: "The wait after the first attempt that failed, in ms.",
    default: DEFAULT_BACKOFF.delayMs,
  }),
  factor: z.number().min(1).max(100).optional().meta({
    description: "Each wait is the one before times this.",
    default: DEFAULT_BACKOFF.factor,
  }),
  maxDelayMs: delay.optional().meta({
    description: "No wait is longer, in ms.",
    default: DEFAULT_BACKOFF.maxDelayMs,
  }),
  jitter: z.number().min(0).max(1).optional().meta({
    description: "Each wait is up to this fraction of itself shorter or longer.",
    default: DEFAULT_BACKOFF.jitter,
  }),
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
      "When a step that failed runs again. It replaces the policy of each plugin. A step runs again if its plugin threw an error, ran longer than its timeout or ended its thread, and not if the plugin threw `DoNotRetry`. The plugin can choose the wait with `RetryAfter`.",
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
