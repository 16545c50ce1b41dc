import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createPluginCatalog,
  type LivePluginCatalog,
  type PluginCatalogOptions,
} from "../../src/pool/catalog/plugin-catalog.ts";
import type { PluginInfo } from "../../src/ports/plugin-catalog.ts";
import { countThreads, expectThreadsGone, openThreads } from "../support/plugin-threads.ts";
import { until } from "../support/until.ts";

let base: string;
let catalog: LivePluginCatalog | undefined;
let threadsBefore: number;

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), "plugin-catalog-"));
  threadsBefore = await countThreads();
});

afterEach(async () => {
  await catalog?.close();
  catalog = undefined;
  rmSync(base, { recursive: true, force: true });
});

function put(path: string, text: string): void {
  const full = join(base, path);
  mkdirSync(dirname(full), { recursive: true });
  // Written atomically, as an editor does. Another test writes a file in two halves.
  writeFileSync(`${full}.tmp~`, text);
  renameSync(`${full}.tmp~`, full);
}

function plugin(name: string, more = ""): string {
  return `
    import { definePlugin } from "playground-runner/plugin";
    export default definePlugin({
      name: "${name}",
      description: "For a test.",
      run: () => "${name}",
      ${more}
    });
  `;
}

async function open(options: Partial<PluginCatalogOptions> = {}): Promise<LivePluginCatalog> {
  catalog = createPluginCatalog({
    builtinDir: join(base, "built-in"),
    pluginsDir: join(base, "plugins"),
    onError: fail,
    rescanMs: 100,
    ...options,
  });
  await catalog.ready();
  return catalog;
}

function fail(error: unknown): void {
  throw error;
}

function versionOf(info: PluginInfo | null): string | null {
  return info?.status === "ready" ? info.version : null;
}

function errorOf(info: PluginInfo | null): string {
  if (info?.status !== "broken") throw new Error(`Not broken: ${JSON.stringify(info)}`);
  return info.error;
}

function names(from: LivePluginCatalog): string[] {
  return from.list().map(({ name, status }) => (status === "ready" ? name : `${name} (broken)`));
}

