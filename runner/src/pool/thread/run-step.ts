/** Runs one step in the thread: parse, check, run, check, serialize. */
import type { Failure, FailureCode } from "../../domain/errors.ts";
import { jobScheduleView } from "../../domain/schedule.ts";
import type { JsonText } from "../../domain/json-text.ts";
import type { LogLevel, StepInterrupted } from "../../ports/plugin-pool.ts";
import type { PluginContext, PluginDefinition } from "../../plugin-sdk.ts";
import { loadPlugin } from "../load-plugin.ts";
import type { StepOutcome, ThreadSettings, ThreadTask } from "../messages.ts";
import { monotonicMs } from "../monotonic-clock.ts";
import { parseWithSchema } from "../parse-with-schema.ts";
import type { CurrentStep } from "./current-step.ts";
import { errorMessage, errorReport } from "./describe-error.ts";
import { createPluginFetch } from "./plugin-fetch.ts";
import { parseJson, type ChangedInteger } from "./parse-json.ts";
import { createStepFiles, type ThreadFiles } from "./step-files.ts";
import { createMetrics, type MetricsRecorder } from "./plugin-metrics.ts";
import { toLimitPause } from "./limit-pause.ts";
import { readRetryWish } from "./retry-wish.ts";
import { serializeOutput, stringify } from "./serialize-output.ts";
import { systemClock } from "../../system/clock.ts";

class StepFailed extends Error {
  readonly failure: Failure;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.failure = { code, message };
  }
}

/** The daemon may have lost the step to another one by now. */
class TooLate extends Error {}

const TOO_LATE: StepInterrupted = {
  interrupted: "The plugin could not begin in time.",
  isTooLate: true,
};

type Task = Omit<ThreadTask, "file" | "run" | "secrets" | "env">;
/** The environment is watched around the step, by the thread. */
type Step = Omit<CurrentStep, "env">;

/** Never rejects. */
export async function runStep(
  task: ThreadTask,
  step: CurrentStep,
  settings: ThreadSettings,
): Promise<StepOutcome | StepInterrupted> {
  try {
    return await runLoaded(await load(task), { task, step, settings });
  } catch (error) {
    if (error instanceof TooLate) return TOO_LATE;
    return { ok: false, failure: toFailure(error, step), metrics: createMetrics().read(0) };
  }
}

/** Runs a plugin that is loaded. Rejects only if it is too late to begin. */
export async function runLoaded(
  plugin: PluginDefinition,
  parts: {
    readonly task: Task;
    readonly step: Step;
    readonly settings: Omit<ThreadSettings, "withholdsEnv">;
    /** Replaces `ctx.fetch`. */
    readonly fetch?: typeof globalThis.fetch;
  },
): Promise<StepOutcome> {
  const {
    task,
    step,
    settings,
    fetch = createPluginFetch(step.abort.signal, { egress: settings.egress, trace: task.trace }),
  } = parts;
  const metrics = createMetrics();
  const files = createStepFiles(task, { ...settings, signal: step.abort.signal });
  let startedAt = systemClock.monotonic();
  try {
    const read = parseTask(task, plugin.exactIntegers === true);
    const warning = toWarning(read.changed);
    if (warning !== null) step.buffer.log("warn", warning);
    const input = await checkIf(plugin.input, read.input, inputMisfit(task));
    const options = await checkIf(plugin.options, read.options, optionsMisfit(task));
    const ctx = createContext({ plugin, task, step, read, options, metrics, files, fetch });
    startedAt = systemClock.monotonic();
    if (task.startBefore !== null && monotonicMs() > task.startBefore) throw new TooLate();
    const returned = await plugin.run(input, ctx);
    const duration = systemClock.monotonic() - startedAt;
    const output = plugin.output
      ? await check(plugin.output, returned, outputMisfit(task))
      : returned;
    const serialized = serializeOutput(output, settings.outputLimitBytes);
    if (serialized.ok) warnOfSecrets(serialized.output, step);
    const written = serialized.ok ? await files.end() : [];
    return {
      ...serialized,
      metrics: metrics.read(duration),
      ...(written.length > 0 && { files: written }),
    };
  } catch (error) {
    if (error instanceof TooLate) throw error;
    const retry = readRetryWish(error);
    return {
      ok: false,
      failure: toFailure(error, step),
      metrics: metrics.read(systemClock.monotonic() - startedAt),
      ...(retry !== undefined && { retry }),
    };
  } finally {
    files.close();
  }
}

/** An output is data, and stays as the plugin made it. */
function warnOfSecrets(output: JsonText, { secrets, buffer }: Step): void {
  const names = secrets.namesIn(output);
  if (names.length === 0) return;
  const which = names.length === 1 ? `the secret ${names[0]}` : `the secrets ${names.join(", ")}`;
  buffer.log("warn", `The output contains ${which}. It is stored and sent in events as it is.`);
}

function toFailure(error: unknown, step: Step): Failure {
  if (error instanceof StepFailed) {
    const { code, message } = error.failure;
    return { code, message: step.secrets.hide(message) };
  }
  step.buffer.log("error", errorReport(error));
  return { code: "PLUGIN_THREW", message: errorMessage(error, step.secrets.hide) };
}

