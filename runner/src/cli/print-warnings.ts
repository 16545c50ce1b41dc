import type { PluginInfo } from "../ports/plugin-catalog.ts";

/** Prints what the plugin's author should fix. To standard error, because standard output is the result. */
export function printWarnings(plugin: PluginInfo): void {
  const warnings = plugin.status === "ready" ? plugin.warnings : [];
  for (const warning of warnings) {
    process.stderr.write(`Warning: plugin "${plugin.name}" (${plugin.source}): ${warning}.\n`);
  }
}
