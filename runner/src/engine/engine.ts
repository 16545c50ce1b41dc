/** What the engine offers to whoever takes requests: the HTTP routes and the command line. */
import type { EventKind } from "../domain/event.ts";
import type { JobStatus } from "../domain/job.ts";

/** A job's request after it was parsed; JSON values are still values here. */
export interface SubmitRequest {
  readonly plugins: readonly { readonly name: string; readonly options: unknown }[];
  readonly input: unknown;
  readonly webhook: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly on: readonly EventKind[] | null;
    readonly retries: number;
  } | null;
  readonly name: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly priority: number;
  /** Milliseconds since the epoch; null is now. */
  readonly runAt: number | null;
  readonly timeoutMs: number | null;
  readonly idempotencyKey: string | null;
}

export interface StepProgress {
  /** In [0, 1], or null when the plugin cannot tell. */
  readonly fraction: number | null;
  readonly message: string | null;
  readonly at: number;
}

/** What can be heard of a job while it lives. `changed`: its stored events have grown, or it ended. */
export type JobSignal =
  | { readonly kind: "changed"; readonly status: JobStatus }
  | { readonly kind: "step-progress"; readonly progress: StepProgress };

export interface Engine {
  /** Stores the job; resolves when it is on disk. Throws `Refused`. */
  submit(request: SubmitRequest): Promise<{ jobId: string; replayed: boolean }>;
  /** Ends a queued job at once; asks a running one to stop, and returns. Throws `Refused`. */
  cancel(jobId: string): Promise<void>;
  /** Puts a failed job back into the queue at the step that failed. Throws `Refused`. */
  retry(jobId: string): Promise<void>;
  /** Resolves when the job has ended or the signal aborts. */
  waitForEnd(jobId: string, options: { signal: AbortSignal }): Promise<void>;
  /** Calls the listener until the function it returns is called. */
  listen(jobId: string, listener: (signal: JobSignal) => void): () => void;
  /** What the running step said last; null when it runs elsewhere, said nothing, or has ended. */
  stepProgress(jobId: string): StepProgress | null;
  /** Takes work until stopped. */
  start(): Promise<void>;
  /**
   * Takes no new work, gives running steps the grace period, puts what is left back into the
   * queue, and waits for deliveries in flight.
   */
  stop(options: { graceMs: number }): Promise<void>;
}
