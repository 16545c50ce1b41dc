import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { runPlugin } from "../../plugin-test.ts";
import type { PluginContext } from "../../plugin-sdk.ts";
import { openTarget, type OutputTarget } from "./output-target.ts";

const FILE = { example: "out.txt", type: "text/plain" };

/** Runs the function as a plugin, with a target that is a file by reference. */
function run(
  act: (target: OutputTarget, ctx: PluginContext) => unknown,
  signal = new AbortController().signal,
) {
  return runPlugin(
    {
      name: "writes",
      description: "For a test.",
      run: async (_input, ctx) => act((await openTarget({ outputName: "a" }, ctx, FILE))!, ctx),
    },
    { input: null, signal },
  );
}

test("the error of a plugin that has begun a file is its own", async () => {
  const failed = run(async (target) => {
    const parts = await target.open();
    try {
      throw new Error("the plugin's own");
    } finally {
      await parts.discard();
    }
  });
  await expect(failed).rejects.toMatchObject({
    code: "PLUGIN_THREW",
    message: "the plugin's own",
  });
});

test("a stream that fails before it is read fails the write", async () => {
  const failed = run((target, { signal }) => {
    const stream = new Readable({ read: () => {} });
    stream.destroy(new Error("gone before"));
    return target.writeStream(stream, signal);
  });
  await expect(failed).rejects.toMatchObject({ code: "PLUGIN_THREW", message: "gone before" });
});

test("a stream that stalls ends when the step is asked to stop", async () => {
  const stop = new AbortController();
  const failed = run((target, { signal }) => {
    const stream = new Readable({ read: () => stop.abort() });
    return target.writeStream(stream, signal);
  }, stop.signal);
  await expect(failed).rejects.toMatchObject({ code: "PLUGIN_THREW" });
});

test("parts become a file when they have ended", async () => {
  const { output, files } = await run(async (target) => {
    const parts = await target.open();
    for (let n = 0; n < 1_000; n += 1) await parts.write("x".repeat(1_000));
    await parts.end();
    await parts.discard();
    return { ...target.written(), bytes: await target.bytes() };
  });
  expect(output).toMatchObject({ file: { $file: files[0]?.$file }, bytes: 1_000_000 });
});
