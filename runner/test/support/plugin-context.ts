import type { PluginDefinition } from "../../src/plugin-sdk.ts";
import { runPlugin as run, type PluginResult } from "../../src/plugin-test.ts";

export interface PluginRun {
  readonly input: unknown;
  readonly options?: unknown;
  /** The files folder. Without it, a plugin that reads a file fails. */
  readonly filesRoot?: string;
  readonly signal?: AbortSignal;
}

export type PluginTrace = Omit<PluginResult, "output">;

/** Runs a plugin as an author's test does. */
export async function runPlugin(
  plugin: PluginDefinition,
  { filesRoot = "/nonexistent/files", ...rest }: PluginRun,
): Promise<{ output: unknown; trace: PluginTrace }> {
  const { output, ...trace } = await run(plugin, { ...rest, filesDir: filesRoot });
  return { output, trace };
}
