import type { Issue } from "../domain/errors.ts";
import type { PluginLimits } from "../domain/plugin-limits.ts";
import type { RetryPolicy } from "../domain/step-retry.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

interface PluginSource {
  readonly name: string;
  /** `built-in`, or the path inside PLUGINS_DIR. */
  readonly source: string;
}

export interface ReadyPlugin extends PluginSource {
  readonly status: "ready";
  readonly version: string;
  readonly description: string;
  readonly inputSchema: JsonSchema | null;
  readonly optionsSchema: JsonSchema | null;
  readonly outputSchema: JsonSchema | null;
  /** A valid input, with options where the plugin has any. Shown in documents and forms. */
  readonly example: { readonly input: unknown; readonly options?: unknown } | null;
  readonly timeoutMs: number | null;
  /** When a step of the plugin that failed runs again, unless its job says so itself. Null: never. */
  readonly retry: RetryPolicy | null;
  /** How many of its steps run at the same time. Null if any number. */
  readonly limits: PluginLimits | null;
  /** The names of the secrets that it declares. */
  readonly secrets: readonly string[];
  /** The names of the environment variables that it declares. */
  readonly env: readonly string[];
  /** What the author should fix, although the plugin runs. */
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
  /** The plugin as it was when it was last ready, also if that ended a while ago. Null if it is not known. */
  known(name: string): ReadyPlugin | null;
  /** The names of the plugins that can run. */
  readyNames(): readonly string[];
  /** Reads the plugins again. Resolves when they have been read. */
  recheck(): Promise<void>;
  /** Looks again for the secrets that the plugins declare. Resolves when the plugins that can run are up to date. */
  recheckSecrets(): Promise<void>;
  /** Calls the listener each time that the plugins have changed. The returned function removes it. */
  onChange(listener: () => void): () => void;
  /**
   * Returns what is wrong with an input for the known plugin; empty when the input is valid. Paths
   * are relative to the input.
   */
  checkInput(name: string, input: unknown): readonly Issue[];
  /** Like `checkInput`, for the plugin's options. */
  checkOptions(name: string, options: unknown): readonly Issue[];
}
