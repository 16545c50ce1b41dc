import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPlugins } from "../../src/startup/open-plugins.ts";
import { parseSettings } from "../../src/config.ts";
import type { JsonSchema, PluginInfo } from "../../src/ports/plugin-catalog.ts";
import { GENERATED, jsonBlock } from "./markdown.ts";
import { fieldTable, type Schema } from "./schema-table.ts";

/** Describes the built-in plugins from the catalog of a daemon. */
export async function renderPlugins(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "playground-reference-"));
  const args = ["--data-dir", folder, "--plugins-dir", folder];
  const plugins = await openPlugins(parseSettings(args, {}));
  try {
    const sections = plugins.catalog.list().map(renderPlugin);
    return `${GENERATED}

# Schemas of the built-in plugins

These tables show the schemas that \`GET /v1/plugins/NAME\` returns. The guide [The built-in plugins](../guides/built-in-plugins.md) shows each plugin with real input.

${sections.join("\n\n")}
`;
  } finally {
    await plugins.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function renderPlugin(plugin: PluginInfo): string {
  if (plugin.status === "broken") throw new Error(`${plugin.name} is broken: ${plugin.error}`);
  return [
    `## ${plugin.name}\n\n${plugin.description}`,
    renderSchema("Input", plugin.inputSchema, true),
    renderSchema("Options", plugin.optionsSchema, true),
    renderSchema("Output", plugin.outputSchema, false),
    plugin.example === null ? "" : `### Example\n\n${jsonBlock(plugin.example)}`,
  ]
    .filter(Boolean)
    .join("\n\n");
}

function renderSchema(title: string, schema: JsonSchema | null, withDefaults: boolean): string {
  if (schema === null) return "";
  const fields = schema as Schema;
  const parts = [fields.description ?? "", fieldTable(fields, { withDefaults }) ?? ""];
  return [`### ${title}`, ...parts.filter(Boolean)].join("\n\n");
}
