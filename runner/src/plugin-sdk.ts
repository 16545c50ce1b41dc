/**
 * What a plugin author imports: `import { definePlugin } from "playground-runner/plugin"`.
 * The built-in plugins are written with this and nothing else of the runner.
 */
import type { z } from "zod";
import type { LimitsRequest } from "./domain/plugin-limits.ts";
import type { RetryRequest } from "./domain/step-retry.ts";
import { checkDefinition } from "./pool/definition-faults.ts";

export { DoNotRetry, RetryAfter } from "./pool/retry-errors.ts";

/** Numbers that the step's `progress` and `completed` events contain. */
export interface PluginMetrics {
  /** Adds to a counter that starts at 0, such as `processedItems`. Throws if the number is not finite. */
  add(name: string, amount: number): void;
  /** Sets a number and replaces an earlier one. Throws if the number is not finite. */
  set(name: string, value: number): void;
}

/** Log lines, stored with the job. `data` is any object that JSON allows. `console.*` is stored too. */
export interface PluginLog {
  debug(message: string, data?: object): void;
  info(message: string, data?: object): void;
  warn(message: string, data?: object): void;
  error(message: string, data?: object): void;
}

/** The folder that paths in a job's input or options are confined to, because clients that submit jobs are not the operator. */
export interface PluginFiles {
  /**
   * Returns the absolute path of a file in the files folder. The file need not exist.
   * Throws if the path leads out of the folder: with `..`, as an absolute path, or through a link.
   */
  resolve(path: string): string;
  /**
   * Opens a file to which the job's input, its options or an earlier step's output refers. Takes the
   * reference or its id. Rejects if the job has no such file.
   */
  open(reference: FileReference | string): Promise<OpenedFile>;
}

/**
 * A file that was uploaded or that a plugin wrote, as JSON refers to it. No interface, so that it fits
 * `z.looseObject`.
 */
export type FileReference = {
  /** The id of the file: `file_…`. */
  readonly $file: string;
};

/** A file's content, which must not be changed, and what is known of it. */
export interface OpenedFile {
  /** The absolute path of the content. It has no extension. */
  readonly path: string;
  /** Reads the content from its start. */
  stream(): AsyncIterable<Uint8Array>;
  /** As the sender of the file chose it. It is not a path. */
  readonly name: string;
  /** The media type that the sender claimed. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** In lower-case hex. */
  readonly sha256: string;
}

/** What a plugin returns of a file that it wrote. Events add a `url` that works without a token. */
export type WrittenFileReference = FileReference & {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
};

/** Files that the plugin writes. They are stored with the step, if it completes, and deleted with the job. */
export interface PluginArtifacts {
  /**
   * Writes a file and resolves to a reference for the output. `source` is bytes, a stream of bytes, or the
   * path of a file, which is copied. The default type is `application/octet-stream`. Rejects if the
   * file is over a limit.
   */
  write(
    name: string,
    source: Uint8Array | string | AsyncIterable<Uint8Array | string>,
    options?: { readonly type?: string },
  ): Promise<WrittenFileReference>;
}

/** The limit of the plugin: see `limits` of the definition. */
export interface PluginLimit {
  /**
   * Lets no step of the limit begin for a time, for example as long as the `Retry-After` of a 429 says. With
   * `perKey`, only steps of jobs with the key of this job, or with `key`, are paused; null is the whole
   * limit. This step goes on, and does not fail. A pause that ends later stays. The longest is a day. A
   * step's first 100 pauses that lengthen its last one of the same key take effect. Throws if the plugin
   * has no limits.
   */
  pause(retryAfterMs: number, options?: { readonly key?: string | null }): void;
}

/**
 * The trace that the step belongs to, as W3C Trace Context writes it. A plugin that sends requests without
 * `ctx.fetch` sets the headers of these names, so that its receivers go on with the trace.
 */
