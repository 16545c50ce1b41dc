/** The scan thread: imports plugin files one by one and sends what each declares. */
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import type { JsonSchema } from "../../ports/plugin-catalog.ts";
import { toPluginLimits } from "../../domain/plugin-limits.ts";
import { toRetryPolicy } from "../../domain/step-retry.ts";
import type { PluginDefinition } from "../../plugin-sdk.ts";
import { loadPlugin } from "../load-plugin.ts";
import {
  UNSETTLED_AWAIT,
  type PluginDescription,
  type ScanAnswer,
  type ScanOrder,
  type ScanReady,
} from "../messages.ts";
import { installPluginResolution } from "../plugin-resolution.ts";
import { zodVersion } from "../zod-schema.ts";
import { collectImports } from "./collect-imports.ts";
import { exampleFaults } from "./example-faults.ts";
import { explainImportError } from "./explain-import-error.ts";

if (parentPort === null) throw new Error("pool/catalog/scan-entry runs in a worker thread only");
const port = parentPort;

const imported = collectImports();
installPluginResolution(imported.add);
// Node writes warnings directly to the daemon's stderr, and those of an import are of no use there.
process.removeAllListeners("warning");

async function read(file: string): Promise<ScanAnswer> {
  imported.clear();
  try {
    const plugin = await loadPlugin(file);
    const faults = await exampleFaults(plugin);
    if (faults.length > 0) throw new TypeError(faults.join("; "));
    return { ok: true, plugin: describe(plugin), imported: imported.files() };
  } catch (error) {
    const files = imported.files();
    const explained = explainImportError(error, files);
    return { ok: false, error: explained, isTooSlow: false, imported: files };
  }
}

function describe(plugin: PluginDefinition): PluginDescription {
  const input = toSchema(plugin, "input");
  const options = toSchema(plugin, "options");
  const output = toSchema(plugin, "output");
  return {
    name: plugin.name,
    version: plugin.version ?? null,
    description: plugin.description,
    inputSchema: input.schema,
    optionsSchema: options.schema,
    outputSchema: output.schema,
    // An example is shown as JSON. A value that cannot be cloned must not fail the message to the main thread.
    example: plugin.example
      ? (JSON.parse(JSON.stringify(plugin.example)) as PluginDescription["example"])
      : null,
    timeoutMs: plugin.timeoutMs ?? null,
    retry: plugin.retry ? toRetryPolicy(plugin.retry) : null,
    limits: plugin.limits ? toPluginLimits(plugin.name, plugin.limits) : null,
    secrets: plugin.secrets ?? [],
    env: plugin.env ?? [],
    warnings: [input, options, output].flatMap(({ warning }) => warning ?? []),
  };
}

interface ShownSchema {
  /** Null if there is none to show. Parts that JSON Schema cannot express are `{}`. */
  readonly schema: JsonSchema | null;
  /** Why there is none, although the plugin has a schema. */
  readonly warning: string | null;
}

function toSchema(plugin: PluginDefinition, field: "input" | "options" | "output"): ShownSchema {
  const schema = plugin[field];
  if (schema === undefined || schema === null) return { schema: null, warning: null };
  const without = (what: string): ShownSchema => ({
    schema: null,
    warning: `${field} ${what}. ${WITHOUT_SCHEMA[field]}`,
  });
  if (zodVersion(schema) === 3) {
    return without('is a zod 3 schema, which works but cannot be shown: use zod 4 (import "zod")');
  }
  try {
    return { schema: convert(schema, field === "output" ? "output" : "input"), warning: null };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return without(`is a schema that works but cannot be shown as JSON Schema: ${why}`);
  }
}

const WITHOUT_SCHEMA = {
  input:
    "Until then clients show no form for the input, and a wrong input is accepted and fails the job",
  options:
    "Until then clients show no form for the options, and wrong options are accepted and fail the job",
  output: "Until then clients do not know what the output contains",
} as const;

/** Throws when zod cannot make a JSON Schema of it. */
function convert(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const converted = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (io === "input" && takesMoreThanItSays(zodSchema as unknown as z.ZodType))
        loosen(jsonSchema);
    },
  });
  return JSON.parse(JSON.stringify(converted)) as JsonSchema;
}

/** `z.coerce.number()` accepts "5" and `z.preprocess` accepts anything, though their JSON Schema is narrower. */
function takesMoreThanItSays({ def }: z.ZodType): boolean {
  if ("coerce" in def && def.coerce) return true;
  return def.type === "pipe" && (def as unknown as { in: z.ZodType }).in.def.type === "transform";
}

const SAID_FOR_PEOPLE: ReadonlySet<string> = new Set([
  "title",
  "description",
  "default",
  "examples",
]);

function loosen(jsonSchema: Record<string, unknown>): void {
  for (const key of Object.keys(jsonSchema)) {
    if (!SAID_FOR_PEOPLE.has(key)) delete jsonSchema[key];
  }
}

async function readAll(): Promise<void> {
  port.postMessage("ready" satisfies ScanReady);
  for (const file of (workerData as ScanOrder).files) port.postMessage(await read(file));
  // Something that a plugin started during its import could keep the thread alive.
  process.exit();
}

// A top-level await in this file would make Node print a warning for each plugin's own that never settles.
process.once("beforeExit", () => process.exit(UNSETTLED_AWAIT));
void readAll();
