import { VERSION } from "../version.ts";

/** The files of a new plugin, by their names. */
export function pluginTemplate(name: string): Readonly<Record<string, string>> {
  return {
    "index.ts": `import { definePlugin } from "playground-runner/plugin";
import { z } from "zod";

export default definePlugin({
  name: ${JSON.stringify(name)},
  description: "Counts the words of a text. \`processedItems\` counts words.",
  input: z.object({ text: z.string() }),
  output: z.object({ words: z.int(), distinct: z.int() }),
  example: { input: { text: "to be or not to be" } },
  async run({ text }, ctx) {
    const words = text.split(/\\s+/).filter(Boolean);
    ctx.log.info("counted", { words: words.length });
    ctx.metrics.add("processedItems", words.length);
    return { words: words.length, distinct: new Set(words).size };
  },
});
`,
    "index.test.ts": `import assert from "node:assert/strict";
import { test } from "node:test";
import { runPlugin } from "playground-runner/test";
import plugin from "./index.ts";

test("counts words and distinct words", async () => {
  const { output, metrics } = await runPlugin(plugin, { input: { text: "to be or not to be" } });
  assert.deepEqual(output, { words: 6, distinct: 4 });
  assert.equal(metrics["processedItems"], 6);
});

test("refuses a text that is not a string", async () => {
  const run = runPlugin(plugin, { input: { text: 7 as never } });
  await assert.rejects(run, { code: "INPUT_INVALID" });
});
`,
    "package.json": json({
      name,
      version: "0.1.0",
      private: true,
      type: "module",
      scripts: { test: "node --test", types: "tsc" },
      devDependencies: {
        "@types/node": "^24.0.0",
        "playground-runner": `^${VERSION}`,
        typescript: "^7.0.0",
        zod: "^4.0.0",
      },
    }),
    "tsconfig.json": json({
      compilerOptions: {
        target: "es2024",
        lib: ["es2024"],
        module: "nodenext",
        types: ["node"],
        strict: true,
        noEmit: true,
        allowImportingTsExtensions: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
        skipLibCheck: true,
      },
    }),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
