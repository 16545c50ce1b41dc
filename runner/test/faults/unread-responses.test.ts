/** Clients that do not read large responses, or that wait with large requests. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";

import { afterEach, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;
const OUTPUT_BYTES = 60 * MIB;
const CLIENTS = 40;
const WAITS = 200;

let daemon: Daemon;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await daemon.close();
});

/** In bytes, as the kernel counts it. */
async function peakMemory(): Promise<number> {
  const status = await readFile(`/proc/${daemon.process.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Sends a GET and reads only the beginning of its response. */
async function getUnread(
  path: string,
  ...more: string[]
): Promise<{ socket: Socket; head: string }> {
  const { hostname, port } = new URL(daemon.url);
  const socket = connect({ host: hostname, port: Number(port) });
  sockets.push(socket);
  socket.on("error", () => {});
  const lines = [
    `GET ${path} HTTP/1.1`,
    "host: x",
    `authorization: Bearer ${daemon.token}`,
    ...more,
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  socket.pause();
  return { socket, head: chunk.toString("latin1") };
}

/** The clients' ports of the connections that the daemon has open (proc(5), /proc/net/tcp). */
async function serverPorts(): Promise<Set<number>> {
  const own = Number(new URL(daemon.url).port).toString(16).toUpperCase().padStart(4, "0");
  const table = await readFile("/proc/net/tcp", "utf8");
  const open = table.matchAll(/^ *\d+: \w{8}:(\w{4}) \w{8}:(\w{4}) 01 /gm);
  return new Set([...open].filter(([, at]) => at === own).map(([, , of]) => parseInt(of!, 16)));
}

function statusOf(head: string): number {
  return Number(/^HTTP\/1\.1 (\d+) /.exec(head)?.[1]);
}

async function startWithLargeJob(env: Record<string, string>): Promise<string> {
  const run = `() => "x".repeat(${OUTPUT_BYTES})`;
  daemon = await startDaemon({ plugins: { large: run }, env });
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["large"] });
  await until("the job's end", async () => {
    const { items } = await daemon.get("/v1/jobs?status=completed");
    return items.length === 1;
  });
  return `/v1/jobs/${jobId}`;
}

test("40 clients that do not read a job of 60 MiB get two responses, and the others a 503", async () => {
  const path = await startWithLargeJob({});
  const before = await peakMemory();
  const responses = [];
  for (let n = 0; n < CLIENTS; n += 1) responses.push(await getUnread(path));
  const statuses = responses.map(({ head }) => statusOf(head));
  expect(statuses).toEqual([200, 200, ...Array.from({ length: CLIENTS - 2 }, () => 503)]);
  expect(responses.at(-1)?.head).toMatch(/\r\nretry-after: 1\r\n[^]*"OVERLOADED"/);
  // Two responses of 120 MiB are held, and each has been built from parts. All 40 are 4,800 MiB.
  expect((await peakMemory()) - before).toBeLessThan(1_500 * MIB);
  // Small responses need no room.
  expect((await daemon.request("/v1/jobs")).status).toBe(200);
  responses[0]?.socket.resume();
  const whole = await until("room", async () => {
    const response = await daemon.request(path);
    if (response.status === 200) return response;
    await response.arrayBuffer();
    return null;
  });
  expect((await whole.arrayBuffer()).byteLength).toBeGreaterThan(2 * OUTPUT_BYTES);
});

test("a client that reads nothing is disconnected, and one that reads slowly is not", async () => {
  const path = await startWithLargeJob({ PLAYGROUND_REQUEST_TIMEOUT_MS: "2000" });
  const unread = await getUnread(path);
  const slow = await getUnread(path);
  let received = 0;
  slow.socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
    slow.socket.pause();
  });
  const closed = { unread: false, slow: false };
  unread.socket.once("close", () => (closed.unread = true));
  slow.socket.once("close", () => (closed.slow = true));
  const reading = setInterval(() => slow.socket.resume(), 5);
  // A third client finds room when the first is disconnected.
  await until("room", async () => {
    const response = await daemon.request(path);
    await response.body?.cancel();
    return response.status === 200;
  });
  clearInterval(reading);
  expect(closed.slow).toBe(false);
  expect(received).toBeLessThan(OUTPUT_BYTES);
  unread.socket.resume();
  await until("the end", () => closed.unread);
});

test("an event stream that nobody reads is closed, and an idle one that is read is not", async () => {
  daemon = await startDaemon({ plugins: { echo: "(input) => input" } });
  const input = "x".repeat(900_000);
  const plugins = Array.from({ length: 20 }, () => "echo");
  const { jobId } = await daemon.post("/v1/jobs", { plugins, input }, { prefer: "wait=60" });
  const later = { plugins: ["echo"], runAt: "2999-01-01T00:00:00Z" };
  const idle = await daemon.post("/v1/jobs", later);
  const accept = "accept: text/event-stream";
  const unread = await getUnread(`/v1/jobs/${jobId}/events`, accept);
  const read = await getUnread(`/v1/jobs/${idle.jobId}/events`, accept);
  read.socket.resume();
  // The client's side of a paused socket does not see the close, so the server's side is counted.
  const port = unread.socket.localPort!;
  const isClosed = async (): Promise<boolean> => !(await serverPorts()).has(port);
  await until("the close", isClosed, { timeoutMs: 100_000 });
  expect((await serverPorts()).has(read.socket.localPort!)).toBe(true);
});

test("200 requests of 4 MiB that wait for their jobs fit into a heap of 256 MiB", async () => {
  daemon = await startDaemon({
    nodeArgs: ["--max-old-space-size=256"],
    plugins: {
      waits: `async (_, ctx) => { await sleep(600_000, null, { signal: ctx.signal }); }`,
    },
  });
  const body = JSON.stringify({ plugins: ["waits"], input: "x".repeat(4 * MIB) });
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${daemon.token}`,
    prefer: "wait=60",
  };
  const closing = new AbortController();
  let failures = 0;
  for (let n = 1; n <= WAITS; n += 1) {
    const request = fetch(`${daemon.url}/v1/jobs`, {
      method: "POST",
      headers,
      body,
      signal: closing.signal,
    });
    // A wait that ends before the test does responds with 202.
    void request.then(
      ({ status }) => (failures += Number(status !== 202)),
      () => (failures += Number(!closing.signal.aborted)),
    );
    await until(`${n} jobs`, async () => {
      const text = await (await daemon.request("/metrics")).text();
      const counts = [...text.matchAll(/^playground_jobs\{[^}]*\} (\d+)$/gm)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0) >= n;
    });
  }
  expect(failures).toBe(0);
  expect((await daemon.request("/readyz")).status).toBe(200);
  closing.abort();
}, 300_000);
