/**
 * Errors, grouped by who must act. `Refused`: the caller changes the request. `Transient`: the daemon
 * tries again. `Defect`: the code has a bug. http/error-map.ts decides a refusal's HTTP status.
 */

/** Why a request is refused. Each sentence explains its code in docs/reference and in /docs. */
export const REFUSALS = {
  BODY_INVALID: "The request's body, query or path does not match the schema.",
  BODY_NOT_JSON: "The request's body is not valid JSON.",
  BODY_TOO_LARGE:
    "The request's body is larger than the body limit, or contains more than 1,000,000 JSON values.",
  CONTENT_TYPE_UNSUPPORTED:
    "The content type, charset or content encoding of the request's body is not supported. Send JSON as UTF-8, plain or with gzip or deflate, and the header `Content-Type: application/json`.",
  UNAUTHORIZED: "The bearer token is missing or wrong, or the session has ended.",
  INSUFFICIENT_SCOPE:
    "The token's scope does not allow this request. The detail names the scope that does.",
  TOO_MANY_LOGINS: "Too many logins from this address have failed.",
  HOST_REFUSED: "The Host header is not one of the daemon's host names.",
  ORIGIN_REFUSED:
    "The request comes from a web page of another origin, or has a session cookie and does not say where it comes from.",
  REQUEST_MALFORMED: "The request is not valid HTTP, or its URL cannot be decoded.",
  REQUEST_HEADERS_TOO_LARGE: "The request's URL and headers together are larger than 16 KiB.",
  REQUEST_TIMEOUT:
    "The request did not arrive in full within the time allowed, or less than 10 KiB of its body arrived within 10 s.",
  ROUTE_NOT_FOUND: "The route does not exist.",
  METHOD_NOT_ALLOWED: "The route does not support this method.",
  JOB_NOT_FOUND: "No job has this id, or the job was deleted after its retention period.",
  OUTPUT_NOT_FOUND: "The step has no output: it has not completed, or the job has no such step.",
  JOB_NOT_RETRYABLE: "Only a failed job can be retried.",
  PAYLOADS_REMOVED:
    "The payloads of the job or the batch were removed before it (`PLAYGROUND_RETENTION_PAYLOAD_DAYS`), so that it cannot be run or sent again. Submit a new job with its input.",
  JOB_ALREADY_ENDED: "The job has already ended and cannot be cancelled.",
  JOB_NOT_ENDED: "Only a job that has ended can be deleted. Cancel it first.",
  JOB_IN_BATCH:
    "The job belongs to a batch, which shows all of its jobs. They are deleted together, after the retention period.",
  JOB_NOT_DELIVERED:
    "An event of the job has not been delivered yet. The job can be deleted when all of its events are delivered or given up.",
  BULK_ACT_NOT_FOUND: "No bulk act has this id, or it was deleted after its retention period.",
  BULK_ACT_ENDED: "The bulk act has already ended and cannot be aborted.",
  BULK_ACT_LIMIT: "Five bulk acts run already. Wait until one has ended, or abort one.",
  SCHEDULE_NOT_FOUND: "No schedule has this key, or it was removed.",
  SCHEDULE_LIMIT: "There are 1,000 schedules already. Remove one that is not needed.",
  SCHEDULE_EXISTS:
    "Another schedule has this key, and `If-None-Match: *` allows only a new one. Choose another key, or change that schedule with PATCH.",
  SCHEDULE_BUSY:
    "A job of the schedule has not ended, and its `overlap` allows no second one. Cancel the job, or wait until it has ended.",
  SCHEDULE_JOB_REFUSED:
    "The schedule's job would be refused now: its plugin is gone or broken, or no longer takes its input. The detail has the code.",
  WEBHOOK_NOT_FOUND: "No webhook has this id, or it was removed.",
  WEBHOOK_LIMIT: "The number of persistent webhooks has reached the limit.",
  WEBHOOK_OFF: "The webhook is off. Its `reason` says why.",
  WEBHOOK_EXISTS: "Another webhook already has this URL and filter.",
  WEBHOOK_URL_REFUSED:
    "The URL resolves to an address that the daemon is not allowed to connect to.",
  WEBHOOK_UNREACHABLE:
    "The daemon tried the webhook's URL, because the request has `probe=true`, and could not reach it. The detail has the reason.",
  DELIVERY_NOT_RESENDABLE:
    "The delivery is being sent now, waits for an earlier event, or its webhook was deleted.",
  BATCH_NOT_FOUND: "No batch has this id, or its jobs were deleted.",
  BATCH_HAS_WEBHOOK: "The batch already has a webhook, which cannot be changed.",
  DESTINATION_NOT_FOUND: "No destination has this id, or its last webhook was deleted.",
  DELIVERY_NOT_FOUND: "No delivery has this id, or its job was deleted.",
  PLUGIN_NOT_FOUND: "No plugin has this name.",
  PLUGIN_BROKEN:
    "The plugin's file cannot be loaded now, and its schemas are not known from before. Try again later.",
  FILE_NOT_FOUND: "No file has this id, or it was deleted after its retention period.",
  FILE_IN_USE:
    "A job wrote the file, or names it in its input or options. The file is deleted with the job.",
  FILE_TOO_LARGE: "The file is larger than the limit for one file.",
  FILES_FULL:
    "There is no room for the file: all files together have reached their limit, or the disk is almost full.",
  FILES_UNAVAILABLE:
    "The bucket with the contents of files cannot be reached, or refuses the daemon's requests. The daemon's log has the reason. Send the request again later.",
  DIGEST_MISMATCH:
    "The content that arrived does not have the digest that the request's header gives.",
  LINK_INVALID: "The link to the file has expired, or it was changed.",
  RANGE_NOT_SATISFIABLE: "The Range header asks for bytes that the file does not have.",
  INPUT_INVALID: "The input does not match the first plugin's schema.",
  OPTIONS_INVALID: "A plugin's options do not match its schema.",
  IDEMPOTENCY_KEY_INVALID: "The Idempotency-Key is empty or longer than 255 characters.",
  IDEMPOTENCY_KEY_REUSED: "The Idempotency-Key was already used with a different request.",
  OVERLOADED:
    "The requests in flight, or the memory that their bodies or responses occupy, have reached the limit.",
  METADATA_TOO_LARGE: "The job's metadata is larger than the metadata limit.",
  BATCH_TOO_LARGE: "The batch has more jobs than the batch limit allows.",
  QUEUE_FULL: "The number of queued jobs has reached the queue limit.",
  LIMIT_QUEUE_FULL:
    "As many jobs wait for the limit of the job's plugin as its `maxQueued` allows.",
  DISK_FULL:
    "The disk of the database is full or almost full. New jobs are refused, so that what runs can end and old jobs can be deleted. Free some space on the disk, or keep jobs for a shorter time (`PLAYGROUND_RETENTION_*`).",
  TOO_MANY_STREAMS: "The number of open event streams has reached the stream limit.",
  TOKEN_EXISTS: "Another token has this name.",
  TOKEN_NOT_FOUND: "No added token has this name.",
  SECRET_NAME_INVALID: "A secret cannot have this name.",
  SECRET_NOT_FOUND: "No secret with this name was set by the API, or it was removed.",
  SECRET_LIMIT: "There are 1,000 secrets already. Remove one that is not needed.",
  LIMIT_NOT_FOUND: "No limit has this name. Plugins declare limits.",
  NOT_READY:
    "The daemon does not accept work: it is starting or stopping, or it cannot write to its disk.",
  STOPPING: "The daemon is stopping and does not accept new work.",
} as const satisfies Record<string, string>;