export interface PluginTrace {
  /** Null if there is no trace. */
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** The schedule of a job, and the slot that the job was made for, which its plugin can start later. */
export interface PluginSchedule {
  readonly id: string;
  readonly key: string;
  /** The slot's nominal instant, or the instant of the request of a run that a person asked for. */
  readonly slot: string;
  /** The slot before it for which a job was made. Null for the first. */
  readonly previousSlot: string | null;
}

export interface PluginContext<Options = unknown, Secret extends string = string> {
  /** Aborted when the job is cancelled or times out, or the daemon stops. The thread ends soon after. */
  readonly signal: AbortSignal;
  readonly log: PluginLog;
  readonly metrics: PluginMetrics;
  /** Reports the step's progress: a fraction from 0 to 1, or null if it is not known. */
  progress(fraction: number | null, message?: string): void;
  readonly job: {
    readonly id: string;
    readonly name: string | null;
    readonly metadata: Readonly<Record<string, unknown>>;
    /** The schedule that made the job; null if none did. Its instants are ISO 8601 texts. */
    readonly schedule: PluginSchedule | null;
    /** The job's original input, also for later plugins. */
    readonly input: unknown;
  };
  readonly options: Options;
  /**
   * The number of this attempt of the step, counted from 1. It grows when an attempt has failed and the
   * step runs again by a retry policy, and not when a crash cut an attempt off.
   */
  readonly attempt: number;
  /**
   * The values of the secrets that the plugin declares, by name. Lists, copies and prints of the object do
   * not contain them, and the job's log and errors have the name in place of a value of 8 characters or more.
   */
  readonly secrets: Readonly<Record<Secret, string>>;
  /**
   * The standard `fetch`, through the egress policy. Aborted with `signal`. It sends `traceparent` if the step
   * belongs to a trace, unless the request has one.
   */
  readonly fetch: typeof globalThis.fetch;
  readonly files: PluginFiles;
  readonly artifacts: PluginArtifacts;
  readonly limit: PluginLimit;
  readonly trace: PluginTrace;
}

type Schema = z.ZodType;
type Parsed<S extends Schema | undefined> = S extends Schema ? z.output<S> : unknown;

export interface PluginDefinition<
  Input extends Schema | undefined = Schema | undefined,
  Options extends Schema | undefined = Schema | undefined,
  Output extends Schema | undefined = Schema | undefined,
  Secret extends string = string,
> {
  /** Lower-case letters, digits and dashes, at most 64: `word-count`. */
  readonly name: string;
  readonly version?: string;
  /** One sentence, for people choosing a plugin and for language models calling it. */
  readonly description: string;
  /** A zod schema. A job's input is checked against its first plugin's schema when it is submitted. */
  readonly input?: Input;
  readonly options?: Options;
  readonly output?: Output;
  readonly example?: { readonly input: unknown; readonly options?: unknown };
  /** The time limit for one run, in ms. */
  readonly timeoutMs?: number;
  /**
   * How often a step of this plugin runs until its job fails, and the waits between. A job can have its own
   * policy. Only what another attempt can avoid is tried again: what the plugin throws, its timeout, the end
   * of its thread, and no room for its files. Throw `DoNotRetry` or `RetryAfter` to say more.
   */
  readonly retry?: RetryRequest;
  /**
   * How many steps of this plugin run at the same time (`concurrency`) and begin in a second, a minute or an
   * hour (`rate`, such as `"10/s"`, of which `burst` can begin at once), in all daemons together. `perKey` has
   * the same for each value that its `key` finds in the job's input. The key is a path such as
   * `"input.domain"`, and is read when the job is accepted. Jobs without the value share a key. Plugins that
   * give the same `name` share one limit, and the least of their numbers counts. `maxQueued` is how many jobs
   * wait for the limit: a submit beyond that is refused with 429 `LIMIT_QUEUE_FULL`.
   */
  readonly limits?: LimitsRequest;
  /**
   * Gives the plugin each integer beyond ±(2^53 − 1) as a BigInt, in its input, options, `job.input`
   * and `job.metadata`. Without it, JavaScript's number rounds such integers, and the job's log says
   * so. In a schema, `z.coerce.bigint()` makes a BigInt of every integer; `z.int()` refuses a BigInt.
   * A BigInt in an output is written as a number in any case.
   */
  readonly exactIntegers?: boolean;
  /**
   * The names of the secrets that the plugin needs, such as `["OPENAI_API_KEY"]`. The operator sets
   * `PLAYGROUND_SECRET_OPENAI_API_KEY`, or `PLAYGROUND_SECRET_OPENAI_API_KEY_FILE` to a file's path. Jobs
   * wait while one is missing.
   */
  readonly secrets?: readonly Secret[];
  /**
   * The names of the environment variables that the plugin or its packages read, such as `["REPORT_URL"]`.
   * A variable that is not declared is named in a warning in the job's log, and the daemon can withhold
   * it (`PLAYGROUND_PLUGIN_ENV=declared`). Variables of the system and of Node.js, such as `PATH`, need not be declared.
   */
  readonly env?: readonly string[];
  run(
    input: Parsed<Input>,
    ctx: PluginContext<Parsed<Options>, Secret>,
  ): Output extends Schema ? z.input<Output> | Promise<z.input<Output>> : unknown;
}

/** Checks the definition's form and returns it. Throws a TypeError that names each field that is wrong. */
export function definePlugin<
  Input extends Schema | undefined = undefined,
  Options extends Schema | undefined = undefined,
  Output extends Schema | undefined = undefined,
  Secret extends string = never,
>(
  definition: PluginDefinition<Input, Options, Output, Secret>,
): PluginDefinition<Input, Options, Output, Secret> {
  checkDefinition(definition);
  return definition;
}
