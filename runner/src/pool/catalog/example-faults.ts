import type { z } from "zod";
import type { JsonText } from "../../domain/json-text.ts";
import type { PluginDefinition } from "../../plugin-sdk.ts";
import { parseWithSchema } from "../parse-with-schema.ts";
import { parseJson } from "../thread/parse-json.ts";
import { stringify } from "../thread/serialize-output.ts";

/** Checks that the plugin accepts its own example. One fault for the input and one for the options. */
export async function exampleFaults(plugin: PluginDefinition): Promise<readonly string[]> {
  const { example, exactIntegers = false } = plugin;
  if (example === undefined || example === null) return [];
  const faults: string[] = [];
  async function check(field: "input" | "options", value: unknown): Promise<void> {
    const schema: z.ZodType | undefined = plugin[field] ?? undefined;
    if (schema === undefined) return;
    const text = (stringify(value) ?? "null") as JsonText;
    const parsed = await parseWithSchema(schema, parseJson(text, { exactIntegers }).value);
    if (parsed.ok) return;
    faults.push(`example.${field} does not fit the plugin's own ${field}: ${parsed.issues}`);
  }
  await check("input", example.input);
  await check("options", example.options ?? {});
  return faults;
}