export const UNREACHABLE =
  "The database cannot be reached. The daemon stores nothing until it can reach it again.";

/** Codes of `Transient` errors because of which nothing can be stored, with what the client reads. */
export const CANNOT_STORE: Readonly<Record<string, string>> = {
  STORE_DISK_FULL:
    "The disk of the database is full. The daemon stores nothing until there is space again.",
  STORE_READ_ONLY: "The database is read-only. The daemon stores nothing until it can write again.",
  STORE_IO_ERROR:
    "The disk of the database reports errors. The daemon stores nothing until it can write again.",
  STORE_UNREACHABLE: UNREACHABLE,
};

export type RefusalCode = keyof typeof REFUSALS;

/** One error in a request: the field, the value found and what it must be. */
export interface Issue {
  /** JSON Pointer into the request, such as `/plugins/0/name`. */
  readonly path: string;
  readonly message: string;
}

/** A response has no more of them. */
export const MAX_ISSUES = 20;

/** Returns the first issue and the number of further ones. `whole` is the name of the empty path. */
export function summarize(issues: readonly Issue[], whole: string): string {
  const [first] = issues;
  const rest = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return `${first?.path || whole} ${first?.message ?? "is wrong"}${rest}`;
}

/** The caller must change the request, or send it again later if the response's status is 503. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;
  readonly issues: readonly Issue[];
  /** How long to wait before sending the same request again, in ms. */
  readonly retryAfterMs: number | null;
  /** False when no setting can raise the limit that was exceeded. */
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

/** Something outside the code is not ready. The same operation can succeed later. */
export class Transient extends Error {
  override readonly name = "Transient";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A state that must never occur. */
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
  PLUGIN_THREW: "The plugin threw an error, or its promise was rejected.",
  PLUGIN_TIMEOUT: "The plugin ran longer than its timeout.",
  JOB_TIMEOUT: "The job ran longer than its timeoutMs.",
  OUT_OF_MEMORY: "The plugin used more memory than its thread is allowed.",
  PLUGIN_EXITED: "The plugin ended its thread, for example with process.exit().",
  PLUGIN_CRASHED: "The plugin's thread crashed because of an error outside the plugin's promise.",
  FILES_FULL:
    "There was no room for the files that the plugin wrote: all files together would be over their limit.",
  FILES_UNAVAILABLE:
    "The content of one of the job's files could not be read from the bucket, or what the plugin wrote could not be stored there.",
  OUTPUT_NOT_SERIALIZABLE:
    "The plugin's output contains a value that JSON cannot represent, such as a function, a cycle, a Response or an iterator.",
  OUTPUT_TOO_LARGE: "The plugin's output is larger than the output limit.",
  OUTPUT_INVALID: "The plugin's output does not match the schema that the plugin declares.",
  INPUT_INVALID:
    "The step's input, which is the previous plugin's output, does not match the plugin's schema.",
  OPTIONS_INVALID: "The plugin's options do not match its schema.",
  PLUGIN_NOT_FOUND:
    "The plugin was removed after the job was submitted, and the job has waited for it as long as `PLAYGROUND_PLUGIN_WAIT_MS` says.",
  PLUGIN_BROKEN:
    "The plugin's file can no longer be loaded, and the job has waited for it as long as `PLAYGROUND_PLUGIN_WAIT_MS` says.",
  STEP_INTERRUPTED:
    "The step was interrupted three times, because the process that ran it or the daemon ended, or because the step's result could not be stored.",
  INTERNAL_ERROR:
    "The daemon could not determine or store the step's result. Its log has the details.",
  CANCELLED: "The job was cancelled.",
} as const satisfies Record<string, string>;

export type FailureCode = keyof typeof FAILURES;

/** A failure is data, because an error class loses its code when it leaves a thread. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}
