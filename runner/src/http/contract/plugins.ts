import { z } from "zod";
import { JsonValue, pageOf } from "./fields.ts";
import { LimitNumbers, MaxQueued } from "./limits.ts";
import { RetryPolicy } from "./retry.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_PLUGIN } from "./samples.ts";

const JsonSchema = z.record(z.string(), z.unknown()).nullable();

export const Plugin = z
  .object({
    name: z.string(),
    status: z
      .enum(["ready", "broken", "elsewhere"])
      .describe(
        "`elsewhere`: of the daemons that share the database, only others can run it. Jobs with it are accepted. This daemon knows no more than its name.",
      ),
    source: z
      .string()
      .describe(
        "`built-in`, the path within the plugins folder, or `another daemon` for one that is `elsewhere`.",
      ),
    version: z.string().nullable(),
    description: z.string().nullable(),
    inputSchema: JsonSchema,
    optionsSchema: JsonSchema,
    outputSchema: JsonSchema,
    example: z
      .object({ input: JsonValue, options: JsonValue.optional() })
      .nullable()
      .describe("An example of an input that the plugin accepts."),
    timeoutMs: z
      .number()
      .nullable()
      .describe(
        "The plugin's own time limit for one run, in ms. Null when it has none and `PLAYGROUND_PLUGIN_TIMEOUT_MS` applies.",
      ),
    retry: RetryPolicy.nullable().describe(
      "When a step of the plugin that failed runs again, unless its job has a policy of its own. Null when it does not.",
    ),
    limits: z
      .object({
        name: z
          .string()
          .describe("Plugins with the same name share the limit. Else it is the plugin's own."),
        ...LimitNumbers,
        perKey: z
          .object({
            key: z.string().describe("The path of the key in the job's input."),
            ...LimitNumbers,
          })
          .nullable()
          .describe(
            "What counts for the steps of jobs with the same key. Null when keys do not count.",
          ),
        maxQueued: MaxQueued,
      })
      .nullable()
      .describe(
        "How many steps of the plugin run at the same time, and how often one begins. Null without a limit.",
      ),
    secrets: z
      .array(z.string())
      .describe("The names of the secrets that the plugin needs. Jobs wait while one is missing."),
    env: z
      .array(z.string())
      .describe("The names of the environment variables that the plugin declares."),
    warnings: z
      .array(z.string())
      .describe("What the plugin's author should fix, although the plugin runs."),
    error: z
      .string()
      .nullable()
      .describe("Why the plugin could not be loaded. Null unless `broken`."),
  })
  .meta({
    id: "Plugin",
    description: "A function that jobs can run. A schema that the plugin does not declare is null.",
    examples: [SAMPLE_PLUGIN],
  });

export type Plugin = z.infer<typeof Plugin>;

export const listPlugins = defineRoute({
  operationId: "listPlugins",
  method: "GET",
  path: "/v1/plugins",
  tag: "plugins",
  summary: "List all plugins, sorted by name",
  access: "read",
  responses: {
    200: {
      description:
        "All plugins on one page, including broken ones and those of other daemons that share the database.",
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
  summary: "Get a plugin with its schemas",
  access: "read",
  params: z.strictObject({ name: z.string() }),
  responses: { 200: { description: "The plugin.", schema: Plugin } },
  refusals: ["PLUGIN_NOT_FOUND"],
});
