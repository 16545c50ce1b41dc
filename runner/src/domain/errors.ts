/**
 * Errors sorted by who must act: the caller (`Refused`), we, by trying again (`Transient`), or
 * whoever mends the code (`Defect`). Which HTTP status a refusal gets is decided in http/error-map.
 */

/** Why a request is refused. The sentence is the code's meaning; docs/reference is generated from it. */
export const REFUSALS = {
  BODY_INVALID: "The request's body, query or path does not fit the schema.",
  BODY_NOT_JSON: "The request's body is not valid JSON.",
  BODY_TOO_LARGE: "The request's body is over the body limit.",
  CONTENT_TYPE_UNSUPPORTED:
    "The request's body is not sent as application/json: send the header `Content-Type: application/json`.",
  UNAUTHORIZED: "The bearer token is missing or wrong.",
  INSUFFICIENT_SCOPE: "The token may not do this; the detail names the scope that may.",
  HOST_REFUSED: "The Host header names another host than the daemon.",
  ORIGIN_REFUSED: "The request comes from a web page that is not the daemon's own.",
  REQUEST_MALFORMED: "The request is no valid HTTP, or its URL cannot be decoded.",
  REQUEST_HEADERS_TOO_LARGE: "The request's URL and headers are over 16 KiB.",
  REQUEST_TIMEOUT: "The request was not sent in full within the time allowed.",
  ROUTE_NOT_FOUND: "No such route.",
  METHOD_NOT_ALLOWED: "The route does not take this method.",
  JOB_NOT_FOUND: "No job has this id, or it ended so long ago that it was deleted.",
  JOB_NOT_RETRYABLE: "Only a job that failed can be tried again.",
  JOB_ALREADY_ENDED: "The job has ended; there is nothing left to cancel.",
  WEBHOOK_NOT_FOUND: "No webhook has this id, or it was removed.",
  WEBHOOK_LIMIT: "As many webhooks are registered as the limit allows.",
  WEBHOOK_OFF: "The webhook is switched off; its reason says why.",
  WEBHOOK_EXISTS: "Another webhook has this URL and filter.",
  WEBHOOK_URL_REFUSED: "The URL leads to an address that the daemon may not connect to.",
  DELIVERY_NOT_RESENDABLE: "The delivery is being sent now, or waits behind an earlier event.",
  BATCH_NOT_FOUND: "No batch has this id, or its jobs were deleted.",
  BATCH_HAS_WEBHOOK: "The batch has a webhook, and keeps it.",
  DELIVERY_NOT_FOUND: "No delivery has this id, or its job was deleted.",
  PLUGIN_NOT_FOUND: "No plugin has this name.",
  PLUGIN_BROKEN: "The plugin's file could not be loaded.",
  INPUT_INVALID: "The input does not fit the first plugin's schema.",
  OPTIONS_INVALID: "A plugin's options do not fit its schema.",
  IDEMPOTENCY_KEY_INVALID: "The Idempotency-Key is empty or over 255 characters.",
  IDEMPOTENCY_KEY_REUSED: "The Idempotency-Key was used before, with another request.",
  OVERLOADED:
    "As many requests, or bytes of their bodies, are being worked on as the limit allows.",
  METADATA_TOO_LARGE: "The job's metadata is over the metadata limit.",
  BATCH_TOO_LARGE: "The batch has more jobs than the batch limit allows.",
  QUEUE_FULL: "As many jobs are queued as the queue limit allows.",
  TOO_MANY_STREAMS: "As many event streams are open as the stream limit allows.",
  NOT_READY: "The daemon does not take work yet, or no more.",
  STOPPING: "The daemon is stopping and takes no new work.",
} as const satisfies Record<string, string>;

export type RefusalCode = keyof typeof REFUSALS;

/** One thing wrong with a request: where, what was there, what would be right. */
export interface Issue {
  /** JSON Pointer into the request, such as `/plugins/0/name`. */
  readonly path: string;
  readonly message: string;
}

/** The first issue and how many more there are; `whole` is what the empty path names. */
export function summarize(issues: readonly Issue[], whole: string): string {
  const [first] = issues;
  const rest = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return `${first?.path || whole} ${first?.message ?? "is wrong"}${rest}`;
}

/** The caller must change the request (or wait, for QUEUE_FULL and STOPPING). */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;
  readonly issues: readonly Issue[];
  /** How long to wait before the same request may be taken, in ms. */
  readonly retryAfterMs: number | null;
  /** False where it is over a limit that no setting raises. */
  readonly isAdjustable: boolean;

  constructor(
    code: RefusalCode,
    detail: string = REFUSALS[code],
    more: { issues?: readonly Issue[]; retryAfterMs?: number; isAdjustable?: boolean } = {},
  ) {
    super(detail);
    this.code = code;
    this.issues = more.issues ?? [];
    this.retryAfterMs = more.retryAfterMs ?? null;
    this.isAdjustable = more.isAdjustable ?? true;
  }
}

/** Something outside is not ready; the same act may succeed later. */
export class Transient extends Error {
  override readonly name = "Transient";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A state that must not be. */
export class Defect extends Error {
  override readonly name = "Defect";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Why a job ended with `failed`: the `errorCode` of the event and of the job. */
export const FAILURES = {
  PLUGIN_THREW: "The plugin threw an error or its promise was rejected.",
  PLUGIN_TIMEOUT: "The plugin ran longer than its timeout.",
  JOB_TIMEOUT: "The job ran longer than the timeoutMs it was given.",
  OUT_OF_MEMORY: "The plugin used more memory than a thread may have.",
  PLUGIN_EXITED: "The plugin ended its thread, for example with process.exit().",
  PLUGIN_CRASHED: "The plugin's thread died of an error outside the plugin's promise.",
  OUTPUT_NOT_SERIALIZABLE:
    "The plugin's output holds something that JSON cannot: a function, a BigInt, a cycle.",
  OUTPUT_TOO_LARGE: "The plugin's output is over the output limit.",
  OUTPUT_INVALID: "The plugin's output does not fit the schema it declares.",
  INPUT_INVALID:
    "The step's input, the output of the plugin before it, does not fit the plugin's schema.",
  OPTIONS_INVALID: "The plugin's options do not fit its schema.",
  PLUGIN_NOT_FOUND: "The plugin was removed between the job's request and its run.",
  PLUGIN_BROKEN: "The plugin's file can no longer be loaded.",
  STEP_INTERRUPTED:
    "The step was interrupted three times: the daemon stopped, or could not store what it came to.",
  INTERNAL_ERROR: "The daemon could not tell or store what the step came to; its log says why.",
  CANCELLED: "The job was cancelled.",
} as const satisfies Record<string, string>;

export type FailureCode = keyof typeof FAILURES;

/** How a failure is carried: as data, since a class loses its code on the way out of a thread. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}