describe("the files that are read", () => {
  test("built-in plugins are NAME.ts and NAME/index.ts, without the helpers next to them", async () => {
    put("built-in/alone.ts", plugin("alone"));
    put("built-in/alone.test.ts", "throw new Error('a test is not a plugin')");
    put("built-in/_helper.ts", "export const x = 1;");
    put("built-in/folder/index.ts", plugin("in-folder"));
    put("built-in/folder/part.ts", "export const x = 1;");
    put("built-in/data/words.json", "{}");
    const opened = await open();
    expect(opened.list().map(({ name, source }) => [name, source])).toEqual([
      ["alone", "built-in"],
      ["in-folder", "built-in"],
    ]);
  });

  test("PLUGINS_DIR can contain ts, js, mjs and cjs files, and folders with a package.json", async () => {
    put("plugins/typed.ts", plugin("typed"));
    put("plugins/plain.mjs", plugin("plain"));
    put("plugins/esm.js", plugin("esm"));
    put(
      "plugins/common.cjs",
      `const { definePlugin } = require("playground-runner/plugin");
       module.exports = definePlugin({ name: "common", description: "Is CommonJS.", run: () => 1 });`,
    );
    put("plugins/main/package.json", `{"main": "./lib/start.ts"}`);
    put("plugins/main/lib/start.ts", plugin("by-main"));
    put("plugins/exports/package.json", `{"exports": {".": {"import": "./a.mjs"}}}`);
    put("plugins/exports/a.mjs", plugin("by-exports"));
    put("plugins/index/package.json", `\uFEFF{"name": "x"}`);
    put("plugins/index/index.ts", plugin("by-index"));
    put("plugins/_shared.ts", "throw new Error('a helper is not imported')");
    put(
      "plugins/lib/helper.ts",
      "throw new Error('a folder without package.json is not a plugin')",
    );
    expect(names(await open())).toEqual([
      "by-exports",
      "by-index",
      "by-main",
      "common",
      "esm",
      "plain",
      "typed",
    ]);
  });

  test("the version comes from the plugin, or otherwise from its folder's package.json", async () => {
    put("plugins/own/package.json", `{"version": "2.0.0"}`);
    put("plugins/own/index.ts", plugin("own", 'version: "1.2.3"'));
    put("plugins/package/package.json", `{"version": "2.0.0"}`);
    put("plugins/package/index.ts", plugin("package"));
    put("plugins/neither/package.json", `{"version": 2}`);
    put("plugins/neither/index.ts", plugin("neither"));
    const versions = (await open()).list().map((info) => "version" in info && info.version);
    expect(versions).toEqual(["0.0.0", "1.2.3", "2.0.0"]);
  });

  test("a plugin outside any node_modules can import zod, and a folder can have its own packages", async () => {
    put(
      "plugins/checks.ts",
      `import { z } from "zod"; ${plugin("checks", "input: z.object({ n: z.coerce.number(), s: z.string().default('x') }), output: z.number(), example: { input: { n: 1 } }, timeoutMs: 5, version: '1.2.3'")}`,
    );
    put("plugins/own/package.json", `{"main": "./index.mjs"}`);
    put(
      "plugins/own/index.mjs",
      `import name from "dep"; ${plugin("${name}").replace('"${name}"', "name")}`,
    );
    put("plugins/own/node_modules/dep/package.json", `{"main": "./i.js"}`);
    put("plugins/own/node_modules/dep/i.js", `module.exports = "named-by-dep";`);
    const opened = await open();
    expect(names(opened)).toEqual(["checks", "named-by-dep"]);
    expect(opened.get("checks")).toMatchObject({
      version: "1.2.3",
      timeoutMs: 5,
      example: { input: { n: 1 } },
      // `z.coerce` accepts anything. A field with a default is optional.
      inputSchema: {
        type: "object",
        properties: { n: {}, s: { type: "string" } },
        required: ["n"],
      },
      optionsSchema: null,
      outputSchema: { type: "number" },
    });
    expect(opened.checkInput("checks", { n: "5" })).toEqual([]);
    expect(opened.checkInput("checks", { n: 5, s: 1 })).toEqual([
      { path: "/s", message: "is 1: it must be a string" },
    ]);
    expect(opened.checkOptions("checks", { any: "thing" })).toEqual([]);
  });

  test.each([
    [
      "an ES module",
      "w.mjs",
      `import { z } from "zod"; import { parentPort } from "node:worker_threads";`,
    ],
    [
      "TypeScript",
      "w.ts",
      `import { z } from "zod"; import { parentPort } from "node:worker_threads"; type T = 1;`,
    ],
    [
      "CommonJS",
      "w.cjs",
      `const { z } = require("zod"); const { parentPort } = require("worker_threads");`,
    ],
  ])("a worker that a plugin starts can use zod: %s", async (_, file, imports) => {
    const reply = `${imports} parentPort.postMessage(z.string().parse("parsed"));`;
    put(`plugins/.workers/${file}`, reply);
    // A worker of a worker, with options of its own.
    put(
      `plugins/.workers/outer.mjs`,
      `import { Worker, parentPort } from "node:worker_threads";
       const worker = new Worker(new URL("./${file}", import.meta.url), { env: {}, execArgv: ["--no-warnings"] });
       worker.on("message", (said) => parentPort.postMessage(said));`,
    );
    const ask = (worker: string): string =>
      `new Promise((resolve, reject) => ${worker}.once("message", resolve).once("error", reject))`;
    const here = `new URL("./.workers/${file}", import.meta.url)`;
    const evaluated = `"require('worker_threads').parentPort.postMessage(require('zod').z.string().parse('parsed'))"`;
    put(
      "plugins/nests.mjs",
      `import { createRequire } from "node:module";
       import { Worker } from "node:worker_threads";
       const required = createRequire(import.meta.url)("worker_threads").Worker;
       ${plugin(
         "nests",
         `run: async () => [
           await ${ask(`new Worker(${here})`)},
           await ${ask(`new required(${here}, { workerData: 1 })`)},
           await ${ask(`new Worker(new URL("./.workers/outer.mjs", import.meta.url))`)},
           await ${ask(`new Worker(${evaluated}, { eval: true })`)},
         ]`,
       )}`,
    );
    await using threads = openThreads({ catalog: await open() });
    const { result } = await threads.run("nests");
    expect(result).toMatchObject({ ok: true, output: `["parsed","parsed","parsed","parsed"]` });
  });

  test("a CommonJS plugin can require zod, and a folder's own zod counts", async () => {
    const requires = (name: string, more: string) => `
      const { z } = require("zod");
      module.exports = {
        name: "${name}", description: "Requires zod.", input: z.object({ n: z.number() }), ${more}
      };`;
    put("plugins/plain.cjs", requires("plain", "run: ({ n }) => n + 1"));
    put("plugins/own/package.json", `{"main": "./index.cjs"}`);
    put("plugins/own/index.cjs", requires("own", "run: () => require('zod/mark')"));
    put(
      "plugins/own/node_modules/zod/package.json",
      `{"name": "zod", "exports": {".": "./i.js", "./mark": "./mark.js"}}`,
    );
    put("plugins/own/node_modules/zod/mark.js", `module.exports = "the folder's own";`);
    put(
      "plugins/own/node_modules/zod/i.js",
      `exports.z = { object: () => undefined, number: () => undefined };`,
    );
    const opened = await open();
    expect(names(opened)).toEqual(["own", "plain"]);
    await using threads = openThreads({ catalog: opened });
    expect((await threads.run("plain", { input: { n: 1 } })).result).toMatchObject({ output: "2" });
    expect((await threads.run("own", { input: {} })).result).toMatchObject({
      output: `"the folder's own"`,
    });
  });

  test("folders can be links, and PLUGINS_DIR can be below one", async () => {
    put("elsewhere/linked/package.json", `{"name": "linked"}`);
    put("elsewhere/linked/index.ts", plugin("linked"));
    put("release-1/plugins/folder/package.json", `{"main": "./index.ts"}`);
    put("release-1/plugins/folder/index.ts", plugin("folder"));
    symlinkSync(join(base, "elsewhere", "linked"), join(base, "release-1", "plugins", "linked"));
    symlinkSync(join(base, "release-1"), join(base, "current"));
    const opened = await open({ pluginsDir: join(base, "current", "plugins") });
    expect(names(opened)).toEqual(["folder", "linked"]);
  });

  test("an entry outside of its folder is refused, through a link as well", async () => {
    put("elsewhere/outside.ts", plugin("outside"));
    put("plugins/dots/package.json", `{"main": "../../elsewhere/outside.ts"}`);
    put("plugins/link/package.json", `{"main": "./entry.ts"}`);
    symlinkSync(join(base, "elsewhere", "outside.ts"), join(base, "plugins", "link", "entry.ts"));
    const opened = await open();
    for (const folder of ["dots", "link"]) {
      expect(errorOf(opened.get(folder))).toMatch(
        /its entry is ".*": it must be inside the folder$/,
      );
    }
  });
});

