/**
 * Every message between the daemon and an executor, the process that runs plugins. Both sides gather
 * their messages and send one array per event loop iteration (outbox.ts).
 */
import type { Failure } from "../domain/errors.ts";
import type { EgressSettings } from "../egress/egress-settings.ts";
import type { ScanAnswer, ScanFile, StepOutcome } from "../pool/messages.ts";
import type {
  LogLine,
  StepHooks,
  StepInterrupted,
  StepLimitPause,
  StepTask,
} from "../ports/plugin-pool.ts";

/** What an executor needs to run steps. */
export interface ExecutorSettings {
  readonly threads: number;
  readonly filesDir: string;
  readonly egress: EgressSettings;
  readonly memoryMb: number;
  readonly graceMs: number;
  readonly startLimitMs: number;
  readonly outputLimitBytes: number;
  /** The folder of the contents of files. */
  readonly contentsDir: string;
  /** The largest file that a plugin can write, in bytes. */
  readonly fileLimitBytes: number;
  /** `process.env` of plugins. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether a plugin gets only the variables that it declares. */
  readonly withholdsEnv: boolean;
}

/** One step for an executor, with the plugin's file as a URL and its timeout. */
export interface ExecutorTask extends StepTask {
  readonly file: string;
  /** The values of the secrets that the plugin declares, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The names of the environment variables that the plugin declares. */
  readonly env: readonly string[];
  readonly pluginTimeoutMs: number;
}

/** A task on its way. `jobInput` is null when it is the same text as `input`, which then crosses once. */
export type SentTask = Omit<ExecutorTask, "jobInput"> & {
  readonly jobInput: ExecutorTask["jobInput"] | null;
  /** The instant of `monotonicMs` after which the plugin must not begin. Null: there is none. */
  readonly startBefore: number | null;
};

/** A task as the executor runs it. */
export type ReceivedTask = ExecutorTask & Pick<SentTask, "startBefore">;

export interface ScanRequest {
  readonly files: readonly ScanFile[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What an executor uses, in bytes. */
export interface MemoryReport {
  /** Resident memory of the process. */
  readonly rss: number;
  /** The running step whose heap and buffers are largest. Null if none is known. */
  readonly largest: { readonly run: number; readonly bytes: number } | null;
}

export type ToExecutor =
  /** The first message to an executor that runs steps. */
  | { readonly kind: "open"; readonly settings: ExecutorSettings }
  | { readonly kind: "run"; readonly run: number; readonly task: SentTask }
  /** Asks the step to stop. The reason is null when the job's client gave none. */
  | { readonly kind: "cancel"; readonly run: number; readonly reason: string | null }
  /** Ends the step's thread, because its process uses too much memory. */
  | { readonly kind: "end-step"; readonly run: number; readonly failure: Failure }
  /** A plugin's file has changed: the next step gets new threads. */
  | { readonly kind: "stale" }
  /** Ends all threads, then the executor. */
  | { readonly kind: "close" }
  /** The only message to an executor that reads plugin files. It ends after the last answer. */
  | { readonly kind: "scan"; readonly request: ScanRequest };

export type FromExecutor =
  /** The executor can run steps. */
  | { readonly kind: "ready" }
  | { readonly kind: "log"; readonly run: number; readonly lines: readonly LogLine[] }
  | { readonly kind: "log-dropped"; readonly run: number; readonly count: number }
  | {
      readonly kind: "progress";
      readonly run: number;
      readonly progress: Parameters<StepHooks["onProgress"]>[0];
    }
  | { readonly kind: "pause-limit"; readonly run: number; readonly pause: StepLimitPause }
  | {
      readonly kind: "ended";
      readonly run: number;
      readonly outcome: StepOutcome | StepInterrupted;
    }
  /**
   * The step's thread was ended, but still works in native code, which nothing in the process can
   * end. The failure is null if the step is not the cause.
   */
  | { readonly kind: "stuck"; readonly run: number; readonly failure: Failure | null }
  /** Sent while steps run, and once more after the last one. */
  | { readonly kind: "memory"; readonly memory: MemoryReport }
  /**
   * A thread ended and left processes behind. They were killed, but stay zombies until the executor
   * ends: Node reaps only the processes of a running thread.
   */
  | { readonly kind: "orphans" }
  /** One file was read. Answers come in the order of the files. */
  | { readonly kind: "scanned"; readonly answer: ScanAnswer };
