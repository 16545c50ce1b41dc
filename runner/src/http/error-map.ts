/** The only place that decides an error's HTTP status and what the client sees of it. */
import {
  CANNOT_STORE,
  Refused,
  REFUSALS,
  Transient,
  type Issue,
  type RefusalCode,
} from "../domain/errors.ts";
import { LIMITS, type CountedLimit } from "../domain/limits.ts";
import type { Problem } from "./contract/problem.ts";

const REFUSAL_STATUS = {
  BODY_INVALID: 400,
  BODY_NOT_JSON: 400,
  BODY_TOO_LARGE: 413,
  CONTENT_TYPE_UNSUPPORTED: 415,
  UNAUTHORIZED: 401,
  INSUFFICIENT_SCOPE: 403,
  TOO_MANY_LOGINS: 429,
  HOST_REFUSED: 421,
  ORIGIN_REFUSED: 403,
  REQUEST_MALFORMED: 400,
  REQUEST_HEADERS_TOO_LARGE: 431,
  REQUEST_TIMEOUT: 408,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  JOB_NOT_FOUND: 404,
  OUTPUT_NOT_FOUND: 404,
  JOB_NOT_RETRYABLE: 409,
  PAYLOADS_REMOVED: 409,
  JOB_ALREADY_ENDED: 409,
  JOB_NOT_ENDED: 409,
  JOB_IN_BATCH: 409,
  JOB_NOT_DELIVERED: 409,
  BULK_ACT_NOT_FOUND: 404,
  BULK_ACT_ENDED: 409,
  BULK_ACT_LIMIT: 409,
  SCHEDULE_NOT_FOUND: 404,
  SCHEDULE_LIMIT: 409,
  SCHEDULE_EXISTS: 412,
  SCHEDULE_BUSY: 409,
  SCHEDULE_JOB_REFUSED: 409,
  WEBHOOK_NOT_FOUND: 404,
  WEBHOOK_LIMIT: 409,
  WEBHOOK_OFF: 409,
  WEBHOOK_EXISTS: 409,
  WEBHOOK_URL_REFUSED: 400,
  WEBHOOK_UNREACHABLE: 422,
  DESTINATION_NOT_FOUND: 404,
  DELIVERY_NOT_FOUND: 404,
  DELIVERY_NOT_RESENDABLE: 409,
  BATCH_NOT_FOUND: 404,
  BATCH_HAS_WEBHOOK: 409,
  PLUGIN_NOT_FOUND: 404,
  PLUGIN_BROKEN: 503,
  FILE_NOT_FOUND: 404,
  FILE_IN_USE: 409,
  FILE_TOO_LARGE: 413,
  FILES_FULL: 507,
  FILES_UNAVAILABLE: 503,
  DIGEST_MISMATCH: 400,
  LINK_INVALID: 403,
  RANGE_NOT_SATISFIABLE: 416,
  INPUT_INVALID: 400,
  OPTIONS_INVALID: 400,
  IDEMPOTENCY_KEY_INVALID: 400,
  IDEMPOTENCY_KEY_REUSED: 422,
  OVERLOADED: 503,
  METADATA_TOO_LARGE: 413,
  BATCH_TOO_LARGE: 413,
  QUEUE_FULL: 503,
  LIMIT_QUEUE_FULL: 429,
  DISK_FULL: 507,
  TOO_MANY_STREAMS: 503,
  TOKEN_EXISTS: 409,
  TOKEN_NOT_FOUND: 404,
  SECRET_NAME_INVALID: 400,
  SECRET_NOT_FOUND: 404,
  SECRET_LIMIT: 409,
  LIMIT_NOT_FOUND: 404,
  NOT_READY: 503,
  STOPPING: 503,
} as const satisfies Record<RefusalCode, number>;

/** Refusals because of a limit. Their detail names the limit's setting, and a metric counts them. */
const LIMIT_OF: Partial<Record<ErrorCode, CountedLimit>> = {
  BODY_TOO_LARGE: "body",
  FILE_TOO_LARGE: "file",
  FILES_FULL: "files",
  WEBHOOK_LIMIT: "webhooks",
  QUEUE_FULL: "queue",
  LIMIT_QUEUE_FULL: "plugin-queue",
  TOO_MANY_STREAMS: "streams",
  OVERLOADED: "requests",
  METADATA_TOO_LARGE: "metadata",
  BATCH_TOO_LARGE: "batch",
};

/** Errors that the caller cannot fix. */
const FAULTS = {
  UNAVAILABLE: {
    status: 503,
    title:
      "Something that the daemon needs is temporarily unavailable. The same request may succeed later.",
  },
  INTERNAL: {
    status: 500,
    title:
      "The daemon failed unexpectedly. Its log has the details, under the request id in `instance`.",
  },
} as const;

