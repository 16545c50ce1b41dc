/** Clients that are still sending a large body when they get their response. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBackend, TOKEN, type Backend } from "../../test/support/scripted-backend.ts";
import { until } from "../../test/support/until.ts";

const BODY = Buffer.alloc(20 * 1024 * 1024, " ");

let backend: Backend;
let url: string;
beforeAll(async () => {
  backend = createBackend();
  url = await backend.app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => backend.app.close());

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly token: string;
}

const headersOf = ({ token }: Sent) => ({
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
});

type Client = (sent: Sent) => Promise<{ status: number; body: string }>;

async function viaFetch(sent: Sent, body: Buffer | ReadableStream) {
  const { method, path } = sent;
  const headers = headersOf(sent);
  const response = await fetch(`${url}${path}`, { method, headers, body, duplex: "half" });
  return { status: response.status, body: await response.text() };
}

/** Sends as axios does, which n8n uses: through node:http, and any error before the end fails the call. */
function viaHttp(sent: Sent, agent: Agent): ReturnType<Client> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const { method, path } = sent;
  const headers = { ...headersOf(sent), "content-length": BODY.length };
  const outgoing = request(`${url}${path}`, { method, headers, agent }, (response) => {
    let body = "";
    response.on("data", (chunk: Buffer) => (body += chunk.toString()));
    response.on("error", reject).on("end", () => {
      resolve({ status: response.statusCode ?? 0, body });
      agent.destroy();
    });
  });
  outgoing.on("error", reject).end(BODY);
  return promise;
}

/** Reads nothing before the whole body is written or the connection fails. */
async function viaSocket(sent: Sent): ReturnType<Client> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = "";
  socket.on("error", () => {}).on("data", (chunk: Buffer) => (text += chunk.toString()));
  const headers = { host: "localhost", ...headersOf(sent), "content-length": BODY.length };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${sent.method} ${sent.path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  socket.write(BODY);
  await until("the connection to be closed", () => socket.closed);
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), body };
}

async function viaCurl(sent: Sent): ReturnType<Client> {
  const headers = Object.entries(headersOf(sent)).flatMap(([name, value]) => [
    "--header",
    `${name}: ${value}`,
  ]);
  const options = [
    "--silent",
    "--show-error",
    "--write-out",
    "\n%{http_code}",
    "--data-binary",
    "@-",
  ];
  const curl = spawn("curl", [...options, "-X", sent.method, ...headers, `${url}${sent.path}`]);
  let text = "";
  curl.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  curl.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  curl.stdin.on("error", () => {}).end(BODY);
  await once(curl, "close");
  const [body = "", status] = text.split("\n");
  return { status: Number(status), body };
}

const hasCurl = spawnSync("curl", ["--version"]).status === 0;

const CLIENTS: readonly (readonly [string, Client])[] = [
  ["fetch", (sent) => viaFetch(sent, BODY)],
  ["fetch with a stream", (sent) => viaFetch(sent, new Blob([BODY]).stream())],
  ["node:http, as axios uses it", (sent) => viaHttp(sent, new Agent({ keepAlive: true }))],
  ["node:http with Connection: close, as n8n uses it", (sent) => viaHttp(sent, new Agent())],
  ["a socket", viaSocket],
  ...(hasCurl ? [["curl", viaCurl] as const] : []),
];

describe.each(CLIENTS)("a client that sends 20 MiB through %s", (_, client) => {
  test.each([
    [401, "UNAUTHORIZED", { method: "POST", path: "/v1/jobs", token: "unknown" }],
    [403, "INSUFFICIENT_SCOPE", { method: "POST", path: "/v1/jobs", token: "read-token" }],
    [404, "ROUTE_NOT_FOUND", { method: "POST", path: "/v1/nothing", token: TOKEN }],
    [405, "METHOD_NOT_ALLOWED", { method: "PUT", path: "/v1/jobs", token: TOKEN }],
    [413, "BODY_TOO_LARGE", { method: "POST", path: "/v1/jobs", token: TOKEN }],
  ])("gets its %i %s", async (status, code, sent) => {
    for (let n = 0; n < 3; n += 1) {
      const response = await client(sent);
      expect(response.status).toBe(status);
      expect(JSON.parse(response.body)).toMatchObject({ status, code });
    }
  });
});

test.each([
  ["a length over 256 KiB", `content-length: 300000`, true],
  ["a length of 256 KiB", `content-length: ${256 * 1024}`, false],
  ["chunks", "transfer-encoding: chunked", true],
  ["no body", "x: y", false],
])(
  "a response before a body of %s says whether the connection closes",
  async (_, header, closes) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    let text = "";
    socket.on("error", () => {}).on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.write(`POST /v1/nothing HTTP/1.1\r\nhost: localhost\r\n${header}\r\n\r\n`);
    await until("its response", () => text.includes("UNAUTHORIZED"));
    expect(text.includes("connection: close")).toBe(closes);
    socket.resetAndDestroy();
  },
);

test("fetch sends its next requests on other connections after a response that came early", async () => {
  const large = () => new Blob([BODY.subarray(0, 1_600_000)]).stream();
  for (let n = 0; n < 10; n += 1) {
    const sent = { method: "POST", path: "/v1/jobs", token: TOKEN };
    expect((await viaFetch(sent, large())).status).toBe(413);
    const response = await fetch(`${url}/healthz`);
    expect(response.status).toBe(200);
  }
});

test("a request without a route is refused before its body arrives", async () => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = "";
  socket.on("error", () => {}).on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.write(
    `POST /v1/nothing HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n`,
  );
  await until("its response", () => text.includes("ROUTE_NOT_FOUND"));
  await until("the connection to be closed", () => socket.closed);
});

test("a small rest of a body is read, and the connection stays open for the next request", async () => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = "";
  socket.on("error", () => {}).on("data", (chunk: Buffer) => (text += chunk.toString()));
  const head = `POST /v1/nothing HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${TOKEN}\r\n`;
  const responses = () => text.match(/HTTP\/1\.1 404/g)?.length ?? 0;
  for (const size of [10, 200_000, 10]) {
    const before = responses();
    socket.write(`${head}content-length: ${size}\r\n\r\n`);
    await until("its response", () => responses() === before + 1);
    socket.write("x".repeat(size));
  }
  expect(socket.closed).toBe(false);
  socket.resetAndDestroy();
});

test("at most a small part of a large body is read after the response", async () => {
  const { hostname, port } = new URL(url);
  const arrived: number[] = [];
  backend.app.server.once("request", ({ socket }) =>
    socket.once("close", () => arrived.push(socket.bytesRead)),
  );
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {}).resume();
  socket.write(
    `POST /v1/nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${10 * BODY.length}\r\n\r\n`,
  );
  for (let n = 0; n < 10; n += 1) socket.write(BODY);
  await until("the connection to be closed", () => arrived.length === 1);
  expect(arrived[0]).toBeLessThan(1024 * 1024);
  socket.destroy();
});
