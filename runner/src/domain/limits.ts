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
  file: "PLAYGROUND_FILE_LIMIT",
  files: "PLAYGROUND_FILES_LIMIT",
} as const;

export type LimitName = keyof typeof LIMITS;

/** `plugin-queue` is the `maxQueued` of a plugin's limit, which no setting changes. */
export type CountedLimit = LimitName | "plugin-queue";

/** The characters of an attempt's error that are kept when another attempt follows. */
export const MAX_ATTEMPT_MESSAGE = 1_000;

/** The attempts of a job's steps in its response: the newest. */
export const MAX_ATTEMPTS_SHOWN = 100;

/** The log lines of a job under one claim. PLAYGROUND_LOG_LIMIT does not bound empty lines. */
export const MAX_LOG_LINES = 10_000;

/** The most bytes of outputs in one job's response. No single output can be larger. */
export const MAX_JOB_OUTPUT_BYTES = 96 * 1024 * 1024;

/**
 * The highest PLAYGROUND_BODY_LIMIT, in bytes. A response with a job contains the input and the last
 * output twice. Numbers are rewritten: `1e20` becomes 21 digits, so a list of them grows 4.4 times.
 * The largest body then makes a response of 474 MiB; V8's longest string has 512 MiB.
 */
export const MAX_BODY_LIMIT = 64 * 1024 * 1024;

/** The default of PLAYGROUND_OUTPUT_LIMIT: the largest output of one step, in bytes. */
export const DEFAULT_OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;