describe("a schema that cannot be converted to JSON Schema", () => {
  test("of zod 3 is checked when the plugin runs, and the author is warned", async () => {
    const more = `
      input: z.object({ n: z.number().default(7) }),
      options: z.object({ s: z.string().default("x") }),
      output: z.number(),
      run: ({ n }, { options }) => n + options.s.length`;
    put("plugins/old.ts", `import { z } from "zod/v3"; ${plugin("old", more)}`);
    const opened = await open();
    expect(opened.get("old")).toMatchObject({
      status: "ready",
      inputSchema: null,
      optionsSchema: null,
      outputSchema: null,
      warnings: [
        'input is a zod 3 schema, which works but cannot be shown: use zod 4 (import "zod"). Until then clients show no form for the input, and a wrong input is accepted and fails the job',
        'options is a zod 3 schema, which works but cannot be shown: use zod 4 (import "zod"). Until then clients show no form for the options, and wrong options are accepted and fail the job',
        'output is a zod 3 schema, which works but cannot be shown: use zod 4 (import "zod"). Until then clients do not know what the output contains',
      ],
    });
    await using threads = openThreads({ catalog: opened });
    expect((await threads.run("old", { input: {} })).result).toMatchObject({ output: "8" });
    expect((await threads.run("old", { input: { n: "many" } })).result).toMatchObject({
      ok: false,
      failure: { code: "INPUT_INVALID" },
    });
  });

  test("of zod 4 causes a warning with the reason", async () => {
    const twice = `input: z.object({ a: z.string().meta({ id: "x" }), b: z.int().meta({ id: "x" }) })`;
    put("plugins/twice.ts", `import { z } from "zod"; ${plugin("twice", twice)}`);
    expect((await open()).get("twice")).toMatchObject({
      status: "ready",
      inputSchema: null,
      warnings: [
        expect.stringMatching(
          /^input is a schema that works but cannot be shown as JSON Schema: Duplicate schema id "x"/,
        ),
      ],
    });
  });

  test("is not one that was made from JSON Schema", async () => {
    const json = `{ type: "object", properties: { n: { type: "integer" } }, required: ["n"] }`;
    put(
      "plugins/wrapped.ts",
      `import { z } from "zod"; ${plugin("wrapped", `input: z.fromJSONSchema(${json})`)}`,
    );
    const opened = await open();
    expect(opened.get("wrapped")).toMatchObject({ status: "ready", warnings: [] });
    expect(opened.checkInput("wrapped", { n: "x" })).toEqual([
      { path: "/n", message: 'is "x": it must be an integer' },
    ]);
    await using threads = openThreads({ catalog: opened });
    expect((await threads.run("wrapped", { input: { n: 1 } })).result).toMatchObject({ ok: true });
  });
});

