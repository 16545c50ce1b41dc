/** What a plugin's tests import: `import { runPlugin } from "playground-runner/test"`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { DEFAULT_FILE_TYPE, type FileInfo } from "./domain/file.ts";
import type { JsonText } from "./domain/json-text.ts";
import { createLocalContents, type LocalContents } from "./files/local-contents.ts";
import {
  definePlugin,
  type PluginDefinition,
  type PluginSchedule,
  type WrittenFileReference,
} from "./plugin-sdk.ts";
import { toBytes } from "./pool/thread/file-source.ts";
import type { ThreadTask } from "./pool/messages.ts";
import { runLoaded } from "./pool/thread/run-step.ts";
import { createStepSecrets } from "./pool/thread/step-secrets.ts";
import { stringify } from "./pool/thread/serialize-output.ts";
import type { StepTask } from "./ports/plugin-pool.ts";

type Schema = z.ZodType | undefined;
type Given<S extends Schema> = S extends z.ZodType ? z.input<S> : unknown;

export interface PluginRun<Input = unknown, Options = unknown> {
  readonly input: Input;
  readonly options?: Options;
  /** What `ctx.job` contains. */
  readonly job?: {
    readonly id?: string;
    readonly name?: string | null;
    readonly metadata?: Readonly<Record<string, unknown>>;
    readonly schedule?: PluginSchedule;
    /** The job's original input. Default: `input`. */
    readonly input?: unknown;
  };
  /** Files that `ctx.files.open` opens, by the ids to which the input, the options or the job's input refers. */
  readonly files?: Readonly<Record<string, TestFile>>;
  /** The folder of `ctx.files.resolve`. Default: a temporary folder, which is removed when the process ends. */
  readonly filesDir?: string;
  /** Replaces `ctx.fetch`, so that a test needs no network. */
  readonly fetch?: typeof globalThis.fetch;
  /** What `ctx.attempt` is. Default: 1. */
  readonly attempt?: number;
  /** What `ctx.trace` is. Default: no trace. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string };
  /** The values of the secrets that the plugin declares, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Aborts `ctx.signal`. */
  readonly signal?: AbortSignal;
}

export interface TestFile {
  /** Text is UTF-8. */
  readonly content: string | Uint8Array;
  /** Default: `file`. */
  readonly name?: string;
  /** Default: `application/octet-stream`. */
  readonly type?: string;
}

export interface PluginResult<Output = unknown> {
  /** As a client reads it: after the output schema, and through JSON. */
  readonly output: Output;
  /** With `processedItems`, and `duration` in ms. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What the plugin wrote with `ctx.artifacts`, in order. */
  readonly files: readonly (WrittenFileReference & {
    /** The absolute path of the content, which is removed when the process ends. */
    readonly path: string;
  })[];
  readonly progress: readonly {
    readonly fraction: number | null;
    readonly message: string | null;
  }[];
  readonly log: readonly {
    readonly level: string;
    readonly message: string;
    readonly data: unknown;
  }[];
  /** What the plugin asked for with `ctx.limit.pause`. Without a key, that of the job; null: the whole limit. */
  readonly limitPauses: readonly { readonly forMs: number; readonly key?: string | null }[];
}

/** The step failed. The message is the job's `error`, and `cause` is what the plugin threw. */
export class PluginFailed extends Error {
  override readonly name = "PluginFailed";
  /** The job's `errorCode`, such as `PLUGIN_THREW` or `INPUT_INVALID`. */
  readonly code: string;

