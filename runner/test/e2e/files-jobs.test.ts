/** Plugins of the real daemon that read and write files. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createFileRequests, follow, sha256, type FileRequests } from "../support/file-requests.ts";
import { createReceiver } from "../support/receiver.ts";

const PLUGINS = {
  echo: `(input) => input`,
  shout: `async (input, ctx) => {
    const file = await ctx.files.open(input.file);
    let text = "";
    for await (const chunk of file.stream()) text += chunk;
    const written = await ctx.artifacts.write("loud-" + file.name, Buffer.from(text.toUpperCase()), { type: file.type });
    return { from: { name: file.name, type: file.type, size: file.size }, nested: [{ written }] };
  }`,
  copies: `async (input, ctx) => {
    const { path } = await ctx.files.open(input.nested[0].written);
    return { copy: await ctx.artifacts.write("copy", path) };
  }`,
  fails: `async (input, ctx) => {
    await ctx.artifacts.write("lost.txt", Buffer.from("never stored"));
    throw new Error("after the write");
  }`,
  opens: `async (input, ctx) => {
    const { name } = await ctx.files.open(input.id);
    return name;
  }`,
  fills: `async (input, ctx) => {
    for (const size of input.sizes) await ctx.artifacts.write("zeros", Buffer.alloc(size, size % 256));
  }`,
  streams: `async (input, ctx) => {
    async function* lines() { for (let n = 0; n < 3; n += 1) yield "line " + n + "\\n"; }
    return ctx.artifacts.write(input.name, lines(), { type: input.type });
  }`,
};
const WAIT = { prefer: "wait=30" };
const LIMITS = { PLAYGROUND_FILE_LIMIT: "2000000", PLAYGROUND_JOB_FILES_LIMIT: "3000000" };

let daemon: Daemon;
let files: FileRequests;

beforeAll(async () => {
  daemon = await startDaemon({ plugins: PLUGINS, env: LIMITS });
  files = createFileRequests(daemon);
});
afterAll(() => daemon.close());

async function run(plugins: readonly string[], input: unknown, more: object = {}) {
  return daemon.post("/v1/jobs", { plugins, input, ...more }, WAIT);
}

describe("a job", () => {
  test("reads a file, and returns references to those that it wrote", async () => {
    const receiver = await createReceiver();
    onTestFinished(() => receiver.close());
    const file = await files.upload("hello", "greeting.txt");
    const job = await run(
      ["shout", "copies"],
      { file: { $file: file.fileId } },
      { webhook: { url: receiver.url, on: ["completed"] } },
    );
    expect(job.status).toBe("completed");
    const { from, nested } = job.steps[0].output;
    expect(from).toMatchObject({ name: "greeting.txt", type: "text/plain", size: 5 });
    expect(nested[0].written).toMatchObject({
      name: "loud-greeting.txt",
      type: "text/plain",
      size: 5,
      sha256: sha256("HELLO"),
    });
    const { event } = (await receiver.untilReceived(1))[0]!;
    const sent = event.result.outputs[0].shout.nested[0].written;
    expect({ ...sent, url: "" }).toEqual({ ...nested[0].written, url: "" });
    expect(await (await follow(nested[0].written.url)).text()).toBe("HELLO");
    expect(await (await follow(sent.url)).text()).toBe("HELLO");
    expect(await (await follow(event.result.output.copy.url)).text()).toBe("HELLO");
    const { items } = await daemon.get(`/v1/files?job=${job.jobId}`);
    expect(items.map(({ name }: { name: string }) => name)).toEqual([
      "copy",
      "loud-greeting.txt",
      "greeting.txt",
    ]);
    expect(items[0].jobId).toBe(job.jobId);
    for (const { fileId } of items as { fileId: string }[]) {
      const response = await daemon.request(`/v1/files/${fileId}`, { method: "DELETE" });
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ code: "FILE_IN_USE" });
    }
  });

  test("has links in every response with its outputs", async () => {
    const file = await files.upload("linked");
    const job = { plugins: ["shout", "echo"], input: { file: { $file: file.fileId } } };
    const batch = await daemon.post("/v1/batches", { jobs: [job, job] }, WAIT);
    const { jobId } = batch.jobs[0];
    const outputs = [
      batch.jobs[0].output,
      batch.jobs[1].output,
      (await daemon.get(`/v1/batches/${batch.batchId}`)).jobs[0].output,
      (await daemon.get(`/v1/jobs/${jobId}`)).steps[0].output,
      (await daemon.get(`/v1/jobs/${jobId}`)).output,
      await daemon.get(`/v1/jobs/${jobId}/outputs/0`),
      await daemon.get(`/v1/jobs/${jobId}/outputs/1`),
    ];
    for (const { nested } of outputs) {
      expect(await (await follow(nested[0].written.url)).text()).toBe("LINKED");
    }
  });

  test("with a reference to a file that does not exist is refused, with its place", async () => {
    const file = await files.upload("there");
    const post = (body: unknown, path = "/v1/jobs"): Promise<Response> =>
      daemon.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const missing = "file_01k9zr00000000000000000000";
    const input = { good: { $file: file.fileId }, "a/b": [{ $file: missing }] };
    const response = await post({ plugins: ["echo"], input });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      code: "FILE_NOT_FOUND",
      issues: [
        { path: "/input/a~1b/0/$file", message: expect.stringContaining(missing) as string },
      ],
    });
    const options = await post({ plugins: [{ name: "echo", options: { $file: "x" } }] });
    expect(await options.json()).toMatchObject({ issues: [{ path: "/plugins/0/options/$file" }] });
    const batch = await post(
      { jobs: [{ plugins: ["echo"] }, { plugins: ["echo"], input }] },
      "/v1/batches",
    );
    expect(await batch.json()).toMatchObject({ issues: [{ path: "/jobs/1/input/a~1b/0/$file" }] });
    const many = Array.from({ length: 1_000 }, () => ({ $file: "x".repeat(500) }));
    const large = await (await post({ plugins: ["echo"], input: many })).text();
    expect(large.length).toBeLessThan(10_000);
    expect(JSON.parse(large).issues).toHaveLength(20);
    const wrong = await post({ plugins: ["echo"], input: { $file: 7 } });
    expect(await wrong.json()).toMatchObject({
      code: "INPUT_INVALID",
      issues: [{ path: "/input/$file" }],
    });
  });

  test("cannot open a file that it does not refer to", async () => {
    const file = await files.upload("private");
    const job = await run(["opens"], { id: file.fileId });
    expect(job).toMatchObject({ status: "failed", errorCode: "PLUGIN_THREW" });
    expect(job.error).toContain(`The job has no file "${file.fileId}"`);
  });

  test("whose step fails has no file", async () => {
    const job = await run(["fails"], null);
    expect(job.status).toBe("failed");
    expect((await daemon.get(`/v1/files?job=${job.jobId}`)).items).toEqual([]);
  });

  test.each([
    [[2_000_001], "PLAYGROUND_FILE_LIMIT"],
    [[1_500_000, 1_500_001], "PLAYGROUND_JOB_FILES_LIMIT"],
  ])("that writes files of %j bytes fails with the limit's name", async (sizes, setting) => {
    const job = await run(["fills"], { sizes });
    expect(job).toMatchObject({ status: "failed", errorCode: "PLUGIN_THREW" });
    expect(job.error).toContain(setting);
  });

  test("writes a stream of text, with any name and a valid type", async () => {
    const job = await run(["streams"], { name: "../lines.txt", type: "text/plain" });
    const { size, name, $file } = job.output;
    expect({ size, name }).toEqual({ size: 21, name: "../lines.txt" });
    const content = await daemon.request(`/v1/files/${$file}/content`);
    expect(await content.text()).toBe("line 0\nline 1\nline 2\n");
    const wrong = await run(["streams"], { name: "x", type: "no type" });
    expect(wrong.error).toContain('The file\'s type is "no type"');
  });

  test("passes a file from one built-in plugin to the next", async () => {
    const job = await daemon.post(
      "/v1/jobs",
      {
        plugins: [{ name: "zip", options: { outputName: "all.zip" } }, "unzip"],
        input: { texts: { "readme.txt": "packed" } },
      },
      WAIT,
    );
    expect(job.error).toBeNull();
    expect(job.steps[0].output.file).toMatchObject({ name: "all.zip", type: "application/zip" });
    expect(job.output.listed).toMatchObject([{ name: "readme.txt", bytes: 6 }]);
  });

  test("that only echoes JSON with other keys is not affected", async () => {
    const input = { file: "file_01k9zr00000000000000000000", text: '{"$file":"x"}' };
    expect((await run(["echo"], input)).output).toEqual(input);
  });
});
