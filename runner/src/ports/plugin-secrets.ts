export type SecretsFound =
  | { readonly values: Readonly<Record<string, string>> }
  /** What is missing and how to set it, as a sentence. */
  | { readonly error: string };

/** The secrets that plugins declare. */
export interface PluginSecrets {
  /** The files that hold these secrets. */
  filesOf(names: readonly string[]): string[];
  /** Reads these secrets, so that `find` has them as they are now. */
  load(names: readonly string[]): Promise<void>;
  /** The secrets as they were last loaded. */
  find(names: readonly string[]): SecretsFound;
}
