/** The scan thread: imports plugin files one by one and sends what each declares. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import type { JsonSchema } from "../../ports/plugin-catalog.ts";
import type { PluginDefinition } from "../../plugin-sdk.ts";
import { loadPlugin } from "../load-plugin.ts";
import type { PluginDescription, ScanAnswer, ScanOrder, ScanReady } from "../messages.ts";
import { installPluginResolution } from "../plugin-resolution.ts";
import { zodVersion } from "../zod-schema.ts";

const port = parentPort;
if (port === null) throw new Error("pool/catalog/scan-entry runs in a worker thread only");

let imported: string[] = [];
installPluginResolution((url) => imported.push(url));
// Node writes warnings directly to the daemon's stderr, and those of an import are of no use there.
process.removeAllListeners("warning");

async function read(file: string): Promise<ScanAnswer> {
  imported = [];
  try {
    return { ok: true, plugin: describe(await loadPlugin(file)) };
  } catch (error) {
    return { ok: false, error: explain(error) };
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

/** The error's message. For a syntax error it also has the file and line, and the source below them. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return `the file throws ${String(error)} when it is imported`;
  if (!(error instanceof SyntaxError)) return error.message;
  const [place, ...source] = (placeIn(error) ?? locate() ?? "").split("\n");
  const said = place === "" ? error.message : `${error.message} (${place})`;
  return [said, ...source].join("\n");
}

/** File, line and a piece of the source, which Node writes above the stack for TypeScript only. */
function placeIn(error: unknown): string | null {
  const [place, ...rest] =
    error instanceof Error ? (error.stack ?? "").split("\n\nSyntaxError") : [];
  return place === undefined || rest.length === 0 ? null : place.replace(/^file:\/\//, "");
}

/** Finds the line of a syntax error in a JavaScript file by parsing the file as TypeScript. */
function locate(): string | null {
  for (const url of imported) {
    if (!url.startsWith("file:") || url.includes("/node_modules/")) continue;
    const path = fileURLToPath(url);
    try {
      stripTypeScriptTypes(readFileSync(path, "utf8"), { sourceUrl: path });
    } catch (error) {
      return placeIn(error);
    }
  }
  return null;
}

port.postMessage("ready" satisfies ScanReady);
for (const file of (workerData as ScanOrder).files) port.postMessage(await read(file));
// Something that a plugin started during its import could keep the thread alive.
process.exit();
