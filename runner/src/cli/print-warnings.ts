import type { PluginInfo } from "../ports/plugin-catalog.ts";

/** What the plugin's author should mend, on standard error: standard output is the command's result. */
export function printWarnings(plugin: PluginInfo): void {
  const warnings = plugin.status === "ready" ? plugin.warnings : [];
  for (const warning of warnings) {
    process.stderr.write(`Warning: plugin "${plugin.name}" (${plugin.source}): ${warning}.\n`);
  }
}
