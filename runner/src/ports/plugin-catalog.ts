import type { Issue } from "../domain/errors.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

interface PluginSource {
  readonly name: string;
  /** `built-in`, or the path within PLUGINS_DIR. */
  readonly source: string;
}

export interface ReadyPlugin extends PluginSource {
  readonly status: "ready";
  readonly version: string;
  readonly description: string;
  readonly inputSchema: JsonSchema | null;
  readonly optionsSchema: JsonSchema | null;
  readonly outputSchema: JsonSchema | null;
  /** An input that the plugin takes, and options with it, for docs and forms. */
  readonly example: { readonly input: unknown; readonly options?: unknown } | null;
  readonly timeoutMs: number | null;
  /** What its author should mend, though it runs. */
  readonly warnings: readonly string[];
}

export interface BrokenPlugin extends PluginSource {
  readonly status: "broken";
  readonly error: string;
}

export type PluginInfo = ReadyPlugin | BrokenPlugin;

export interface PluginCatalog {
  /** Sorted by name. */
  list(): readonly PluginInfo[];
  get(name: string): PluginInfo | null;
  /** What is wrong with an input for the plugin, paths starting at the input; none when it fits. */
  checkInput(name: string, input: unknown): readonly Issue[];
  checkOptions(name: string, options: unknown): readonly Issue[];
}
