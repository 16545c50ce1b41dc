import { z } from "zod";
import { JsonValue, pageOf } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_PLUGIN } from "./samples.ts";

const JsonSchema = z.record(z.string(), z.unknown()).nullable();

export const Plugin = z
  .object({
    name: z.string(),
    status: z.enum(["ready", "broken"]),
    source: z.string().describe("`built-in`, or the path within the plugins directory."),
    version: z.string().nullable(),
    description: z.string().nullable(),
    inputSchema: JsonSchema,
    optionsSchema: JsonSchema,
    outputSchema: JsonSchema,
    example: z
      .object({ input: JsonValue, options: JsonValue.optional() })
      .nullable()
      .describe("An input that the plugin takes."),
    timeoutMs: z.number().nullable().describe("The longest that one run may take."),
    warnings: z
      .array(z.string())
      .describe("What the plugin's author should mend, though the plugin runs."),
    error: z.string().nullable().describe("Why a broken plugin could not be loaded."),
  })
  .meta({
    id: "Plugin",
    description:
      "A function that jobs can run. The schemas of a plugin that declares none are null.",
    examples: [SAMPLE_PLUGIN],
  });

export type Plugin = z.infer<typeof Plugin>;

export const listPlugins = defineRoute({
  operationId: "listPlugins",
  method: "GET",
  path: "/v1/plugins",
  tag: "plugins",
  summary: "All plugins, by name",
  access: "read",
  answers: {
    200: {
      description: "Every plugin there is, on one page; the broken ones too.",
      schema: pageOf(Plugin).meta({ id: "PluginList" }),
    },
  },
  refusals: [],
});

export const getPlugin = defineRoute({
  operationId: "getPlugin",
  method: "GET",
  path: "/v1/plugins/:name",
  tag: "plugins",
  summary: "A plugin with its schemas",
  access: "read",
  params: z.strictObject({ name: z.string() }),
  answers: { 200: { description: "The plugin.", schema: Plugin } },
  refusals: ["PLUGIN_NOT_FOUND"],
});
