/** Requests as the engine takes them: parsed, with JSON values still values. */
import type { EventKind } from "../domain/event.ts";

/** A webhook given with a job or a batch. */
export interface WebhookTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly on: readonly EventKind[] | null;
  readonly retries: number;
}

/** A job's request after it was parsed; JSON values are still values here. */
export interface JobRequest {
  readonly plugins: readonly { readonly name: string; readonly options: unknown }[];
  readonly input: unknown;
  readonly webhook: WebhookTarget | null;
  readonly name: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly priority: number;
  /** Milliseconds since the epoch; null is now. */
  readonly runAt: number | null;
  readonly timeoutMs: number | null;
}

export interface SubmitRequest extends JobRequest {
  readonly idempotencyKey: string | null;
}

export interface BatchRequest {
  readonly jobs: readonly SubmitRequest[];
  readonly webhook: WebhookTarget | null;
  readonly idempotencyKey: string | null;
}
