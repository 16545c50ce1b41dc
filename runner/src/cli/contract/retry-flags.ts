import { MAX_ATTEMPTS } from "../../domain/step-retry.ts";

/** The flags of a job's retry policy. */
export const RETRY = {
  attempts: {
    value: "NUMBER",
    range: [1, MAX_ATTEMPTS],
    description:
      "How often each step runs until the job fails, the first time included. Without it, the plugin's own policy applies.",
  },
  "retry-delay": {
    value: "DURATION",
    description:
      "With `--attempts`: the wait after the first attempt that failed, such as 10s. Each further wait is twice the one before. Default: 1s.",
  },
} as const;