async function load(task: ThreadTask): Promise<PluginDefinition> {
  let plugin: PluginDefinition;
  try {
    plugin = await loadPlugin(task.file);
  } catch (error) {
    throw new StepFailed("PLUGIN_BROKEN", errorMessage(error));
  }
  if (plugin.name === task.plugin) return plugin;
  const message = `The file of plugin "${task.plugin}" now contains plugin "${plugin.name}".`;
  throw new StepFailed("PLUGIN_BROKEN", message);
}

/** The failure of a step when a value does not fit a schema. */
interface Misfit {
  readonly code: FailureCode;
  readonly what: string;
}

function inputMisfit({ plugin, inputFrom }: Task): Misfit {
  const input = inputFrom === null ? "The job's input" : `The output of "${inputFrom}"`;
  return { code: "INPUT_INVALID", what: `${input} does not fit the input of "${plugin}"` };
}

function optionsMisfit({ plugin }: Task): Misfit {
  const what = `The options of plugin "${plugin}" do not fit its schema`;
  return { code: "OPTIONS_INVALID", what };
}

function outputMisfit({ plugin }: Task): Misfit {
  const what = `The output of "${plugin}" does not fit the schema it declares`;
  return { code: "OUTPUT_INVALID", what };
}

interface ParsedTask {
  readonly input: unknown;
  readonly options: unknown;
  readonly metadata: unknown;
  /** The integers that the plugin does not get as they were sent. */
  readonly changed: readonly ChangedInteger[];
  readonly parse: (text: JsonText) => unknown;
}

function parseTask(task: Task, exactIntegers: boolean): ParsedTask {
  const changed: ChangedInteger[] = [];
  const parse = (text: JsonText): unknown => parseJson(text, { exactIntegers }).value;
  function parseField(field: "input" | "options" | "metadata"): unknown {
    const parsed = parseJson(task[field], { exactIntegers });
    for (const each of parsed.changed) changed.push({ ...each, path: `/${field}${each.path}` });
    return parsed.value;
  }
  return {
    input: parseField("input"),
    options: parseField("options"),
    // Every step has the job's metadata: the first one reports it.
    metadata: task.inputFrom === null ? parseField("metadata") : parse(task.metadata),
    changed,
    parse,
  };
}

function toWarning(changed: readonly ChangedInteger[]): string | null {
  const [first] = changed;
  if (first === undefined) return null;
  const more = changed.length === 1 ? "" : ` (and ${changed.length - 1} more integers)`;
  return `${first.path} is ${first.sent}, and the plugin gets ${first.received}${more}: JavaScript's numbers are exact up to ${Number.MAX_SAFE_INTEGER}. Send it as a string, or set exactIntegers: true in the plugin, which then gets a BigInt.`;
}

function checkIf(schema: PluginDefinition["input"], value: unknown, misfit: Misfit): unknown {
  return schema ? check(schema, value, misfit) : value;
}

async function check(
  schema: NonNullable<PluginDefinition["input"]>,
  value: unknown,
  { code, what }: Misfit,
): Promise<unknown> {
  const parsed = await parseWithSchema(schema, value);
  if (parsed.ok) return parsed.value;
  throw new StepFailed(code, `${what}: ${parsed.issues}`);
}

function createContext(parts: {
  plugin: PluginDefinition;
  task: Task;
  step: Step;
  read: ParsedTask;
  options: unknown;
  metrics: MetricsRecorder;
  files: ThreadFiles;
  fetch: typeof globalThis.fetch;
}): PluginContext {
  const { plugin, task, step, read, options, metrics, files, fetch } = parts;
  const { signal } = step.abort;
  const log =
    (level: LogLevel) =>
    (message: string, data?: object): void => {
      step.buffer.log(level, message, data === undefined ? undefined : toData(data));
    };
  let input: { value: unknown } | undefined;
  return {
    signal,
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    metrics: {
      add: (name, amount) => metrics.add(name, amount),
      set: (name, value) => metrics.set(name, value),
    },
    progress(fraction, message) {
      if (fraction !== null && !(fraction >= 0 && fraction <= 1)) {
        throw new RangeError(
          `progress is ${String(fraction)}: it must be a number from 0 to 1, or null`,
        );
      }
      step.buffer.progress({ fraction, message: message ?? null });
    },
    job: {
      id: task.jobId,
      name: task.jobName,
      metadata: read.metadata as Record<string, unknown>,
      schedule: task.schedule === null ? null : jobScheduleView(task.schedule),
      // Parsed on first use: it can be megabytes, and most plugins do not use it.
      get input() {
        input ??= { value: read.parse(task.jobInput) };
        return input.value;
      },
    },
    options,
    attempt: task.attempt,
    secrets: step.secrets.values,
    fetch,
    files: files.files,
    artifacts: files.artifacts,
    trace: {
      traceparent: task.trace?.traceparent ?? null,
      tracestate: task.trace?.tracestate ?? null,
    },
    limit: {
      pause: (forMs, more) => step.pauseLimit(toLimitPause(plugin, { ...more, forMs })),
    },
  };
}

function toData(data: object): JsonText {
  try {
    return (stringify(data) ?? "null") as JsonText;
  } catch (error) {
    return JSON.stringify({ unreadable: errorMessage(error) }) as JsonText;
  }
}
