/** Uploads and downloads whose client, disk or daemon ends or stalls in the middle. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { AUTHORIZED, createBackend, type Backend } from "../../test/support/scripted-backend.ts";
import { until } from "../../test/support/until.ts";
import type { StoredFile } from "../ports/store/files.ts";
import type { HttpSettings } from "./server.ts";

const MAX_DOWNLOADS = 256;
const FILE: StoredFile = {
  id: "file_1",
  name: "endless.bin",
  type: "text/plain",
  size: 1_000_000_000,
  sha256: "0".repeat(64),
  jobId: null,
  createdAt: 0,
  expiresAt: null,
};
/** The rate of an upload is checked every quarter of this. */
const REQUEST_TIMEOUT_MS = 400;

let backend: Backend;
let url: URL;
let sockets: Socket[];
let opened: Readable[];

async function listen(settings: Partial<HttpSettings> = {}): Promise<void> {
  backend = createBackend({ maxRequests: 1_000, ...settings });
  url = new URL(await backend.app.listen({ host: "127.0.0.1", port: 0 }));
  sockets = [];
  opened = [];
  backend.engine.files.get = async () => FILE;
  backend.engine.files.read = async () => {
    const stream = new Readable({ read: () => {} });
    stream.push("the beginning");
    opened.push(stream);
    return stream;
  };
}
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await backend.app.close();
});

function send(method: string, path: string, more = ""): Socket {
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  sockets.push(socket);
  socket.on("error", () => {});
  socket.write(
    `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: ${AUTHORIZED.authorization}\r\n${more}\r\n`,
  );
  return socket;
}

const download = (): Socket => send("GET", "/v1/files/file_1/content");
const upload = (length: number): Socket =>
  send("PUT", "/v1/files", `content-length: ${length}\r\n`);
const isOpen = (stream: Readable): boolean => !stream.destroyed;

/** The text that arrives until it contains the other. */
async function textUntil(socket: Socket, part: string): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await until(`"${part}" in ${text}`, () => text.includes(part));
  return text;
}

async function untilConnections(count: number): Promise<void> {
  await until(`${count} connections`, async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    backend.app.server.getConnections((_error, open) => resolve(open));
    return (await promise) === count;
  });
}

/** Takes every place of a download, with clients that read nothing. */
async function fillDownloads(): Promise<void> {
  const clients = Array.from({ length: MAX_DOWNLOADS }, download);
  await Promise.all(clients.map((socket) => once(socket.pause(), "readable")));
}

test.each(["get", "read"] as const)(
  "downloads whose client goes during the %s leave their places and nothing open",
  async (step) => {
    await listen();
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
    const original = backend.engine.files[step] as () => Promise<never>;
    let waiting = 0;
    backend.engine.files[step] = async () => {
      waiting += 1;
      await gate;
      return original();
    };
    const clients = Array.from({ length: MAX_DOWNLOADS }, download);
    await until("all requests", () => waiting === MAX_DOWNLOADS);
    for (const socket of clients) socket.destroy();
    await untilConnections(0);
    openGate();
    await until("all contents", () => opened.length === MAX_DOWNLOADS && !opened.some(isOpen));
    expect(await textUntil(download(), "\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  },
);

test("one download too many opens no content, and a place is free when a client has gone", async () => {
  await listen();
  await fillDownloads();
  expect(await textUntil(download(), "OVERLOADED")).toMatch(/^HTTP\/1\.1 503 /);
  expect(opened).toHaveLength(MAX_DOWNLOADS);
  sockets[0]?.destroy();
  await until("the end of one", () => opened.filter(isOpen).length === MAX_DOWNLOADS - 1);
  expect(await textUntil(download(), "\r\n")).toMatch(/^HTTP\/1\.1 200 /);
});

test("downloads that nobody reads end when the server closes", async () => {
  await listen();
  const socket = download();
  await once(socket.pause(), "readable");
  await backend.app.close();
  expect(opened.some(isOpen)).toBe(false);
});

test("a connection without a request does not keep the server from closing", async () => {
  await listen();
  const socket = connect({ host: url.hostname, port: Number(url.port) });
  sockets.push(socket);
  await untilConnections(1);
  await backend.app.close();
  await until("its end", () => socket.destroyed);
});

test("an empty upload keeps its type", async () => {
  await listen();
  const types: string[] = [];
  backend.engine.files.upload = async (given) => {
    types.push(given.type);
    return FILE;
  };
  const headers = { ...AUTHORIZED, "content-type": "text/csv" };
  const response = await backend.app.inject({ method: "PUT", url: "/v1/files", headers });
  expect([response.statusCode, types]).toEqual([201, ["text/csv"]]);
});

test("an upload that begins while the server closes is refused", async () => {
  await listen();
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  let requests = 0;
  backend.app.server.on("request", () => (requests += 1));
  backend.engine.files.get = async () => {
    await gate;
    return FILE;
  };
  backend.engine.files.upload = async (_given, source) => {
    for await (const _ of source);
    return FILE;
  };
  // Its connection stays open.
  const socket = send("GET", "/v1/files/file_1");
  await until("the first request", () => requests === 1);
  const closed = backend.app.close();
  await until("the close", () => !backend.app.server.listening);
  socket.write(
    `PUT /v1/files HTTP/1.1\r\nhost: localhost\r\nauthorization: ${AUTHORIZED.authorization}\r\ncontent-length: 9\r\n\r\n`,
  );
  await until("the second request", () => requests === 2);
  openGate();
  expect(await textUntil(socket, "STOPPING")).toMatch(/HTTP\/1\.1 503 /);
  socket.destroy();
  await closed;
});

test.each([
  ["its last bytes", 1_000],
  ["all that it takes", 2_000_000],
])("a disk that is slow with %s is not blamed on the client", async (_, length) => {
  await listen({ requestTimeoutMs: REQUEST_TIMEOUT_MS });
  const startedAt = performance.now();
  backend.engine.files.upload = async (_given, source) => {
    let size = 0;
    for await (const chunk of source) {
      // Over several checks of the rate.
      if (size === 0) await until("time", () => performance.now() - startedAt > REQUEST_TIMEOUT_MS);
      size += chunk.byteLength;
    }
    return { ...FILE, size };
  };
  const socket = upload(length);
  socket.write(Buffer.alloc(length));
  expect(await textUntil(socket, `"size":${length}`)).toMatch(/^HTTP\/1\.1 201 /);
});

test("a client that stalls gets a 408", async () => {
  await listen({ requestTimeoutMs: REQUEST_TIMEOUT_MS });
  backend.engine.files.upload = async (_given, source) => {
    for await (const _ of source);
    return FILE;
  };
  const socket = upload(1_000_000);
  socket.write(Buffer.alloc(500_000));
  expect(await textUntil(socket, "REQUEST_TIMEOUT")).toMatch(/^HTTP\/1\.1 408 /);
});
