/** What the main thread and the plugin threads say to each other; nothing else crosses. */
import type { MessagePort } from "node:worker_threads";
import type { Failure } from "../domain/errors.ts";
import type { StepMetrics } from "../domain/job.ts";
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
}

export type StepOutcome =
  | { readonly ok: true; readonly output: JsonText; readonly metrics: StepMetrics }
  | { readonly ok: false; readonly failure: Failure; readonly metrics: StepMetrics | null };

/** A Piscina task's result. */
export interface ThreadResult {
  readonly outcome: StepOutcome;
  /** The lines that were not sent as news. */
  readonly lines: readonly LogLine[];
  /** News was sent before, and must be read before this. */
  readonly sentNews: boolean;
}

export interface Progress {
  readonly fraction: number | null;
  readonly message: string | null;
}

/** The first word of a thread, over Piscina's own channel: the port for all the others. */
export interface Hello {
  readonly kind: "hello";
  readonly threadId: number;
  readonly port: MessagePort;
  /** Shared memory that outlives the thread: see `SLATE`. */
  readonly slate: Int32Array<SharedArrayBuffer>;
}

/** What a thread keeps written where the main thread reads it after the thread's death. */
export const SLATE = { run: 0, steps: 1 } as const;

export type ThreadNews =
  | {
      readonly kind: "news";
      readonly run: number;
      readonly lines: readonly LogLine[];
      readonly progress: Progress | null;
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
  readonly version: string;
  readonly description: string;
  readonly inputSchema: JsonSchema | null;
  readonly optionsSchema: JsonSchema | null;
  readonly outputSchema: JsonSchema | null;
  readonly example: { readonly input: unknown; readonly options?: unknown } | null;
  readonly timeoutMs: number | null;
}

/** One file read; the answers come in the order of the files. */
export type ScanAnswer =
  | { readonly ok: true; readonly plugin: PluginDescription }
  | { readonly ok: false; readonly error: string };
