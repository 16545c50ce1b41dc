/** A large file passes through the daemon and a plugin, and neither holds it in memory. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { mostMemory } from "../support/process-memory.ts";

const MIB = 1024 * 1024;
const SIZE = 200 * MIB;
/** Buffers of sockets, streams and hashes, and what the collector of a busy machine has not freed yet. */
const MOST_MORE = 128 * MIB;

const PLUGINS = {
  copies: `async (input, ctx) => {
    const file = await ctx.files.open(input);
    return ctx.artifacts.write("copy.bin", file.stream(), { type: file.type });
  }`,
};

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({
    plugins: PLUGINS,
    env: { PLAYGROUND_FILE_LIMIT: String(SIZE), PLAYGROUND_REQUEST_TIMEOUT_MS: "2000" },
  });
});
afterAll(() => daemon.close());

async function* zeros(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(MIB);
  for (let sent = 0; sent < SIZE; sent += MIB) yield chunk;
}

test("a file of 200 MiB is uploaded, copied by a plugin and downloaded in flat memory", async () => {
  // Warms up both processes.
  await daemon.request("/v1/files", { method: "PUT", body: Buffer.alloc(MIB) });
  await daemon.post("/v1/jobs", { plugins: ["copies"] }, { prefer: "wait=30" });

  let file: { fileId: string; sha256: string; size: number } | null = null;
  const uploading = await mostMemory(daemon, async () => {
    const response = await daemon.request("/v1/files", {
      method: "PUT",
      body: ReadableStream.from(zeros()),
      duplex: "half",
    });
    file = (await response.json()) as NonNullable<typeof file>;
  });
  expect(file).toMatchObject({ size: SIZE });

  let output: { $file: string; sha256: string } | null = null;
  const copying = await mostMemory(daemon, async () => {
    const input = { $file: file!.fileId };
    const job = await daemon.post(
      "/v1/jobs",
      { plugins: ["copies"], input },
      { prefer: "wait=60" },
    );
    output = job.output;
  });
  expect(output).toMatchObject({ sha256: file!.sha256 });

  const hash = createHash("sha256");
  const downloading = await mostMemory(daemon, async () => {
    const response = await daemon.request(`/v1/files/${output!.$file}/content`);
    for await (const chunk of response.body!) hash.update(chunk);
  });
  expect(hash.digest("hex")).toBe(file!.sha256);
  for (const [act, grown] of Object.entries({ uploading, copying, downloading })) {
    const tooMuch = grown.filter((bytes) => bytes > MOST_MORE);
    expect.soft([act, tooMuch]).toEqual([act, []]);
  }
}, 120_000);

test("an upload may take longer than other requests, but not stall", async () => {
  async function* slowly(chunks: number): AsyncGenerator<Uint8Array> {
    for (let n = 0; n < chunks; n += 1) {
      yield Buffer.alloc(20_000, n);
      // The time itself is what is tested: longer than PLAYGROUND_REQUEST_TIMEOUT_MS altogether.
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  async function* stalling(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(20_000);
    await new Promise(() => {});
  }
  const put = (body: AsyncGenerator<Uint8Array>): Promise<Response> =>
    daemon.request("/v1/files", {
      method: "PUT",
      body: ReadableStream.from(body),
      duplex: "half",
    });
  const slow = await put(slowly(16));
  expect(slow.status).toBe(201);
  expect(await slow.json()).toMatchObject({ size: 320_000 });
  const stalled = await put(stalling());
  expect(stalled.status).toBe(408);
}, 60_000);