describe("a broken file is reported, and the other plugins work", () => {
  test.each([
    ["syntax.mjs", "const a = 1;\nconst = 2;", /^\S.* \(\/.*syntax\.mjs:2\)\n/],
    ["syntax.ts", "const a: number = 1;\nconst = 2;", /^\S.* \(\/.*syntax\.ts:2\)\n/],
    ["enum.ts", "enum A { B }\nexport default A;", /enum is not supported.*enum\.ts:1\)\n/],
    [
      "imports.ts",
      `\nimport "no-such-package";`,
      /^the package "no-such-package" is not installed: run `npm install --prefix \/\S+\/plugins no-such-package` \(\/.*imports\.ts:2\)$/,
    ],
    [
      "requires.cjs",
      `\n\nrequire("@no-such/package/part");`,
      /^the package "@no-such\/package" is not installed: run `npm install --prefix \/\S+\/plugins @no-such\/package` \(\/.*requires\.cjs:3\)$/,
    ],
    [
      "exported.mjs",
      `import { no } from "node:fs";\nexport default no;`,
      /^The requested module 'node:fs' does not provide an export named 'no' \(\/.*exported\.mjs:1\)\n/,
    ],
    [
      "type.ts",
      `import { Server } from "node:fs";\nexport const no: Server = 1;`,
      /^The requested module 'node:fs' does not provide an export named 'Server'\. If Server is a type, write `import type \{ Server \}` \(\/.*type\.ts:1\)\n/,
    ],
    [
      "sdk.ts",
      `import { definePlugin } from "playground-runner/plugins";`,
      /^it imports "playground-runner\/plugins": plugins can import only "playground-runner\/plugin" from playground-runner \(\/.*sdk\.ts:1\)$/,
    ],
    ["throws.ts", `\nthrow new Error("at import");`, /^at import \(\/.*throws\.ts:2\)$/],
    ["text.ts", `throw "a text";`, /^the file throws a text when it is imported \(\/.*text\.ts\)$/],
    ["nothing.ts", "export const x = 1;", /no default export that is a plugin/],
    ["number.ts", "export default 7;", /no default export that is a plugin/],
    [
      "name.ts",
      plugin("Bad Name"),
      /^name is "Bad Name": it must be .*, such as "bad-name" \(\/.*name\.ts:3\)$/,
    ],
    [
      "nameless.mjs",
      `export default { description: "Has none.", run: () => 1 };`,
      /^name is missing: it must be/,
    ],
    [
      "field.ts",
      plugin("field", "timeout: 5"),
      /^unknown field "timeout": did you mean "timeoutMs"\? \(\/.*field\.ts:3\)$/,
    ],
    ["version.ts", plugin("version", "version: 2"), /^version is 2: it must be a string/],
    [
      "json-schema.ts",
      plugin("json-schema", 'input: { type: "object" }'),
      /^input is a JSON Schema, {"type":"object"}: it must be a zod schema/,
    ],
    ["exits.ts", "process.exit(4);", /ended its thread with exit code 4/],
    [
      "crashes.ts",
      `${plugin("crashes")} setImmediate(() => { throw new Error("late"); }); await new Promise(() => {});`,
      /ended its thread: late/,
    ],
    [
      "hangs.ts",
      "await new Promise(() => setInterval(() => {}, 1000));",
      /took longer than 1000 ms/,
    ],
    [
      "settles.ts",
      "await new Promise(() => {});",
      /^a top-level await never settles, in the file or in one that it imports/,
    ],
    ["loops.ts", "for (;;);", /took longer than 1000 ms/],
  ])("%s", async (file, text, error) => {
    put("plugins/a-good.ts", plugin("a-good"));
    put(`plugins/${file}`, text);
    put("plugins/z-good.ts", plugin("z-good"));
    const opened = await open({ importTimeoutMs: 1000 });
    const label = file.replace(/\.\w+$/, "");
    expect(names(opened)).toEqual(["a-good", `${label} (broken)`, "z-good"]);
    expect(errorOf(opened.get(label))).toMatch(error);
    expect(opened.locate(label)).toEqual({ error: errorOf(opened.get(label)) });
  });

  test("a file with JSX, unless its name begins with an underscore", async () => {
    put("plugins/page.tsx", plugin("page"));
    put("plugins/_view.tsx", plugin("view"));
    const opened = await open();
    expect(names(opened)).toEqual(["page.tsx (broken)"]);
    expect(errorOf(opened.get("page.tsx"))).toBe(
      "page.tsx: Node runs no JSX, so this file cannot be a plugin. Name it page.ts if it has no JSX, or _page.tsx if another file compiles it.",
    );
  });

  test("a folder with an index file but no package.json, until it has one", async () => {
    put("plugins/parts/index.ts", plugin("parts"));
    put("plugins/lib/helper.ts", plugin("helper"));
    put("plugins/_more/index.ts", plugin("more"));
    const opened = await open();
    expect(names(opened)).toEqual(["parts (broken)"]);
    expect(errorOf(opened.get("parts"))).toBe(
      'parts: the folder has index.ts but no package.json. Add one, such as {"type": "module"}, if it is a plugin. Name the folder _parts if it is not.',
    );
    put("plugins/parts/package.json", `{"type": "module"}`);
    await until("the plugin", () => opened.get("parts")?.status === "ready");
  });

  test("a folder whose package.json is not JSON", async () => {
    put("plugins/folder/package.json", "{");
    expect(errorOf((await open()).get("folder"))).toMatch(/^folder\/package\.json: /);
  });

  test.each([
    [
      `input: z.object({ text: z.string() }), example: { input: { text: 7 } }`,
      "example.input does not fit the plugin's own input: /text: must be a string, not 7",
    ],
    [
      `options: z.object({ size: z.int() }), example: { input: 1 }`,
      "example.options does not fit the plugin's own options: /size: must be a number, not undefined",
    ],
  ])("an example that the plugin does not accept: %s", async (fields, message) => {
    put("plugins/wrong.ts", `import { z } from "zod"; ${plugin("wrong", fields)}`);
    put("plugins/good.ts", plugin("good"));
    const opened = await open();
    expect(errorOf(opened.get("wrong"))).toBe(message);
    expect(opened.get("good")?.status).toBe("ready");
  });

  test("a folder whose package is not installed, with the command for that folder", async () => {
    put("plugins/parts/package.json", "{}");
    put("plugins/parts/lib/read.ts", `export { no } from "no-such-package/read";`);
    put("plugins/parts/index.ts", `import "./lib/read.ts"; ${plugin("parts")}`);
    expect(errorOf((await open()).get("parts"))).toContain(
      `run \`npm install --prefix ${join(base, "plugins/parts")} no-such-package\``,
    );
  });

  test("the second of two plugins with the same name, with an error that names both", async () => {
    put("built-in/echo.ts", plugin("echo"));
    put("plugins/mine.ts", plugin("echo"));
    put("plugins/one.ts", plugin("twice"));
    put("plugins/two.ts", plugin("twice"));
    const opened = await open();
    expect(names(opened)).toEqual(["echo", "echo (broken)", "twice", "twice (broken)"]);
    expect(opened.get("echo")).toMatchObject({ status: "ready", source: "built-in" });
    expect(errorOf(opened.list()[1] ?? null)).toMatch(
      /^mine\.ts declares the name "echo", which belongs to a built-in plugin \(.*echo\.ts\), which a file cannot replace: /,
    );
    expect(errorOf(opened.list()[3] ?? null)).toBe(
      'two.ts declares the name "twice", which belongs to one.ts: it must have another name',
    );
  });
});

