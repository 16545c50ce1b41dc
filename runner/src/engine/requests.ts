/** Requests as the HTTP routes pass them on: parsed and valid. JSON values are not text yet. */
import type { EventKind } from "../domain/event.ts";
import type { Debounce } from "../domain/debounce.ts";
import type { Dedupe } from "../domain/job-key.ts";
import type { TraceContext } from "../domain/trace-context.ts";
import type { RetryPolicy } from "../domain/step-retry.ts";

/** A webhook given with a job or a batch. */
export interface WebhookTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
  /** Left out when not given: a request that was sent before these fields existed must be equal to itself. */
  readonly secret?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly verifyTls?: false | undefined;
}

export interface JobRequest {
  readonly plugins: readonly { readonly name: string; readonly options: unknown }[];
  readonly input: unknown;
  readonly webhook: WebhookTarget | null;
  readonly name: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly priority: number;
  /** Milliseconds since the epoch. Null means now. */
  readonly runAt: number | null;
  readonly timeoutMs: number | null;
  /** Left out when not given, as above. */
  readonly retry?: RetryPolicy | undefined;
  /** Different ones, sorted. Left out when there are none. */
  readonly tags?: readonly string[] | undefined;
}

export interface SubmitRequest extends JobRequest {
  readonly idempotencyKey: string | null;
  /** Not a part of what makes two requests equal: a repeated request has another. */
  readonly trace?: TraceContext | null | undefined;
  /** Left out when not given, as above. */
  readonly dedupe?: Dedupe | undefined;
  readonly debounce?: Debounce | undefined;
}

export interface BatchRequest {
  readonly trace?: TraceContext | null | undefined;
  readonly jobs: readonly SubmitRequest[];
  readonly webhook: WebhookTarget | null;
  readonly idempotencyKey: string | null;
}