export type ErrorCode = RefusalCode | keyof typeof FAULTS;

/** Refusals that every route can respond with. */
export const COMMON_REFUSALS: readonly RefusalCode[] = [
  "UNAUTHORIZED",
  "INSUFFICIENT_SCOPE",
  "REQUEST_MALFORMED",
  "HOST_REFUSED",
  "ORIGIN_REFUSED",
  "OVERLOADED",
];
/** Additional refusals of methods with a body, even when the route expects none. */
export const BODY_REFUSALS: readonly RefusalCode[] = [
  "BODY_INVALID",
  "BODY_NOT_JSON",
  "BODY_TOO_LARGE",
  "CONTENT_TYPE_UNSUPPORTED",
  "REQUEST_TIMEOUT",
];

const DEFAULT_RETRY_AFTER_MS = 1000;

/** Statuses whose response has a `Retry-After`. */
const RETRIABLE: ReadonlySet<number> = new Set([429, 503]);

/** Refusals for errors of Fastify and of Node's HTTP parser, by the error's code. */
const FOREIGN_CODES: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "CONTENT_TYPE_UNSUPPORTED",
  FST_ERR_CTP_INVALID_CONTENT_TYPE: "CONTENT_TYPE_UNSUPPORTED",
  HPE_HEADER_OVERFLOW: "REQUEST_HEADERS_TOO_LARGE",
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
};

function toRefused(error: unknown): Refused | null {
  if (error instanceof Refused) return error;
  if (!(error instanceof Error)) return null;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (typeof code === "string") {
    const known = FOREIGN_CODES[code];
    if (known !== undefined) return new Refused(known);
    if (code.startsWith("HPE_")) return new Refused("REQUEST_MALFORMED");
  }
  const isClientError = typeof statusCode === "number" && statusCode >= 400 && statusCode < 500;
  return isClientError ? new Refused("REQUEST_MALFORMED", error.message) : null;
}

export interface Refusal {
  readonly problem: Problem;
  /** The value of the `Retry-After` header. Null when the response has no such header. */
  readonly retryAfterSeconds: number | null;
  /** The limit that was exceeded, or null. */
  readonly limit: CountedLimit | null;
}

/**
 * The problem that the client sees. It never contains the text of an unexpected error. Its `type` is
 * a path, which begins with `basePath`.
 */
export function toRefusal(
  error: unknown,
  { requestId, basePath }: { readonly requestId: string; readonly basePath: string },
): Refusal {
  const refused = toRefused(error);
  if (refused !== null) {
    const { code, message, issues, retryAfterMs, isAdjustable } = refused;
    const status = REFUSAL_STATUS[code];
    const limit = LIMIT_OF[code] ?? null;
    const setting = limit === null || limit === "plugin-queue" ? null : LIMITS[limit];
    const namesSetting = setting !== null && isAdjustable;
    const detail = namesSetting ? `${message} ${setting} sets the limit.` : message;
    return {
      problem: {
        type: typeOf(code, basePath),
        title: REFUSALS[code],
        status,
        code,
        detail,
        issues: [...issues],
      },
      retryAfterSeconds: RETRIABLE.has(status) ? toSeconds(retryAfterMs) : null,
      limit,
    };
  }
  const code = error instanceof Transient ? "UNAVAILABLE" : "INTERNAL";
  const { status, title } = FAULTS[code];
  const detail = error instanceof Transient ? CANNOT_STORE[error.code] : undefined;
  const issues: Issue[] = [];
  return {
    problem: {
      type: typeOf(code, basePath),
      title,
      status,
      code,
      detail: detail ?? title,
      issues,
      instance: `urn:request:${requestId}`,
    },
    retryAfterSeconds: status === 503 ? toSeconds(null) : null,
    limit: null,
  };
}

function typeOf(code: ErrorCode, basePath: string): string {
  return `${basePath}/docs#${code}`;
}

function toSeconds(retryAfterMs: number | null): number {
  return Math.max(1, Math.ceil((retryAfterMs ?? DEFAULT_RETRY_AFTER_MS) / 1000));
}

/** Every error code with its status and meaning, for /docs and docs/reference. */
export function describeErrors(): readonly { code: ErrorCode; status: number; meaning: string }[] {
  const refusals = (Object.keys(REFUSALS) as RefusalCode[]).map((code) => ({
    code,
    status: REFUSAL_STATUS[code],
    meaning: REFUSALS[code],
  }));
  const faults = (Object.keys(FAULTS) as (keyof typeof FAULTS)[]).map((code) => ({
    code,
    status: FAULTS[code].status,
    meaning: FAULTS[code].title,
  }));
  return [...refusals, ...faults];
}
