/** The scan's thread: imports plugin files one by one and tells what each says of itself. */
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
// Node prints warnings past process.stderr, which the main thread holds; here they say nothing.
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
    // Through JSON: an example is shown as JSON, and must not fail the message to the main thread.
    example: plugin.example
      ? (JSON.parse(JSON.stringify(plugin.example)) as PluginDescription["example"])
      : null,
    timeoutMs: plugin.timeoutMs ?? null,
  };
}

/** Null for what JSON Schema cannot say; parts that it cannot say become `{}`. */
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

/** `z.coerce.number()` takes "5" and `z.preprocess` anything, though their JSON Schema says less. */
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

/** The error's message; of a syntax error with file and line in its first line, and the source below. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return `the file throws ${String(error)} when it is imported`;
  if (!(error instanceof SyntaxError)) return error.message;
  const [place, ...source] = (placeIn(error) ?? locate() ?? "").split("\n");
  const said = place === "" ? error.message : `${error.message} (${place})`;
  return [said, ...source].join("\n");
}

/** File, line and a piece of the source: Node writes them above the stack, of TypeScript only. */
function placeIn(error: unknown): string | null {
  const [place, ...rest] =
    error instanceof Error ? (error.stack ?? "").split("\n\nSyntaxError") : [];
  return place === undefined || rest.length === 0 ? null : place.replace(/^file:\/\//, "");
}

/** Finds what is wrong in a JavaScript file by reading it as TypeScript, which tells the line. */
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
// Not left to end by itself: what a plugin started when it was imported may never do so.
process.exit();
