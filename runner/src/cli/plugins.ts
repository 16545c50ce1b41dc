import { openPlugins } from "../startup/open-plugins.ts";
import type { PluginInfo } from "../ports/plugin-catalog.ts";
import { parseCommand } from "./parse-command.ts";
import { printWarnings } from "./print-warnings.ts";
import { toTable } from "./table.ts";

function toRow(plugin: PluginInfo): readonly string[] {
  return plugin.status === "ready"
    ? [plugin.name, plugin.version, plugin.source, plugin.description]
    : [plugin.name, "broken", plugin.source, plugin.error.split("\n")[0] ?? ""];
}

/** Lists the plugins. The exit code is 1 when one of them is broken. */
export async function plugins(args: readonly string[]): Promise<number> {
  const { flags, settings } = parseCommand(args, {
    flags: { json: "boolean" },
    takesArgument: false,
  });
  const composed = await openPlugins(settings);
  try {
    const found = composed.catalog.list();
    const text = flags.json
      ? JSON.stringify(found, null, 2)
      : toTable([["NAME", "VERSION", "SOURCE", "DESCRIPTION"], ...found.map(toRow)]);
    process.stdout.write(`${text}\n`);
    for (const plugin of found) printWarnings(plugin);
    return found.some((plugin) => plugin.status === "broken") ? 1 : 0;
  } finally {
    await composed.close();
  }
}
