import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { LimitsRequest } from "./domain/plugin-limits.ts";
import { definePlugin } from "./plugin-sdk.ts";
import { PluginFailed, runPlugin } from "./plugin-test.ts";

const size = definePlugin({
  name: "size",
  description: "Measures texts.",
  input: z.object({ text: z.string() }),
  options: z.object({ unit: z.enum(["characters", "bytes"]).default("characters") }),
  output: z.object({ size: z.int() }),
  run({ text }, ctx) {
    ctx.log.info("measuring", { unit: ctx.options.unit });
    ctx.progress(0.5, "half");
    ctx.metrics.add("processedItems", 1);
    return { size: ctx.options.unit === "bytes" ? Buffer.byteLength(text) : text.length };
  },
});

test("a plugin gets its parsed input and options, and the test gets what the plugin reports", async () => {
  expect(await runPlugin(size, { input: { text: "ä" } })).toEqual({
    output: { size: 1 },
    metrics: { processedItems: 1, duration: expect.any(Number) as number },
    progress: [{ fraction: 0.5, message: "half" }],
    log: [{ level: "info", message: "measuring", data: { unit: "characters" } }],
    files: [],
    limitPauses: [],
  });
  const { output } = await runPlugin(size, { input: { text: "ä" }, options: { unit: "bytes" } });
  expect(output.size).toBe(2);
});

test("what the daemon refuses fails with the code and the message that a job has", async () => {
  await expect(runPlugin(size, { input: { text: 7 as never } })).rejects.toMatchObject({
    code: "INPUT_INVALID",
    message: `The job's input does not fit the input of "size": /text: must be a string, not 7`,
  });
  const returns = (value: unknown) =>
    runPlugin({ name: "a", description: "b", run: () => value }, { input: null });
  await expect(returns(new Map())).rejects.toMatchObject({ code: "OUTPUT_NOT_SERIALIZABLE" });
  await expect(
    runPlugin({ name: "No Name", description: "b", run: () => 1 }, { input: null }),
  ).rejects.toThrow('name is "No Name"');
});

test("what the plugin throws is the cause", async () => {
  const cause = new RangeError("too far");
  const run = runPlugin(
    {
      name: "throws",
      description: "b",
      run() {
        throw cause;
      },
    },
    { input: 1 },
  );
  const error = await run.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PluginFailed);
  expect(error).toMatchObject({ code: "PLUGIN_THREW", message: "too far", cause });
});

test("a test provides the job, the files, the responses and the signal", async () => {
  const filesDir = await mkdtemp(join(tmpdir(), "plugin-test-"));
  onTestFinished(() => rm(filesDir, { recursive: true }));
  await writeFile(join(filesDir, "a.txt"), "from a file");
  const stop = new AbortController();
  const plugin = definePlugin({
    name: "uses-all",
    description: "b",
    async run(_, ctx) {
      const response = await ctx.fetch("https://example.com");
      stop.abort(new Error("stopped"));
      return {
        file: await readFile(ctx.files.resolve("a.txt"), "utf8"),
        response: await response.text(),
        job: ctx.job,
        isStopped: ctx.signal.aborted,
      };
    },
  });
  const { output } = await runPlugin(plugin, {
    input: 1,
    job: { id: "job_7", metadata: { team: "red" } },
    filesDir,
    fetch: async () => new Response("no network"),
    signal: stop.signal,
  });
  expect(output).toEqual({
    file: "from a file",
    response: "no network",
    job: { id: "job_7", name: null, metadata: { team: "red" }, schedule: null, input: 1 },
    isStopped: true,
  });
});

test("a test gives the secrets that the plugin declares, and no others", async () => {
  const plugin = definePlugin({
    name: "uses-secret",
    description: "b",
    secrets: ["API_KEY"],
    run(_, ctx) {
      ctx.log.info(`with ${ctx.secrets.API_KEY}`);
      return ctx.secrets.API_KEY.length;
    },
  });
  const { output, log } = await runPlugin(plugin, { input: 1, secrets: { API_KEY: "0123456789" } });
  expect(output).toBe(10);
  expect(log).toMatchObject([{ message: "with •••API_KEY" }]);
  await expect(runPlugin(plugin, { input: 1 })).rejects.toThrow(
    'secrets.API_KEY is missing: plugin "uses-secret" declares it.',
  );
  const secrets = { API_KEY: "x", OTHER: "y" };
  await expect(runPlugin(plugin, { input: 1, secrets })).rejects.toThrow(
    'secrets.OTHER is given: plugin "uses-secret" must declare it.',
  );
});

test("what a plugin wrote is there until the process ends, and then no longer", async () => {
  const script = `
    import { existsSync } from "node:fs";
    import { runPlugin } from ${JSON.stringify(new URL("plugin-test.ts", import.meta.url).href)};
    const { files } = await runPlugin(
      {
        name: "writes",
        description: "b",
        run: (_input, ctx) => ctx.artifacts.write("a", Buffer.from("content")),
      },
      { input: null },
    );
    console.log(existsSync(files[0].path), files[0].path);
  `;
  const args = ["--input-type=module-typescript", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [exists, path = ""] = stdout.trim().split(" ");
  expect(exists).toBe("true");
  expect(existsSync(dirname(dirname(dirname(path))))).toBe(false);
});

test("a test gets the pauses of the plugin's limit, and a plugin that cannot pause is told why", async () => {
  const pausing = (limits: LimitsRequest | undefined, ...pause: unknown[]) =>
    runPlugin(
      {
        name: "asks",
        description: "Asks a service.",
        ...(limits && { limits }),
        run: (_, { limit }) => limit.pause(...(pause as [number])),
      },
      { input: null },
    );
  const keyed = { perKey: { key: "input.a", concurrency: 1 } };
  const pauses = async (...given: Parameters<typeof pausing>) =>
    (await pausing(...given)).limitPauses;
  expect(await pauses({ concurrency: 1 }, 1_000.5)).toEqual([{ forMs: 1_001, key: null }]);
  expect(await pauses(keyed, 1e12)).toEqual([{ forMs: 86_400_000 }]);
  expect(await pauses(keyed, 1_000, { key: "b" })).toEqual([{ forMs: 1_000, key: "b" }]);
  expect(await pauses(keyed, 1_000, { key: null })).toEqual([{ forMs: 1_000, key: null }]);
  await expect(pausing(undefined, 1_000)).rejects.toThrow('plugin "asks" has no limits');
  await expect(pausing({ concurrency: 1 }, "5")).rejects.toThrow(
    'retryAfterMs is "5": it must be a number of milliseconds above 0',
  );
  await expect(pausing({ concurrency: 1 }, 0)).rejects.toThrow("retryAfterMs is 0");
  await expect(pausing({ concurrency: 1 }, 5, { key: "b" })).rejects.toThrow(
    'key is "b": plugin "asks" has no limits.perKey',
  );
  await expect(pausing(keyed, 5, { key: 7 })).rejects.toThrow("key is 7: it must be a text");
});
