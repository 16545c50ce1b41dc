import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import type { FastifyRequest } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Refused } from "../domain/errors.ts";
import {
  AUTHORIZED,
  createBackend,
  problemOf,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { until } from "../../test/support/until.ts";
import { receiveBody } from "./receive-body.ts";

/** The rate of a body is checked every quarter of this, so that 1 KiB must arrive within a second. */
const REQUEST_TIMEOUT_MS = 4_000;

let backend: Backend;
let url: URL;
beforeEach(async () => {
  backend = createBackend({ requestTimeoutMs: REQUEST_TIMEOUT_MS });
  url = new URL(await backend.app.listen({ host: "127.0.0.1", port: 0 }));
});
afterEach(() => backend.app.close());

/** Sends the head of a submission in chunks. */
function begin(more = ""): { socket: Socket; text: () => string } {
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  let text = "";
  socket.on("error", () => {}).on("data", (chunk: Buffer) => (text += chunk.toString()));
  const head = `POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\nauthorization: ${AUTHORIZED.authorization}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n`;
  socket.write(`${head}${more}\r\n`);
  return { socket, text: () => text };
}

const chunk = (data: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${data.length.toString(16)}\r\n`),
    Buffer.from(data),
    Buffer.from("\r\n"),
  ]);

test("a body in many small chunks is put together", async () => {
  const input = Array.from({ length: 5_000 }, (_, n) => `Zürich ${n}`).join();
  const bytes = Buffer.from(JSON.stringify({ plugins: ["echo"], input }));
  const { socket, text } = begin();
  for (let at = 0; at < bytes.length; at += 7) socket.write(chunk(bytes.subarray(at, at + 7)));
  socket.write("0\r\n\r\n");
  await until("its response", () => text().includes("202 Accepted"));
  expect(backend.submitted.at(-1)?.input).toBe(input);
  socket.destroy();
});

test.each([
  ["that stalls", "", chunk('{"plugins":')],
  ["that stalls before its first byte", "", Buffer.alloc(0)],
  ["that is compressed and stalls", "content-encoding: gzip\r\n", chunk(gzipSync("{}"))],
  ["that stalls after much of it has arrived", "", chunk(" ".repeat(500_000))],
])("a body %s gets a 408 with the rate that it needs", async (_, header, start) => {
  const { socket, text } = begin(header);
  socket.write(start);
  await until("the connection to be closed", () => socket.closed);
  expect(text()).toMatch(/^HTTP\/1\.1 408 /);
  expect(JSON.parse(text().split("\r\n\r\n")[1] ?? "")).toMatchObject({
    code: "REQUEST_TIMEOUT",
    detail: expect.stringMatching(
      /^Only \d+ bytes of the request's body arrived within 1000 ms: at least 1024 must arrive\.$/,
    ) as string,
  });
});

test.each(["", "content-encoding: gzip\r\n"])(
  "a client that disconnects in the middle of its body is no fault of the daemon (%j)",
  async (header) => {
    let arrived = false;
    backend.app.server.once("request", (request) => request.once("data", () => (arrived = true)));
    const { socket } = begin(header);
    socket.write(chunk(gzipSync("{}")));
    const connections = () =>
      new Promise<number>((resolve) =>
        backend.app.server.getConnections((_error, count) => resolve(count)),
      );
    await until("its body", () => arrived);
    socket.resetAndDestroy();
    await until("the end of the connection", async () => (await connections()) === 0);
    expect((await backend.get("/healthz")).statusCode).toBe(200);
    expect(backend.logLines.join()).not.toContain("http.failed");
  },
);

test("a body of another type that stalls gets a 408", async () => {
  const { socket, text } = begin("content-type: text/plain\r\n");
  await until("the connection to be closed", () => socket.closed);
  expect(text()).toMatch(/^HTTP\/1\.1 408 /);
});

test("a slow body that arrives faster than the rate is accepted", async () => {
  const { socket, text } = begin();
  socket.write(chunk('{"plugins":["echo"],"input":"'));
  const startedAt = performance.now();
  const timer = setInterval(() => socket.write(chunk("x".repeat(500))), 100);
  await until("two checks", () => performance.now() - startedAt > REQUEST_TIMEOUT_MS / 1.9);
  clearInterval(timer);
  socket.write(Buffer.concat([chunk('"}'), Buffer.from("0\r\n\r\n")]));
  await until("its response", () => text().includes("202 Accepted"));
  socket.destroy();
});

test("a body with too many values is refused with the limit, and one with as many as allowed is accepted", async () => {
  await backend.app.close();
  backend = createBackend({ bodyLimit: 16 * 1024 * 1024 });
  const body = (items: number) => `{"plugins":["echo"],"input":[${"1,".repeat(items - 1)}1]}`;
  // The object, its two members and "echo" are values too.
  expect((await backend.submit(body(1_000_000 - 4))).statusCode).toBe(202);
  const refused = await backend.submit(body(1_000_000 - 3));
  const problem = problemOf(refused);
  expect(problem).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
  expect(problem.detail).toContain("contains more than 1000000 JSON values");
  expect(problem.detail).not.toContain("PLAYGROUND_BODY_LIMIT");
});

test("JSON that begins with a byte order mark is accepted", async () => {
  const response = await backend.submit('\uFEFF{"plugins":["echo"],"input":12345678901234567}');
  expect(response.statusCode).toBe(202);
});

test("the memory of a body is freed before V8 collects it, and a chunk's memory is not", async () => {
  const chunks = [Buffer.alloc(100_000, "a"), Buffer.alloc(100_000, "b")];
  const request = { headers: {}, raw: { socket: { bytesRead: 0 } }, holdBytes: () => undefined };
  const { bytes, free } = await receiveBody(
    request as unknown as FastifyRequest,
    () => Readable.from(chunks),
    { maxBytes: 1_000_000, tooLarge: () => new Refused("BODY_TOO_LARGE"), rateOverMs: 10_000 },
  );
  expect(bytes).toEqual(Buffer.concat(chunks));
  const memory = bytes.buffer;
  free();
  expect(memory.byteLength).toBe(0);
  expect(chunks.map(({ length }) => length)).toEqual([100_000, 100_000]);
});
