/**
 * What a plugin author imports: `import { definePlugin } from "playground-runner/plugin"`.
 * The built-in plugins are written with this and nothing else of the runner.
 */
import type { z } from "zod";
import { definitionFaults } from "./pool/definition-faults.ts";

/** Numbers that the step's `progress` and `completed` events carry. */
export interface PluginMetrics {
  /** Adds to a counter that starts at 0, such as `processedItems`. Throws on what is not finite. */
  add(name: string, amount: number): void;
  /** Sets a number, over what was there. Throws on what is not finite. */
  set(name: string, value: number): void;
}

/** Lines kept with the job; `data` is any object that JSON can hold. `console.*` is kept too. */
export interface PluginLog {
  debug(message: string, data?: object): void;
  info(message: string, data?: object): void;
  warn(message: string, data?: object): void;
  error(message: string, data?: object): void;
}

/** The one directory that paths in a job's input or options may name files in: a job's submitter is not the operator. */
export interface PluginFiles {
  /**
   * The absolute path of a file in the files folder, whether it exists or not.
   * Throws when the path leads out of that directory: by `..`, as an absolute path, by a link.
   */
  resolve(path: string): string;
}

export interface PluginContext<Options = unknown> {
  /** Aborted when the job is cancelled, times out, or the daemon stops. The thread is ended soon after. */
  readonly signal: AbortSignal;
  readonly log: PluginLog;
  readonly metrics: PluginMetrics;
  /** How far along the step is: a fraction from 0 to 1, or null when that cannot be told. */
  progress(fraction: number | null, message?: string): void;
  readonly job: {
    readonly id: string;
    readonly name: string | null;
    readonly metadata: Readonly<Record<string, unknown>>;
    /** The job's own input, whichever plugin's turn it is. */
    readonly input: unknown;
  };
  readonly options: Options;
  /** The web's `fetch`, aborted with `signal`. */
  readonly fetch: typeof globalThis.fetch;
  readonly files: PluginFiles;
}

type Schema = z.ZodType;
type Parsed<S extends Schema | undefined> = S extends Schema ? z.output<S> : unknown;

export interface PluginDefinition<
  Input extends Schema | undefined = Schema | undefined,
  Options extends Schema | undefined = Schema | undefined,
  Output extends Schema | undefined = Schema | undefined,
> {
  /** Lower-case letters, digits and dashes, at most 64: `word-count`. */
  readonly name: string;
  readonly version?: string;
  /** One sentence, for people choosing a plugin and for language models calling it. */
  readonly description: string;
  /** A zod schema; the first plugin's input is checked against it when the job is submitted. */
  readonly input?: Input;
  readonly options?: Options;
  readonly output?: Output;
  readonly example?: { readonly input: unknown; readonly options?: unknown };
  /** The longest that one run may take, in ms. */
  readonly timeoutMs?: number;
  run(
    input: Parsed<Input>,
    ctx: PluginContext<Parsed<Options>>,
  ): Output extends Schema ? z.input<Output> | Promise<z.input<Output>> : unknown;
}

/** Checks the definition's form and returns it. Throws a TypeError that names each field that is wrong. */
export function definePlugin<
  Input extends Schema | undefined = undefined,
  Options extends Schema | undefined = undefined,
  Output extends Schema | undefined = undefined,
>(definition: PluginDefinition<Input, Options, Output>): PluginDefinition<Input, Options, Output> {
  const faults = definitionFaults(definition);
  if (faults.length > 0) throw new TypeError(faults.join("; "));
  return definition;
}
