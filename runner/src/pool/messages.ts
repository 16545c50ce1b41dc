/** What the main thread and the plugin threads say to each other; nothing else crosses. */
import type { MessagePort } from "node:worker_threads";
import type { EgressPolicy } from "../egress/policy.ts";
import type { Failure } from "../domain/errors.ts";
import type { StepMetrics } from "../domain/job-spec.ts";
import type { JsonText } from "../domain/json-text.ts";
import type { JsonSchema } from "../ports/plugin-catalog.ts";
import type { LogLine, StepTask } from "../ports/plugin-pool.ts";

/** One step, as a Piscina task. */
export interface ThreadTask extends Omit<StepTask, "jobTimeoutMs"> {
  /** Tells one run from another; above 0. */
  readonly run: number;
  /** The plugin's file, as a URL. */
  readonly file: string;
}

/** What all steps of a thread share, as its `workerData`. */
export interface ThreadSettings {
  readonly filesDir: string;
  readonly outputLimitBytes: number;
  readonly egress: EgressPolicy;
}

export type StepOutcome =
  | { readonly ok: true; readonly output: JsonText; readonly metrics: StepMetrics }
  | { readonly ok: false; readonly failure: Failure; readonly metrics: StepMetrics | null };

export interface Progress {
  readonly fraction: number | null;
  readonly message: string | null;
}

/** The first word of a thread, over Piscina's own channel: the port for all the others. */
export interface Hello {
  readonly kind: "hello";
  readonly threadId: number;
  readonly port: MessagePort;
  readonly sharedState: SharedState;
}

/** What a thread keeps written where the main thread reads it even after the thread's death. */
export type SharedState = BigInt64Array<SharedArrayBuffer>;
export const SHARED_STATE = {
  /** The run that the thread is at; 0 when it is idle. */
  run: 0,
  /** How many runs it has begun. */
  runs: 1,
  /** When it began the last, in ms since the epoch. */
  begunAt: 2,
} as const;

/**
 * What a thread tells, over one port so that it arrives in order and is there to be read when the
 * thread is not. Piscina's result of a task says only that the thread is free.
 */
export type ThreadMessage =
  | {
      readonly kind: "said";
      readonly run: number;
      readonly lines: readonly LogLine[];
      readonly progress: Progress | null;
    }
  | {
      readonly kind: "ended";
      readonly run: number;
      readonly lines: readonly LogLine[];
      /** Lines that were over the limit. */
      readonly droppedLines: number;
      readonly outcome: StepOutcome;
    }
  /** The thread is dying of what this run did; null when it cannot be told whose fault it is. */
  | { readonly kind: "fault"; readonly run: number | null; readonly failure: Failure };

export interface StopRequest {
  readonly kind: "stop";
  readonly run: number;
  readonly reason: string;
}

/** What the scan thread is given: files, as URLs, to read one by one. */
export interface ScanOrder {
  readonly files: readonly string[];
}

/** What a plugin's file says of itself. */
export interface PluginDescription {
  readonly name: string;
  readonly version: string | null;
  readonly description: string;
  readonly inputSchema: JsonSchema | null;
  readonly optionsSchema: JsonSchema | null;
  readonly outputSchema: JsonSchema | null;
  readonly example: { readonly input: unknown; readonly options?: unknown } | null;
  readonly timeoutMs: number | null;
  readonly warnings: readonly string[];
}

/** The scan thread has started: a file's time counts from here. */
export type ScanReady = "ready";

/** One file read; the answers come in the order of the files. */
export type ScanAnswer =
  | { readonly ok: true; readonly plugin: PluginDescription }
  | { readonly ok: false; readonly error: string };