  constructor({ code, message }: { code: string; message: string }, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * Runs a plugin in this process with the code that the daemon runs in its threads: the input, the
 * options and the output pass through JSON and the plugin's schemas. Throws `PluginFailed`.
 */
export async function runPlugin<
  Input extends Schema,
  Options extends Schema,
  Output extends Schema,
  Secret extends string = never,
>(
  plugin: PluginDefinition<Input, Options, Output, Secret>,
  run: PluginRun<Given<Input>, Given<Options>>,
): Promise<PluginResult<Output extends z.ZodType ? z.output<Output> : unknown>> {
  const progress: PluginResult["progress"][number][] = [];
  const log: PluginResult["log"][number][] = [];
  const limitPauses: PluginResult["limitPauses"][number][] = [];
  const secrets = createStepSecrets(declaredSecrets(plugin, run.secrets ?? {}));
  const buffer = secrets.hideIn({
    log: (level, message, data) => void log.push({ level, message, data: toData(data) }),
    progress: (next) => void progress.push(next),
    flush: () => {},
    close: () => ({ lines: [], droppedLines: 0 }),
  });
  const contentsDir = join(temporaryFolder(), "artifacts");
  const contents = createLocalContents(contentsDir);
  const { watched, thrown } = watchThrown(definePlugin(plugin) as PluginDefinition);
  const outcome = await runLoaded(watched, {
    task: { ...toTask(plugin.name, run), files: await writeFiles(contents, run.files ?? {}) },
    step: {
      run: 1,
      buffer,
      abort: abortedWith(run.signal),
      secrets,
      pauseLimit: (pause) => void limitPauses.push(pause),
    },
    settings: {
      filesDir: run.filesDir ?? join(temporaryFolder(), "files"),
      contentsDir,
      fileLimitBytes: Infinity,
      outputLimitBytes: Infinity,
      egress: { policy: { mode: "private" } },
    },
    ...(run.fetch !== undefined && { fetch: run.fetch }),
  });
  if (!outcome.ok) throw new PluginFailed(outcome.failure, thrown());
  const files = (outcome.files ?? []).map(({ id, name, type, size, sha256 }) => {
    return { $file: id, name, type, size, sha256, path: contents.pathOf(sha256) };
  });
  const output = JSON.parse(outcome.output) as never;
  return { output, metrics: outcome.metrics, files, progress, log, limitPauses };
}

/** A missing value would be a job that waits for ever, and one that is not declared is not there in a daemon. */
function declaredSecrets(
  { name, secrets = [] }: Pick<PluginDefinition, "name" | "secrets">,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const secret of secrets) {
    if (!(secret in given)) {
      throw new TypeError(`secrets.${secret} is missing: plugin "${name}" declares it.`);
    }
  }
  for (const secret of Object.keys(given)) {
    if (!secrets.includes(secret)) {
      throw new TypeError(`secrets.${secret} is given: plugin "${name}" must declare it.`);
    }
  }
  return given;
}

let folder: string | null = null;

/** One for the process, because a test reads what a plugin wrote after its run. */
function temporaryFolder(): string {
  if (folder !== null) return folder;
  const made = mkdtempSync(join(tmpdir(), "playground-test-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  folder = made;
  return made;
}

function toTask(
  plugin: string,
  { input, options, job = {}, attempt = 1, trace }: PluginRun,
): StepTask & Pick<ThreadTask, "startBefore"> {
  return {
    jobId: job.id ?? "job_test",
    jobName: job.name ?? null,
    metadata: toText(job.metadata ?? {}),
    schedule: job.schedule === undefined ? null : toJobSchedule(job.schedule),
    plugin,
    options: toText(options ?? {}),
    input: toText(input),
    inputFrom: null,
    jobInput: toText("input" in job ? job.input : input),
    jobTimeoutMs: null,
    logLimitBytes: Infinity,
    logLimitLines: Infinity,
    filesLimitBytes: Infinity,
    attempt,
    isLastAttempt: false,
    startBefore: null,
    ...(trace !== undefined && { trace }),
  };
}

async function writeFiles(
  contents: LocalContents,
  files: Readonly<Record<string, TestFile>>,
): Promise<FileInfo[]> {
  const written: FileInfo[] = [];
  for (const [id, { content, name = "file", type = DEFAULT_FILE_TYPE }] of Object.entries(files)) {
    const source = toBytes(typeof content === "string" ? Buffer.from(content) : content);
    const { sha256, size } = await contents.write(source, { check: () => undefined });
    written.push({ id, name, type, size, sha256 });
  }
  return written;
}

/** A BigInt becomes a number, as a client would send it. */
function toText(value: unknown): JsonText {
  return (stringify(value) ?? "null") as JsonText;
}

function toData(data: JsonText | undefined): unknown {
  return data === undefined ? null : JSON.parse(data);
}

function abortedWith(signal: AbortSignal | undefined): AbortController {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return abort;
}

/** The outcome of a step has only the message of what the plugin threw. */
function watchThrown(plugin: PluginDefinition): {
  watched: PluginDefinition;
  thrown: () => unknown;
} {
  let thrown: unknown;
  async function run(...args: Parameters<PluginDefinition["run"]>): Promise<unknown> {
    try {
      return await plugin.run(...args);
    } catch (error) {
      thrown = error;
      throw error;
    }
  }
  return { watched: { ...plugin, run }, thrown: () => thrown };
}

function toJobSchedule({ slot, previousSlot, ...schedule }: PluginSchedule) {
  return {
    ...schedule,
    slot: Date.parse(slot),
    previousSlot: previousSlot === null ? null : Date.parse(previousSlot),
  };
}
