import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { PluginDefinition } from "../../src/plugin-sdk.ts";
import { runPlugin } from "../support/plugin-context.ts";
import { UNDERSCORE, VEGA_DATA } from "../support/real-files.ts";

const FOLDER = new URL("../../src/plugins/", import.meta.url);
/** What plugins share is beside them. */
const NAMES = readdirSync(FOLDER).filter((name) => name !== "shared");

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
}

async function load(name: string): Promise<PluginDefinition> {
  const module = (await import(new URL(`${name}/index.ts`, FOLDER).href)) as {
    default: PluginDefinition;
  };
  return module.default;
}

/** The paths of fields without a description. */
function undescribed(schema: Schema, path = ""): string[] {
  const below = [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])];
  return [
    ...below.flatMap((part) => undescribed(part, path)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      ...(field.description ? [] : [`${path}/${name}`]),
      ...undescribed(field, `${path}/${name}`),
    ]),
  ];
}

describe.each(NAMES)("%s", (name) => {
  test("is named after its folder and describes its version and what it counts", async () => {
    const plugin = await load(name);
    expect(plugin.name).toBe(name);
    expect(plugin.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(plugin.description).toContain("`processedItems` counts");
  });

  test("describes every field of its input, options and output", async () => {
    const { input, options, output } = await load(name);
    for (const schema of [input, options, output]) {
      expect(undescribed(z.toJSONSchema(schema!, { io: "input" }) as Schema)).toEqual([]);
    }
  });

  test("refuses an unknown option by its name", async () => {
    const { options, example } = await load(name);
    const given = { ...(example?.options as object), "tpo-rows": 2 };
    expect(options?.safeParse(given).error?.message).toContain("tpo-rows");
  });

  // The example of http-fetch needs a server. Its own tests have one.
  test.skipIf(name === "http-fetch")("runs its own example and counts", async () => {
    const plugin = await load(name);
    const { trace } = await runPlugin(plugin, plugin.example!);
    expect(trace.metrics["processedItems"]).toBeGreaterThan(0);
  });
});

test("loading the plugins loads only the library zod, so that the daemon starts quickly", async () => {
  const script = `
    const { registerHooks } = await import("node:module");
    const loaded = new Set();
    registerHooks({
      load(url, context, next) {
        const [, name] = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? [];
        if (name) loaded.add(name);
        return next(url, context);
      },
    });
    for (const name of ${JSON.stringify(NAMES)}) {
      await import(new URL(name + "/index.ts", ${JSON.stringify(FOLDER.href)}).href);
    }
    console.log(JSON.stringify([...loaded]));
  `;
  const cwd = fileURLToPath(FOLDER);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { cwd },
  );
  expect(JSON.parse(stdout)).toEqual(["zod"]);
});

describe("plugins after one another", () => {
  test("html-to-markdown, text-chunk and json-query turn a page into passages", async () => {
    const steps: [string, object][] = [
      ["html-to-markdown", {}],
      ["text-chunk", { maxTokens: 300, overlapTokens: 30 }],
      ["json-query", { expression: '{"passages": $count(chunks), "tokens": $sum(chunks.tokens)}' }],
    ];
    const page = readFileSync(`${UNDERSCORE}/index.html`, "utf8");
    let data: unknown = { html: page };
    for (const [name, options] of steps) {
      data = (await runPlugin(await load(name), { input: data, options })).output;
    }
    const { passages, tokens } = data as { passages: number; tokens: number };
    expect(passages).toBeGreaterThan(40);
    expect(tokens).toBeGreaterThan(10_000);
  });

  test("csv-profile and json-query list the integer columns", async () => {
    const profile = await runPlugin(await load("csv-profile"), {
      input: { file: "birdstrikes.csv" },
      filesRoot: VEGA_DATA,
    });
    const { output } = await runPlugin(await load("json-query"), {
      input: profile.output,
      options: { expression: "[columns[type = 'integer'].name]" },
    });
    expect(output).toEqual(["Cost Other", "Cost Repair", "Cost Total $", "Speed IAS in knots"]);
  });
});
