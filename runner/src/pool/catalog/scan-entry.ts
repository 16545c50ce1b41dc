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
  return {
    name: plugin.name,
    version: plugin.version ?? null,
    description: plugin.description,
    inputSchema: toSchema(plugin.input, "input"),
    optionsSchema: toSchema(plugin.options, "input"),
    outputSchema: toSchema(plugin.output, "output"),
    // An example is shown as JSON. A value that cannot be cloned must not fail the message to the main thread.
    example: plugin.example
      ? (JSON.parse(JSON.stringify(plugin.example)) as PluginDescription["example"])
      : null,
    timeoutMs: plugin.timeoutMs ?? null,
  };
}

/** Null when JSON Schema cannot express the schema. Parts that it cannot express become `{}`. */
function toSchema(schema: z.ZodType | undefined, io: "input" | "output"): JsonSchema | null {
  if (schema === undefined) return null;
  try {
    const converted = z.toJSONSchema(schema, {
      io,
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => {
        if (io === "input" && takesMoreThanItSays(zodSchema as unknown as z.ZodType))
          loosen(jsonSchema);
      },
    });
    return JSON.parse(JSON.stringify(converted)) as JsonSchema;
  } catch {
    return null;
  }
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
