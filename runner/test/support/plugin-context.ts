import { createFiles } from "../../src/pool/files.ts";
import type { PluginContext, PluginDefinition } from "../../src/plugin-sdk.ts";

export interface PluginRun {
  readonly input: unknown;
  readonly options?: unknown;
  /** The files folder. Without it, a plugin that reads a file fails. */
  readonly filesRoot?: string;
  readonly signal?: AbortSignal;
}

export interface PluginTrace {
  readonly metrics: Record<string, number>;
  readonly progress: { fraction: number | null; message: string | undefined }[];
  readonly log: { level: string; message: string; data: object | undefined }[];
}

/** A `ctx` that records what the plugin reports. */
export function createPluginContext<Options>(run: PluginRun & { options: Options }): {
  ctx: PluginContext<Options>;
  trace: PluginTrace;
} {
  const trace: PluginTrace = { metrics: {}, progress: [], log: [] };
  const signal = run.signal ?? new AbortController().signal;
  const logAt = (level: string) => (message: string, data?: object) => {
    trace.log.push({ level, message, data });
  };
  const ctx: PluginContext<Options> = {
    signal,
    log: {
      debug: logAt("debug"),
      info: logAt("info"),
      warn: logAt("warn"),
      error: logAt("error"),
    },
    metrics: {
      add: (name, amount) => {
        trace.metrics[name] = (trace.metrics[name] ?? 0) + amount;
      },
      set: (name, value) => {
        trace.metrics[name] = value;
      },
    },
    progress: (fraction, message) => {
      trace.progress.push({ fraction, message });
    },
    job: { id: "job-1", name: null, metadata: {}, input: run.input },
    options: run.options,
    fetch: (resource, init) => fetch(resource, { signal, ...init }),
    files: createFiles(run.filesRoot ?? "/nonexistent/files"),
  };
  return { ctx, trace };
}

/** Runs a plugin as its thread does: with the schema checks, and the output passed through JSON. */
export async function runPlugin(
  plugin: PluginDefinition,
  run: PluginRun,
): Promise<{ output: unknown; trace: PluginTrace }> {
  const input = plugin.input ? plugin.input.parse(run.input) : run.input;
  const options = plugin.options ? plugin.options.parse(run.options ?? {}) : (run.options ?? {});
  const { ctx, trace } = createPluginContext({ ...run, options });
  const result: unknown = await plugin.run(input, ctx);
  const output = plugin.output ? plugin.output.parse(result) : result;
  return { output: JSON.parse(JSON.stringify(output)) as unknown, trace };
}
