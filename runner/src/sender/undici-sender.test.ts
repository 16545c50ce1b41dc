import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createResolver } from "../egress/resolver.ts";
import type { Sender } from "../ports/sender.ts";
import { until } from "../../test/support/until.ts";
import { MAX_RESPONSE_BYTES } from "./post-request.ts";
import { createUndiciSender } from "./undici-sender.ts";

const ABORTED = { kind: "failed", code: "ABORTED" };

const closers: (() => Promise<void>)[] = [];
let sender: Sender;

beforeEach(() => {
  sender = createUndiciSender({
    connectionsPerOrigin: 1,
    egress: { policy: { mode: "private" } },
    resolve: createResolver(),
  });
  closers.push(() => sender.close());
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function endpoint(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`;
}

function send(
  url: string,
  over: {
    timeoutMs?: number;
    signal?: AbortSignal;
    recall?: AbortSignal;
    maySend?: () => boolean;
    headers?: Record<string, string>;
    method?: "OPTIONS";
    body?: string;
  } = {},
) {
  return sender.send({
    ...(over.method && { method: over.method }),
    url,
    headers: over.headers ?? { "content-type": "application/json", "X-Mine": "yes" },
    body: over.body ?? `{"ä":1}`,
    timeoutMs: over.timeoutMs ?? 5_000,
    signal: over.signal ?? new AbortController().signal,
    ...(over.recall && { recall: over.recall }),
    ...(over.maySend && { maySend: over.maySend }),
  });
}

describe("the sender", () => {
  test("asks whether it may send when the request has its connection, and not before", async () => {
    const held: ServerResponse[] = [];
    const bodies: string[] = [];
    const url = await endpoint((request, response) => {
      bodies.push(request.url ?? "");
      held.push(response);
    });
    let mayNot = false;
    const first = send(url);
    await until("the first request", () => held.length === 1);
    const second = send(url, { maySend: () => !mayNot });
    mayNot = true;
    held[0]?.end();
    expect(await first).toMatchObject({ kind: "answered" });
    expect(await second).toMatchObject(ABORTED);
    const third = send(url, { maySend: () => true });
    await until("the third request", () => held.length === 2);
    held[1]?.end();
    expect(await third).toMatchObject({ kind: "answered" });
    expect(bodies).toHaveLength(2);
  });

  test("sends an OPTIONS request without a body when it is asked to", async () => {
    const seen: unknown[] = [];
    const url = await endpoint(({ method, url: path, headers }, response) => {
      seen.push({ method, path, length: headers["content-length"] });
      response.writeHead(204).end();
    });
    expect(await send(url, { method: "OPTIONS", body: "" })).toMatchObject({ status: 204 });
    expect(seen).toEqual([{ method: "OPTIONS", path: "/hook?x=1", length: undefined }]);
  });

  test("posts the body and the headers unchanged and returns the response", async () => {
    const seen: { method?: string; url?: string; mine?: unknown; body: string }[] = [];
    const url = await endpoint((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        seen.push({
          method,
          url: path,
          mine: headers["x-mine"],
          body: Buffer.concat(chunks).toString(),
        });
        response.writeHead(429, { "retry-after": "7" }).end("slow down");
      });
    });
    expect(await send(url)).toEqual({
      kind: "answered",
      status: 429,
      retryAfter: "7",
      body: "slow down",
      tookMs: expect.any(Number),
    });
    expect(seen).toEqual([{ method: "POST", url: "/hook?x=1", mine: "yes", body: `{"ä":1}` }]);
  });

  test.each([
    ["https://n8n.example.com/webhook/secret", "https://n8n.example.com"],
    ["/hook/?x=1", "the same path with a slash at its end"],
    ["/secret", /^another path of http:\/\/127\.0\.0\.1:\d+$/],
  ])("does not follow a redirect to %s, and says where it leads to", async (location, to) => {
    let requests = 0;
    const url = await endpoint((_, response) => {
      requests += 1;
      response.writeHead(302, { location }).end();
    });
    const redirectsTo: unknown = expect.stringMatching(to);
    expect(await send(url)).toMatchObject({ kind: "answered", status: 302, redirectsTo });
    expect(requests).toBe(1);
  });

  test("leaves no timer behind when a request has ended", async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const url = await endpoint((request, response) => {
      if (request.headers["x-mine"] === "drop") response.destroy();
      else response.end("ok");
    });
    const before = timers();
    for (let n = 0; n < 20; n += 1) {
      await send(url, { timeoutMs: 60_000 });
      await send(url, { timeoutMs: 60_000, headers: { "X-Mine": "drop" } });
    }
    // undici has a few timers of its own.
    expect(timers() - before).toBeLessThan(10);
  });

  test("reports a redirect without a location as any other status", async () => {
    const url = await endpoint((_, response) => void response.writeHead(300).end());
    expect(await send(url)).not.toHaveProperty("redirectsTo");
  });

  test("stores the first 16 KiB of an endless response and closes the connection", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const url = await endpoint((_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write("x".repeat(4096)));
      };
      response.on("drain", write).on("close", resolve);
      write();
    });
    const outcome = await send(url);
    expect(outcome).toMatchObject({ kind: "answered", status: 200 });
    expect(outcome.kind === "answered" && outcome.body.length).toBe(MAX_RESPONSE_BYTES);
    await closed;
  });

  /** Responds with a head, and then with one byte after another. */
  async function drippingEndpoint(status: number, onTenthByte = (): void => {}): Promise<string> {
    return endpoint((_, response) => {
      response.writeHead(status).flushHeaders();
      let bytes = 0;
      const timer = setInterval(() => {
        response.write(".");
        bytes += 1;
        if (bytes === 10) onTenthByte();
      }, 20);
      response.on("close", () => clearInterval(timer));
    });
  }

  test("ends a response that arrives one byte at a time at the deadline", async () => {
    const url = await drippingEndpoint(500);
    expect(await send(url, { timeoutMs: 200 })).toMatchObject({ kind: "failed", code: "TIMEOUT" });
  });

  test("accepts a 2xx whose body is still being sent at the deadline, with what has arrived", async () => {
    const url = await drippingEndpoint(200);
    expect(await send(url, { timeoutMs: 200 })).toMatchObject({
      kind: "answered",
      status: 200,
      body: expect.stringMatching(/^\.+$/) as string,
    });
  });

  test("accepts a 2xx whose body is still being sent when the daemon stops", async () => {
    const stop = new AbortController();
    const url = await drippingEndpoint(202, () => stop.abort());
    const outcome = await send(url, { signal: stop.signal });
    expect(outcome).toMatchObject({ kind: "answered", status: 202 });
  });

  test("does not count the wait for a free connection as the endpoint's time", async () => {
    const url = await endpoint((_, response) => void setTimeout(() => response.end(), 800));
    const outcomes = await Promise.all([1, 2, 3].map(() => send(url, { timeoutMs: 2_300 })));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["answered", "answered", "answered"]);
    for (const { tookMs } of outcomes as { tookMs: number }[]) {
      expect(tookMs).toBeGreaterThan(750);
      // The third one waits for 1.6 s before its own 0.8.
      expect(tookMs).toBeLessThan(2_300);
    }
  });

  test("reports an abort with its own code", async () => {
    const stop = new AbortController();
    const url = await endpoint(() => stop.abort());
    expect(await send(url, { signal: stop.signal })).toMatchObject({ code: "ABORTED" });
    expect(await send(url, { signal: stop.signal })).toMatchObject({ code: "ABORTED" });
  });

  test("cancels requests that wait for a connection, and lets a request that was sent finish", async () => {
    const recall = new AbortController();
    const ports: unknown[] = [];
    const firstResponse = Promise.withResolvers<ServerResponse>();
    const url = await endpoint((request, response) => {
      ports.push(request.socket.remotePort);
      if (ports.length === 1) firstResponse.resolve(response);
      else response.end();
    });
    const first = send(url, { recall: recall.signal });
    const unfinished = await firstResponse.promise;
    const waiting = [1, 2, 3].map(() => send(url, { recall: recall.signal }));
    recall.abort();
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject(ABORTED);
    expect(await send(url, { recall: recall.signal })).toMatchObject(ABORTED);
    unfinished.end();
    expect(await first).toMatchObject({ kind: "answered", status: 200 });
    expect(await send(url)).toMatchObject({ kind: "answered", status: 200 });
    expect(ports).toEqual([ports[0], ports[0]]);
  });

  test("reports a refused connection, a reset and invalid HTTP as failures with a code", async () => {
    const tcp = createTcpServer((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => tcp.once("listening", resolve));
    const port = (tcp.address() as AddressInfo).port;
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: "failed" });
    await new Promise((resolve) => tcp.close(resolve));
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({
      kind: "failed",
      code: "ECONNREFUSED",
    });

    const garbage = createTcpServer((socket) => {
      socket.once("data", () => socket.end("this is not HTTP\r\n\r\n"));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => garbage.once("listening", resolve));
    closers.push(async () => void (await new Promise((resolve) => garbage.close(resolve))));
    const garbagePort = (garbage.address() as AddressInfo).port;
    expect(await send(`http://127.0.0.1:${garbagePort}/`)).toMatchObject({
      kind: "failed",
      code: "HTTPParserError",
    });
  });

  test("a name with several addresses that refuse fails with each address in one line", async () => {
    const url = await endpoint((_, response) => response.end());
    const { port } = new URL(url);
    for (const close of closers.splice(1)) await close();
    const addresses = createUndiciSender({
      connectionsPerOrigin: 1,
      egress: { policy: { mode: "private" } },
      resolve: async () => ["127.0.0.1", "127.0.0.2"],
    });
    closers.push(() => addresses.close());
    const failed = await addresses.send({
      url: `http://two.internal:${port}/`,
      headers: {},
      body: "{}",
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    expect(failed).toEqual({
      kind: "failed",
      code: "ECONNREFUSED",
      message: `connect ECONNREFUSED 127.0.0.1:${port}; connect ECONNREFUSED 127.0.0.2:${port}`,
    });
  });

  test("https to a plain port fails without a line of OpenSSL's source", async () => {
    const url = await endpoint((_, response) => response.end());
    expect(await send(url.replace("http:", "https:"))).toMatchObject({
      code: expect.stringMatching(/SSL/) as string,
      message: expect.stringMatching(/^[^\n/]*\(SSL routines\)[^\n/]*$/) as string,
    });
  });

  test.each(["destroy", "resetAndDestroy"] as const)(
    "sends again immediately when the endpoint has closed a reused socket (%s)",
    async (close) => {
      let requests = 0;
      const url = await endpoint((request, response) => {
        requests += 1;
        // The second request gets a closed socket and no response.
        if (requests === 2) request.socket[close]();
        else response.end("ok");
      });
      expect(await send(url)).toMatchObject({ status: 200 });
      expect(await send(url)).toMatchObject({ status: 200 });
      expect(requests).toBe(3);
    },
  );

  test("sends none of the requests that waited for a connection when they were aborted", async () => {
    const seen: unknown[] = [];
    const url = await endpoint(({ headers }) => seen.push(headers["x-mine"]));
    const stop = new AbortController();
    const aborted = ["1", "2", "3"].map((mine) =>
      send(url, { signal: stop.signal, headers: { "x-mine": mine } }),
    );
    await until("the first request arrives", () => seen.length === 1);
    stop.abort();
    for (const outcome of await Promise.all(aborted)) expect(outcome).toMatchObject(ABORTED);
    // The next request is queued behind them, on the connection that replaces the first.
    const next = send(url, { timeoutMs: 500, headers: { "x-mine": "4" } });
    await until("the next request arrives", () => seen.length === 2);
    expect(seen).toEqual(["1", "4"]);
    await next;
  });

  test.each([
    ["receives 100 Continue", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["receives early hints", "HTTP/1.1 103 Early Hints\r\n\r\n"],
    ["receives half a head", "HTTP/1.1 200 OK\r\ncontent-le"],
  ])("does not send again when a new socket %s and is closed", async (_, head) => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections += 1;
      socket.once("data", () => socket.end(head));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    closers.push(async () => void (await new Promise((resolve) => server.close(resolve))));
    const { port } = server.address() as AddressInfo;
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: "failed" });
    expect(connections).toBe(1);
  });

  test("does not send again when a new socket is closed", async () => {
    let requests = 0;
    const url = await endpoint((request) => {
      requests += 1;
      request.socket.destroy();
    });
    expect(await send(url)).toMatchObject({ kind: "failed", code: "UND_ERR_SOCKET" });
    expect(requests).toBe(1);
  });

  test.each([
    [200, { kind: "answered", status: 200, body: "the first half" }],
    [500, { kind: "failed", code: "UND_ERR_SOCKET" }],
  ])(
    "does not send again when the connection is lost in the middle of a %d response",
    async (status, outcome) => {
      let requests = 0;
      const url = await endpoint((request, response) => {
        requests += 1;
        response.writeHead(status, { "content-length": "100" });
        response.write("the first half", () => request.socket.destroy());
      });
      expect(await send(url)).toMatchObject(outcome);
      expect(requests).toBe(1);
    },
  );

  test.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ])("stores the text of a response with Content-Encoding %s", async (encoding, compress) => {
    const url = await endpoint((_, response) => {
      response.writeHead(400, { "content-encoding": encoding }).end(compress("Queue is full"));
    });
    expect(await send(url)).toMatchObject({ status: 400, body: "Queue is full" });
  });

  test("stores the first 16 KiB of a compressed response, however large it is", async () => {
    const url = await endpoint((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(10 << 20)));
    });
    expect(await send(url)).toMatchObject({ body: "x".repeat(MAX_RESPONSE_BYTES) });
  });

  test("stores what has arrived of a compressed response, and a body that is not compressed", async () => {
    const text = randomBytes(30_000).toString("hex");
    const cut = await endpoint((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(text));
    });
    const outcome = await send(cut);
    expect(outcome).toMatchObject({ status: 200 });
    const body = outcome.kind === "answered" ? outcome.body : "";
    expect(body.length).toBeGreaterThan(MAX_RESPONSE_BYTES / 2);
    expect(text.startsWith(body)).toBe(true);
    const plain = await endpoint((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end("not compressed");
    });
    expect(await send(plain)).toMatchObject({ body: "not compressed" });
  });

  test("sends header names in their original case", async () => {
    const { promise: seen, resolve } = Promise.withResolvers<readonly string[]>();
    const url = await endpoint((request, response) => {
      resolve(request.rawHeaders);
      response.end();
    });
    await send(url, { headers: { "X-API-Key": "1" } });
    expect(await seen).toContain("X-API-Key");
  });

  test.each([
    ["a line break in a value", { x: "a\r\nb: c" }],
    ["a space in a name", { "a b": "c" }],
    ["a header that HTTP reserves", { "transfer-encoding": "chunked" }],
  ])("reports %s as a failure and sends nothing", async (_, headers) => {
    let requests = 0;
    const url = await endpoint((_request, response) => {
      requests += 1;
      response.end();
    });
    expect(await send(url, { headers })).toMatchObject({
      kind: "failed",
      code: "UND_ERR_INVALID_ARG",
    });
    expect(requests).toBe(0);
  });

  test("reports an endpoint that switches protocols as a failure", async () => {
    const tcp = createTcpServer((socket) => {
      socket.once("data", () =>
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ),
      );
      socket.on("error", () => {});
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => tcp.once("listening", resolve));
    closers.push(async () => void (await new Promise((resolve) => tcp.close(resolve))));
    const { port } = tcp.address() as AddressInfo;
    const outcome = await send(`http://127.0.0.1:${port}/`, { timeoutMs: 2_000 });
    expect(outcome).toMatchObject({ kind: "failed" });
  });

  test.each(["http://169.254.169.254/", "http://[::ffff:169.254.169.254]/", "http://2852039166/"])(
    "refuses %s and names the address",
    async (url) => {
      expect(await send(url)).toMatchObject({
        kind: "failed",
        code: "EGRESS_REFUSED",
        message: expect.stringContaining("169.254.169.254"),
      });
    },
  );
});
