/** Every message between the main thread and the plugin threads. */
import type { MessagePort } from "node:worker_threads";
import type { EgressSettings } from "../egress/egress-settings.ts";
import type { Failure } from "../domain/errors.ts";
import type { FileInfo } from "../domain/file.ts";
import type { StepMetrics } from "../domain/job-spec.ts";
import type { JsonText } from "../domain/json-text.ts";
import type { PluginLimits } from "../domain/plugin-limits.ts";
import type { RetryPolicy, RetryWish } from "../domain/step-retry.ts";
import type { JsonSchema } from "../ports/plugin-catalog.ts";
import type { LogLine, StepInterrupted, StepTask, StepLimitPause } from "../ports/plugin-pool.ts";

/** One step, as a Piscina task. */
export interface ThreadTask extends Omit<StepTask, "jobTimeoutMs"> {
  /** The run's number, 1 or above. A step that moves to a new thread keeps it. */
  readonly run: number;
  /** The plugin's file, as a URL. */
  readonly file: string;
  /** The values of the secrets that the plugin declares, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The names of the environment variables that the plugin declares. */
  readonly env: readonly string[];
  /** The instant of `monotonicMs` after which the plugin must not begin. Null: there is none. */
  readonly startBefore: number | null;
}

/** The `workerData` of a plugin thread. */
export interface ThreadSettings {
  readonly filesDir: string;
  readonly outputLimitBytes: number;
  readonly egress: EgressSettings;
  readonly contentsDir: string;
  readonly fileLimitBytes: number;
  /** Whether a plugin gets only the environment variables that it declares. */
  readonly withholdsEnv: boolean;
}

export type StepOutcome =
  | {
      readonly ok: true;
      readonly output: JsonText;
      readonly metrics: StepMetrics;
      readonly files?: readonly FileInfo[];
    }
  | {
      readonly ok: false;
      readonly failure: Failure;
      readonly metrics: StepMetrics | null;
      readonly retry?: RetryWish;
    };

export interface Progress {
  readonly fraction: number | null;
  readonly message: string | null;
}

/** A thread's first message, over Piscina's own channel. All others go over its port. */
export interface Hello {
  readonly kind: "hello";
  readonly threadId: number;
  readonly port: MessagePort;
  readonly sharedState: SharedState;
}

/** What a thread writes about its run. The main thread can read it even after the thread has died. */
export type SharedState = BigInt64Array<SharedArrayBuffer>;
export const SHARED_STATE = {
  /** The current run; 0 when the thread is idle. */
  run: 0,
  /** Number of runs that the thread has started. */
  runCount: 1,
  /** When the last run started, in ms on the monotonic clock. */
  startedAt: 2,
} as const;

/**
 * A thread's messages use one port, so that they arrive in order and can be read after the thread
 * has died. Piscina's result of a task only says that the thread is free.
 */
export type ThreadMessage =
  | {
      readonly kind: "update";
      readonly run: number;
      readonly lines: readonly LogLine[];
      readonly progress: Progress | null;
    }
  | { readonly kind: "pause-limit"; readonly run: number; readonly pause: StepLimitPause }
  | {
      readonly kind: "ended";
      readonly run: number;
      readonly lines: readonly LogLine[];
      /** Number of lines over the limit. */
      readonly droppedLines: number;
      readonly outcome: StepOutcome | StepInterrupted;
    }
  /** The thread started a process, or a process that it started has ended. */
  | { readonly kind: "child"; readonly pid: number; readonly hasEnded: boolean }
  /** The thread is dying because of this run; null when the cause is unknown. */
  | { readonly kind: "fault"; readonly run: number | null; readonly failure: Failure };

/** The messages about runs. */
export type RunMessage = Exclude<ThreadMessage, { kind: "child" }>;

export interface StopRequest {
  readonly kind: "stop";
  readonly run: number;
  readonly reason: string;
}

/** A plugin file to read. */
export interface ScanFile {
  /** The file's URL. */
  readonly file: string;
  /** Time limit for importing it, in ms. */
  readonly limitMs: number;
}

/** The `workerData` of the scan thread: the URLs of the files to read, in order. */
export interface ScanOrder {
  readonly files: readonly string[];
}

/** What a plugin's file declares. */
export interface PluginDescription {
  readonly name: string;
  readonly version: string | null;
  readonly description: string;
  readonly inputSchema: JsonSchema | null;
  readonly optionsSchema: JsonSchema | null;
  readonly outputSchema: JsonSchema | null;
  readonly example: { readonly input: unknown; readonly options?: unknown } | null;
  readonly timeoutMs: number | null;
  readonly retry: RetryPolicy | null;
  readonly limits: PluginLimits | null;
  readonly secrets: readonly string[];
  readonly env: readonly string[];
  readonly warnings: readonly string[];
}

/** The scan thread's exit code, and Node's, when nothing is left to run and an import has not ended. */
export const UNSETTLED_AWAIT = 13;

/** The scan thread has started: the first file's time limit counts from here. */
export type ScanReady = "ready";

/** A file that a plugin imports. */
export interface ImportedFile {
  readonly path: string;
  /** Changes with the file. Taken before the file was read. */
  readonly stamp: string;
}

/** The result of reading one file. Results come in the order of the files. */
export type ScanAnswer = (
  | { readonly ok: true; readonly plugin: PluginDescription }
  | { readonly ok: false; readonly error: string; readonly isTooSlow: boolean }
) & {
  /** What the file imported, itself included. Files that an earlier file of the scan imported can be missing. */
  readonly imported: readonly ImportedFile[];
};