describe("changes while the daemon runs", () => {
  test("a folder that is created later, files that are added, changed and removed, a folder that is created again", async () => {
    const opened = await open();
    expect(opened.list()).toEqual([]);
    put("plugins/a.ts", plugin("a"));
    await until("plugin a", () => names(opened).join() === "a");
    put("plugins/b.ts", plugin("b"));
    await until("plugin b", () => names(opened).join() === "a,b");
    put("plugins/a.ts", plugin("c"));
    await until("plugin c in place of a", () => names(opened).join() === "b,c");
    rmSync(join(base, "plugins", "b.ts"));
    await until("the removal of b", () => names(opened).join() === "c");
    rmSync(join(base, "plugins"), { recursive: true });
    await until("the removal of all plugins", () => opened.list().length === 0);
    put("plugins/d.ts", plugin("d"));
    await until("plugin d", () => names(opened).join() === "d");
  });

  test("a copy of a plugin does not get its name while the original exists, broken or not", async () => {
    const opened = await open();
    put("plugins/word.ts", plugin("word"));
    await until("the original", () => names(opened).join() === "word");
    const readySource = () => opened.list().find(({ status }) => status === "ready")?.source;
    put("plugins/a-copy.ts", plugin("word"));
    await until("the copy to be read", () => opened.list().length === 2);
    expect(readySource()).toBe("word.ts");
    expect(opened.get("word")).toMatchObject({ status: "ready", source: "word.ts" });
    put("plugins/word.ts", "export default {");
    await until("the original to be broken", () => readySource() === undefined);
    put("plugins/word.ts", plugin("other"));
    await until("the original's new name", () => {
      return readySource() === "word.ts" && opened.get("word") !== null;
    });
    await until("the copy to get the name", () => opened.get("word")?.source === "a-copy.ts");
    expect(names(opened)).toEqual(["other", "word"]);
  });

  test("the daemon and a new start agree which of two files owns a name, in any order of arrival", async () => {
    const opened = await open();
    const sources = (from: LivePluginCatalog) =>
      from.list().flatMap(({ status, source }) => (status === "ready" ? [source] : []));
    const copies = ["a.ts", "b-word.ts", "zz-word.ts", "word.mjs", "word.ts"];
    for (const [at, file] of copies.entries()) {
      put(`plugins/${file}`, plugin("word"));
      await until(`${file} to be read`, () => opened.list().length === at + 1);
      const fresh = createPluginCatalog({
        builtinDir: join(base, "built-in"),
        pluginsDir: join(base, "plugins"),
        onError: fail,
      });
      await fresh.ready();
      expect(sources(opened)).toEqual(sources(fresh));
      await fresh.close();
    }
    expect(sources(opened)).toEqual(["word.mjs"]);
  });

  test("a broken plugin is read again, because what it needs can come without a change of its files", async () => {
    const secret = join(base, "secret");
    const reads = `import { readFileSync } from "node:fs"; readFileSync(${JSON.stringify(secret)});`;
    put("plugins/late.ts", `${reads} ${plugin("late")}`);
    put("plugins/other.ts", plugin("other"));
    const opened = await open({ retryMs: 20 });
    expect(names(opened)).toEqual(["late (broken)", "other"]);
    let changes = 0;
    opened.onChange(() => (changes += 1));
    writeFileSync(secret, "s");
    await until("the plugin to be ready", () => names(opened).join() === "late,other");
    // The reads that found the plugin still broken were not reported as changes.
    expect(changes).toBe(1);
  });

  test("a plugin is read again when its packages have been installed", async () => {
    put("plugins/dep/package.json", `{"main": "./index.mjs"}`);
    put("plugins/dep/index.mjs", `import "@scope/one"; ${plugin("dep")}`);
    put("plugins/dep/node_modules/.package-lock.json", "{}");
    const opened = await open({ retryMs: 600_000 });
    expect(names(opened)).toEqual(["dep (broken)"]);
    put("plugins/dep/node_modules/@scope/one/package.json", `{"main": "./i.js"}`);
    put("plugins/dep/node_modules/@scope/one/i.js", "");
    put("plugins/dep/node_modules/.package-lock.json", `{"packages": {}}`);
    await until("the plugin to be ready", () => names(opened).join() === "dep");
  });

  test("a file that exceeds the time limit is read again with a longer one", async () => {
    const slow = "await new Promise((resolve) => setTimeout(resolve, 700));";
    put("plugins/slow.ts", `${slow} ${plugin("slow")}`);
    const opened = await open({ importTimeoutMs: 500, retryMs: 20 });
    expect(errorOf(opened.get("slow"))).toBe("importing the file took longer than 500 ms");
    await until("the plugin to be ready", () => names(opened).join() === "slow");
    put("plugins/other.ts", plugin("other"));
    await until("the other plugin", () => opened.list().length === 2);
    expect(names(opened)).toEqual(["other", "slow"]);
  });

  test.each([
    ["in a folder that begins with a dot", "plugins/.lib/v.mjs", "./.lib/v.mjs"],
    ["outside of PLUGINS_DIR", "shared/v.mjs", "../shared/v.mjs"],
    ["in node_modules", "plugins/node_modules/v/v.mjs", "v/v.mjs"],
  ])("a changed helper %s counts", async (_, helper, specifier) => {
    put(helper, "export const v = 1;");
    put("plugins/uses.mjs", `import { v } from "${specifier}"; ${plugin("uses", "run: () => v")}`);
    const opened = await open();
    await using threads = openThreads({ catalog: opened });
    expect((await threads.run("uses")).result).toMatchObject({ output: "1" });
    const changed = new Promise<void>((resolve) => opened.onChange(resolve));
    put(helper, "export const v = 2;");
    await changed;
    expect((await threads.run("uses")).result).toMatchObject({ output: "2" });
  });

  test("an endless loop at the import of one file delays no change of another, and its end is noticed", async () => {
    put("plugins/endless.ts", "for (;;);");
    put("plugins/other.ts", plugin("other"));
    const opened = await open({ importTimeoutMs: 2000, retryMs: 100 });
    expect(names(opened)).toEqual(["endless (broken)", "other"]);
    for (const version of ["2.0.0", "3.0.0"]) {
      put("plugins/other.ts", plugin("other", `version: "${version}",`));
      // Less than the 12 s that the loop is allowed to take when it is read again.
      await until("the change", () => versionOf(opened.get("other")) === version, {
        timeoutMs: 10_000,
      });
    }
    put("plugins/endless.ts", plugin("endless"));
    await until("both plugins", () => names(opened).join() === "endless,other");
  });

  test("each plugin is reported once when it is loaded, and once for each change of its files", async () => {
    const loaded: string[] = [];
    put("built-in/own.ts", plugin("own"));
    put("plugins/a.ts", `import "./_part.ts"; ${plugin("a")}`);
    put("plugins/_part.ts", "");
    put("plugins/b.ts", plugin("b"));
    const opened = await open({ onLoaded: ({ name }) => loaded.push(name) });
    expect(loaded.splice(0)).toEqual(["a", "b"]);
    put("plugins/_part.ts", "export {};");
    await until("the changed plugin", () => loaded.length > 0);
    put("plugins/c.ts", plugin("c"));
    await until("the new plugin", () => opened.get("c") !== null);
    expect(loaded).toEqual(["a", "c"]);
  });

  test("a changed helper next to the target of a linked file counts", async () => {
    put("shared/v.mjs", "export const v = 1;");
    put("shared/linked.mjs", `import { v } from "./v.mjs"; ${plugin("linked", "run: () => v")}`);
    mkdirSync(join(base, "plugins"));
    symlinkSync(join(base, "shared", "linked.mjs"), join(base, "plugins", "linked.mjs"));
    const opened = await open();
    await using threads = openThreads({ catalog: opened });
    expect((await threads.run("linked")).result).toMatchObject({ output: "1" });
    const changed = new Promise<void>((resolve) => opened.onChange(resolve));
    put("shared/v.mjs", "export const v = 2;");
    await changed;
    expect((await threads.run("linked")).result).toMatchObject({ output: "2" });
  });

  test("a file that is written in two halves is read again when it is complete", async () => {
    const opened = await open();
    const text = plugin("halves");
    mkdirSync(join(base, "plugins"), { recursive: true });
    writeFileSync(join(base, "plugins", "halves.ts"), text.slice(0, 60));
    await until("the first half to be read", () => opened.list().length === 1);
    writeFileSync(join(base, "plugins", "halves.ts"), text);
    await until("the plugin to be ready", () => opened.get("halves")?.status === "ready");
  });

  test("new steps run the new code, while a running step completes with the old code", async () => {
    const body = (text: string) => `
      export default {
        name: "versioned",
        description: "Returns its version.",
        async run(input) {
          await new Promise((resolve) => setTimeout(resolve, input));
          return (await import("./_part.mjs")).default + "${text}";
        },
      };
    `;
    put("plugins/_part.mjs", `export default "part 1, ";`);
    put("plugins/versioned.mjs", body("one"));
    const opened = await open();
    await using threads = openThreads({ catalog: opened, threads: 2 });
    const run = async (ms: number) => (await threads.run("versioned", { input: ms })).result;
    // Both threads load the old code.
    for (const result of await Promise.all([run(300), run(300)])) {
      expect(result).toMatchObject({ output: '"part 1, one"' });
    }
    const old = run(1500);
    const changed = new Promise<void>((resolve) => opened.onChange(resolve));
    put("plugins/_part.mjs", `export default "part 2, ";`);
    put("plugins/versioned.mjs", body("two"));
    await changed;
    expect(await run(0)).toMatchObject({ output: '"part 2, two"' });
    expect(await old).toMatchObject({ ok: true, output: '"part 1, one"' });
  });

  test("close leaves no thread behind, even in the middle of a scan", async () => {
    put("plugins/hangs.ts", "for (;;);");
    const opening = createPluginCatalog({
      builtinDir: join(base, "built-in"),
      pluginsDir: join(base, "plugins"),
      onError: fail,
    });
    await opening.close();
    await expectThreadsGone(threadsBefore);
  });
});
