/** Prints what the plugin's author should fix. To standard error, because standard output is the result. */
export function printWarnings(plugin: {
  readonly name: string;
  readonly source: string;
  readonly warnings: readonly string[];
}): void {
  for (const warning of plugin.warnings) {
    process.stderr.write(`Warning: plugin "${plugin.name}" (${plugin.source}): ${warning}.\n`);
  }
}
