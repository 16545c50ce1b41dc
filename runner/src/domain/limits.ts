/** The limits and the settings that set them. A metric counts what exceeds a limit, by its name here. */
export const LIMITS = {
  requests: "PLAYGROUND_MAX_REQUESTS",
  waits: "PLAYGROUND_MAX_WAITS",
  streams: "PLAYGROUND_MAX_STREAMS",
  queue: "PLAYGROUND_MAX_QUEUED",
  batch: "PLAYGROUND_MAX_BATCH_JOBS",
  webhooks: "PLAYGROUND_MAX_WEBHOOKS",
  body: "PLAYGROUND_BODY_LIMIT",
  metadata: "PLAYGROUND_METADATA_LIMIT",
  output: "PLAYGROUND_OUTPUT_LIMIT",
  log: "PLAYGROUND_LOG_LIMIT",
} as const;

export type LimitName = keyof typeof LIMITS;

/** The log lines of a job under one claim. PLAYGROUND_LOG_LIMIT does not bound empty lines. */
export const MAX_LOG_LINES = 10_000;
